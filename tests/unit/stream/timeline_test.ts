import assert from "node:assert/strict";
import { FilePacer, Timeline } from "../../../src/stream/timeline.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

Deno.test("timeline: positions count from the first timestamp", () => {
  const timeline = new Timeline({ num: 1, den: 90_000 });
  assert.equal(timeline.positionSeconds(180_000n), 0);
  assert.equal(timeline.positionSeconds(183_600n), 0.04);
  assert.equal(timeline.peekSeconds(270_000n), 1);
});

Deno.test("timeline: a packet without a timestamp follows the previous one", () => {
  const timeline = new Timeline({ num: 1, den: 25 });
  assert.equal(timeline.positionSeconds(null), 0);
  timeline.positionSeconds(10n);
  timeline.positionSeconds(11n);
  assert.equal(timeline.positionSeconds(null), 0.12);
});

/** The positions of the frames of these packets. */
function positionsOf(
  steps: readonly (readonly [packet: number | null, ...pictures: (number | null)[]])[],
) {
  const timeline = new Timeline({ num: 1, den: 100 });
  const units = (pts: number | null) => pts === null ? null : BigInt(pts);
  return steps.flatMap(([packet, ...pictures]) => {
    timeline.positionSeconds(units(packet));
    return pictures.map((pts) => timeline.peekSeconds(units(pts)));
  });
}

Deno.test("timeline: a first packet without a timestamp is one frame before the next", () => {
  const steps = [[null, null], [704, 704], [708, 708], [712, 712], [716, 716]] as const;
  // The duration of a frame is unknown before the third.
  assert.deepEqual(positionsOf(steps), [0, 0, 0.08, 0.12, 0.16]);
});

Deno.test("timeline: B-frames after a first packet without a timestamp do not precede it", () => {
  const steps = [[null], [712], [708, null], [704, 704, 708], [724, 712], [720], [
    716,
    716,
  ]] as const;
  assert.deepEqual(positionsOf(steps), [0, 0.04, 0.08, 0.12, 0.16]);
});

Deno.test("pacer: each position is due in real time", async () => {
  const clock = new HeldClock(0);
  const pace = new FilePacer(clock);
  assert.equal(pace.waitMs(0), 0);
  assert.equal(pace.waitMs(0.04), 40);
  await clock.pass(30);
  assert.equal(pace.waitMs(0.04), 10);
  await clock.pass(30);
  assert.equal(pace.waitMs(0.04), 0, "20 ms late: caught up, not shifted");
  assert.equal(pace.waitMs(0.08), 20);
});

Deno.test("pacer: a large lag is not caught up in a burst", async () => {
  const clock = new HeldClock(0);
  const pace = new FilePacer(clock);
  pace.waitMs(0);
  await clock.pass(5000);
  assert.equal(pace.waitMs(0.04), 0);
  assert.equal(pace.waitMs(0.08), 40);
});

Deno.test("pacer: a loop continues one frame interval after its last frame", async () => {
  const clock = new HeldClock(0);
  const pace = new FilePacer(clock);
  for (const position of [0, 0.04, 0.08]) {
    await clock.pass(pace.waitMs(position));
  }
  pace.rewind();
  assert.equal(pace.waitMs(0), 40);
  assert.equal(pace.waitMs(0.04), 80);
});
