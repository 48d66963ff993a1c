import assert from "node:assert/strict";
import type { Cancel } from "../../../src/core/clock.ts";
import { PictureSilence } from "../../../src/stream/picture_silence.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

function rig() {
  const clock = new HeldClock(0);
  const reported: (readonly [atMs: number, lastAtMs: number | null])[] = [];
  const silence = new PictureSilence(clock, (lastAtMs) => reported.push([clock.nowMs(), lastAtMs]));
  return { clock, reported, silence };
}

Deno.test("picture silence: the first frame is reported, a silence once, and the end of it", async () => {
  const { clock, reported, silence } = rig();
  await clock.pass(5000);
  assert.deepEqual(reported, [], "nothing is known before the first frame");
  for (let frame = 0; frame < 50; frame++) {
    silence.frame(clock.nowMs());
    await clock.pass(40);
  }
  await clock.pass(10_000);
  silence.frame(clock.nowMs());
  silence.stop();
  assert.deepEqual(reported, [[5000, null], [7960, 6960], [17_000, null]]);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("picture silence: it counts from the arrival of the newest frame", async () => {
  const { clock, reported, silence } = rig();
  const firstAtMs = clock.nowMs();
  silence.frame(firstAtMs);
  await clock.pass(600);
  const newestAtMs = clock.nowMs();
  await clock.pass(200);
  silence.frame(newestAtMs);
  silence.frame(firstAtMs);
  await clock.pass(5000);
  assert.deepEqual(reported, [[0, null], [1600, 600]]);
});

/** A clock whose timers a busy thread runs late. */
class LateClock extends HeldClock {
  lateMs = 0;

  override after(delayMs: number, run: () => void): Cancel {
    return super.after(delayMs + this.lateMs, run);
  }
}

Deno.test("picture silence: a thread that was busy first reads what waits for it", async () => {
  const clock = new LateClock(0);
  clock.lateMs = 4000;
  const reported: (number | null)[] = [];
  const silence = new PictureSilence(clock, (lastAtMs) => reported.push(lastAtMs));
  silence.frame(clock.nowMs());
  clock.lateMs = 0;
  await clock.pass(5999);
  assert.deepEqual(reported, [null]);
  await clock.pass(1);
  assert.deepEqual(reported, [null, 0]);
});
