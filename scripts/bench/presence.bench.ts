/**
 * The cost of a frame with 50 people for tracking and presence, and of one of a detector without presence:
 * `deno task bench scripts/bench/presence.bench.ts`.
 */
import { plusMs, steadyMs, systemClock } from "../../src/core/clock.ts";
import type { InferenceResult } from "../../src/core/detector_types.ts";
import type { PresencePlan, Zone } from "../../src/core/presence_types.ts";
import { Presence } from "../../src/presence/presence.ts";
import { Random } from "../../tests/support/presence/random.ts";
import { person, plan, standing } from "../../tests/support/presence/rig.ts";
import { inferenceResult } from "../../tests/support/workers/publisher_worker.ts";

const PEOPLE = 50;
const FRAMES = 500;
const FRAME_MS = 200;

const SIZE = { width: 1280, height: 720 };

/** People in rows, who walk to and fro; each is missed in a fifth of the frames. */
function frames(): readonly InferenceResult[] {
  const random = new Random(1);
  return Array.from({ length: FRAMES }, (_, frame) => {
    const detections = Array.from({ length: PEOPLE }, (_, index) => {
      const x = 60 + 120 * (index % 10) + 40 * Math.sin(frame / 20 + index);
      const y = 150 + 130 * Math.floor(index / 10);
      return person(standing(x + random.normal(1), y + random.normal(1), 100));
    });
    const seen = detections.filter(() => !random.chance(0.2));
    const result = inferenceResult(frame);
    return { ...result, meta: { ...result.meta, size: SIZE, roi: null }, detections: seen };
  });
}

const ZONES: readonly Zone[] = ["one", "two", "three", "four"].map((id, index) => ({
  id,
  polygon: [
    ...[{ x: 0.25 * index, y: 0.1 }, { x: 0.25 * index + 0.3, y: 0.1 }],
    ...[{ x: 0.25 * index + 0.2, y: 0.5 }, { x: 0.25 * index + 0.3, y: 0.9 }],
    { x: 0.25 * index, y: 0.9 },
  ],
  classes: null,
}));

const LINES = [
  { id: "gate", from: { x: 0.5, y: 0 }, to: { x: 0.5, y: 1 } },
  { id: "door", from: { x: 0, y: 0.5 }, to: { x: 1, y: 0.5 } },
];

/** Gives one frame after another to presence, for ever. */
function watch(of: PresencePlan): () => void {
  const presence = new Presence(of, {
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    onEvent: () => undefined,
    onBetter: () => undefined,
  });
  presence.start();
  const results = frames();
  let next = 0;
  return () => {
    const result = results[next % FRAMES];
    next++;
    if (result !== undefined) presence.observe(result, plusMs(steadyMs(0), FRAME_MS * next));
    // No timer is left behind.
    if (next % FRAMES === 0) presence.stop();
  };
}

Deno.bench({ name: "50 people", group: "frame", fn: watch(plan()) });
Deno.bench({
  name: "50 people, 4 zones, 2 lines, pictures",
  group: "frame",
  fn: watch(plan({ zones: ZONES, lines: LINES, settings: { snapshot: "crop" } })),
});
Deno.bench({
  name: "50 people, no presence",
  group: "frame",
  fn: watch({ detectors: [], scenes: [] }),
});
