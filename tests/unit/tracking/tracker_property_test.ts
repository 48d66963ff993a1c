import assert from "node:assert/strict";
import fc from "fast-check";
import { steadyMs } from "../../../src/core/clock.ts";
import type { Detection } from "../../../src/core/detector_types.ts";
import { MAX_TRACKS } from "../../../src/tracking/track_table.ts";
import type { Observation, Tracked } from "../../../src/tracking/track_types.ts";
import { Tracker } from "../../../src/tracking/tracker.ts";
import { seeded } from "../../support/cameras/rtp/packets.ts";
import { SIZE } from "../../support/tracking/walks.ts";

const number = fc.oneof(
  { weight: 12, arbitrary: fc.double({ min: -300, max: 1500, noNaN: true }) },
  fc.constantFrom(0, -0, 1e-9, 1e9, 1e300, -1e300, NaN, Infinity, -Infinity),
);
const detection: fc.Arbitrary<Detection> = fc.record({
  class: fc.constantFrom("person", "car"),
  confidence: fc.oneof(
    { weight: 6, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    fc.constantFrom(NaN, -1, 7),
  ),
  box: fc.record({ x: number, y: number, width: number, height: number }),
});
const observations = fc.array(
  fc.record({
    detections: fc.array(detection, { maxLength: 12 }),
    weak: fc.array(detection, { maxLength: 6 }),
    size: fc.constantFrom(SIZE, SIZE, SIZE, { width: 640, height: 360 }, { width: 0, height: NaN }),
    /** Since the frame before; also back. */
    stepMs: fc.oneof(fc.integer({ min: -500, max: 3000 }), fc.constantFrom(0, 60_000, 1e9)),
  }),
  { maxLength: 30 },
);

function observe(
  tracker: Tracker,
  steps: readonly (Omit<Observation, "atMs"> & { stepMs: number })[],
) {
  let atMs = 1000;
  return steps.map(({ stepMs, ...observation }): Tracked => {
    atMs += stepMs;
    return tracker.observe({ ...observation, atMs: steadyMs(atMs) });
  });
}

Deno.test("tracker: whatever is detected, a track is given once a frame and keeps its class", () => {
  fc.assert(fc.property(observations, (steps) => {
    const classes = new Map<string, string>();
    const seenAtMs = new Map<string, number>();
    for (
      const [index, { detections, weak }] of observe(
        new Tracker({ prefix: "t", keepMs: 5000 }),
        steps,
      ).entries()
    ) {
      const step = steps[index];
      assert.equal(detections.length, step?.detections.length);
      assert.equal(weak.length, step?.weak.length);
      const all = [...detections, ...weak];
      const ids = all.flatMap((track) => track?.id ?? []);
      assert.equal(new Set(ids).size, ids.length);
      for (const [place, track] of all.entries()) {
        if (track === null) continue;
        const given = [...step?.detections ?? [], ...step?.weak ?? []][place];
        assert.match(track.id, /^t-\d+$/);
        assert.equal(track.class, given?.class);
        assert.equal(classes.get(track.id) ?? track.class, track.class);
        assert(track.seenAtMs >= (seenAtMs.get(track.id) ?? -Infinity), "time goes on");
        classes.set(track.id, track.class);
        seenAtMs.set(track.id, track.seenAtMs);
        assert(Object.values(track.box).every(Number.isFinite));
      }
      const { width, height } = step?.detections[0]?.box ?? { width: 1, height: 1 };
      if (!(width > 0 && height > 0)) assert.equal(detections[0], null);
    }
  }));
});

Deno.test("tracker: the same frames give the same tracks", () => {
  fc.assert(fc.property(observations, (steps) => {
    const [one, other] = [1, 2].map(() =>
      observe(new Tracker({ prefix: "t", keepMs: 5000 }), steps)
    );
    assert.deepEqual(one, other);
  }));
});

Deno.test("tracker: a thousand detections a frame are within the bound, and the next frames sound", () => {
  const random = seeded(3);
  const crowd = (): Detection[] =>
    Array.from({ length: 1000 }, () => ({
      ...{ class: "person", confidence: random() },
      box: { x: 300 * random(), y: 200 * random(), width: 40, height: 100 + 20 * random() },
    }));
  const tracker = new Tracker({ prefix: "t", keepMs: 5000 });
  for (let frame = 0; frame < 5; frame++) {
    const { detections, weak } = tracker.observe({
      ...{ detections: crowd(), weak: crowd(), size: SIZE, atMs: steadyMs(200 * frame) },
    });
    const ids = [...detections, ...weak].flatMap((track) => track?.id ?? []);
    assert(ids.length <= MAX_TRACKS);
    assert.equal(new Set(ids).size, ids.length);
    assert(detections.some((track) => track !== null));
  }
});
