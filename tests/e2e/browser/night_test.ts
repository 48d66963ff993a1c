/** A tab that stays open. The long form is `scripts/soak/page_night.ts`. */
import assert from "node:assert/strict";
import { type Kept, pageNight } from "../../support/product/page_night.ts";
import { ignoreWithout } from "../../support/system/parts.ts";

const MIB = 1024 * 1024;

Deno.test({
  name: "page: after ten minutes in all its views it keeps what it kept after five",
  ignore: ignoreWithout("chromium", "ffmpeg"),
  async fn() {
    const kept: Kept[] = [];
    const onKept = (one: Kept) => kept.push(one);
    const problems = await pageNight({ minutes: 10, every: 5, step: 15, onKept });
    const [before, after] = kept;
    assert.ok(before !== undefined && after !== undefined);
    // 3,000 inferences and their pictures are in between; of each the page would keep a kilobyte or more.
    assert.ok(after.pageBytes - before.pageBytes < 2 * MIB, `${after.pageBytes} bytes`);
    assert.ok(after.serverBytes - before.serverBytes < 4 * MIB, `${after.serverBytes} bytes`);
    assert.ok(after.listeners - before.listeners < 50, `${after.listeners} listeners`);
    assert.deepEqual(problems, []);
  },
});
