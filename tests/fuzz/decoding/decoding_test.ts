/** Decodes damaged streams within the bounds, as a capture worker does. */
import assert from "node:assert/strict";
import { openLibav } from "../../../src/libav/open.ts";
import { locateLibav } from "../../../src/libav/locate.ts";
import { assertCloses } from "../../support/streams/ledger.ts";
import { locateChosenLibav } from "../../support/streams/libav_choice.ts";
import { feed } from "../../support/streams/packet_feed.ts";
import { ignoreWithout } from "../../support/system/parts.ts";
import { pick, seededRandom } from "../mutate.ts";
import { fuzzRuns, fuzzSeed, reportFuzz } from "../runs.ts";
import { damaged } from "./damage.ts";
import { corpora, type Corpus } from "./streams.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
/** Number of streams; `ORION_FUZZ=1000` makes a long run. */
const RUNS = fuzzRuns(100);
/** A fixed seed; a failure names its input. */
const FIRST_SEED = fuzzSeed(20_261);
const MAX_PIXELS = 3840 * 2160;
const MAX_RSS_BYTES = 300 * 1024 * 1024;

Deno.test({
  name: "decoding: damaged streams neither crash nor leak, and each frame is accounted for",
  ignore,
  async fn() {
    using libav = openLibav(locateChosenLibav() ?? locateLibav());
    const [first, ...others] = await corpora();
    assert.ok(first !== undefined);
    const refusals = new Map<string, number>();
    let frames = 0;
    for (const { codec, streams } of [first, ...others]) {
      for (const units of streams) {
        const whole = feed(libav, codec, units, MAX_PIXELS);
        assert.deepEqual([whole.refused, whole.account.corrupt], [null, 0], codec);
        assert.equal(whole.account.decoded, units.length, codec);
      }
    }
    for (let run = 0; run < RUNS; run++) {
      const random = seededRandom(FIRST_SEED + run);
      const corpus: Corpus = pick(random, [first, ...others]);
      const units = damaged(random, corpus);
      const fed = feed(libav, corpus.codec, units, MAX_PIXELS);
      const what = `seed ${FIRST_SEED + run}, ${corpus.codec}`;
      assertCloses(fed.account, what);
      assert.ok(fed.account.received <= units.length, what);
      assert.equal(libav.alive, 0, what);
      const { rss } = Deno.memoryUsage();
      assert.ok(rss < MAX_RSS_BYTES, `${what}: ${Math.round(rss / 1024 / 1024)} MB`);
      frames += fed.account.decoded;
      const code = fed.refused ?? "none";
      refusals.set(code, (refusals.get(code) ?? 0) + 1);
    }
    assert.ok(frames > RUNS, `${frames} pictures are too few to say anything`);
    assert.ok((refusals.get("none") ?? 0) > RUNS / 2, "too many streams were refused");
    assert.ok(refusals.has("STREAM_TOO_LARGE"), "no stream was too large");
    reportFuzz("decoding", RUNS);
  },
});
