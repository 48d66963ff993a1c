/**
 * The cost of a frame for tracking and for presence, with pictures of stays, and for a detector without
 * presence: `deno task bench scripts/bench/tracking.bench.ts`.
 */
import { type Clock, type SteadyMs, steadyMs, wallMs } from "../../src/core/clock.ts";
import type { Detection } from "../../src/core/detector_types.ts";
import type { PresencePlan } from "../../src/core/presence_types.ts";
import { Presence } from "../../src/presence/presence.ts";
import { Tracker } from "../../src/tracking/tracker.ts";
import { seeded } from "../../tests/support/cameras/rtp/packets.ts";
import { plan } from "../../tests/support/presence/rig.ts";
import { inferenceResult } from "../../tests/support/workers/publisher_worker.ts";

const SIZE = { width: 1920, height: 1080 };
const RATE_HZ = 5;
/** The frames are shown again and again: each of them follows the one before, and the first the last. */
const FRAMES = 400;
/** Of a confident detection. */
const CONFIDENCE = 0.45;

/** Detected people who walk up and down: each frame misses some, and shows false ones. */
function frames(people: number): Detection[][] {
  const random = seeded(1);
  const walks = Array.from({ length: people }, () => ({
    y: 100 + 600 * random(),
    height: 80 + 300 * random(),
    from: 1700 * random(),
    to: 1700 * random(),
    turns: 1 + Math.floor(8 * random()),
  }));
  return Array.from({ length: FRAMES }, (_, at) => {
    const seen = walks.filter(() => random() >= 0.05).map(({ y, height, from, to, turns }) => {
      const phase = (at * turns / FRAMES) % 1;
      const x = from + (to - from) * (phase < 0.5 ? 2 * phase : 2 - 2 * phase);
      return person({ x: x + 4 * random(), y: y + 4 * random(), height }, 0.3 + 0.6 * random());
    });
    if (random() < 0.2) seen.push(person({ x: 1700 * random(), y: 300, height: 120 }, 0.5));
    return seen;
  });
}

function person(
  { x, y, height }: { readonly x: number; readonly y: number; readonly height: number },
  confidence: number,
): Detection {
  return { class: "person", confidence, box: { x, y, width: 0.4 * height, height } };
}

/** A frame as it is observed. */
interface BenchFrame {
  readonly detections: Detection[];
  readonly weak: Detection[];
  readonly seq: number;
  readonly atMs: SteadyMs;
}

/** Calls `observe` with the next frame each time. */
function benchFrames(
  { group, people }: { readonly group: string; readonly people: number },
  observe: (frame: BenchFrame) => void,
): void {
  const all = frames(people).map((seen) => ({
    detections: seen.filter(({ confidence }) => confidence >= CONFIDENCE),
    weak: seen.filter(({ confidence }) => confidence < CONFIDENCE),
  }));
  let seq = 0;
  Deno.bench({
    ...{ name: `${group}: ${people} people`, group },
    fn() {
      const frame = all[seq % FRAMES] ?? { detections: [], weak: [] };
      observe({ ...frame, seq, atMs: steadyMs(1000 * seq / RATE_HZ) });
      seq++;
    },
  });
}

/** Two zones and a line. */
const SCENE = {
  zones: [
    { id: "left", polygon: polygon(0, 0.5), classes: null },
    { id: "right", polygon: polygon(0.5, 1), classes: ["person"] },
  ],
  lines: [{ id: "middle", from: { x: 0.5, y: 0 }, to: { x: 0.5, y: 1 } }],
};

/** The presence of one camera, at the time of the frame. */
function presence(of: PresencePlan): (frame: BenchFrame) => void {
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => steadyMs(nowMs),
    wallMs: () => wallMs(nowMs),
    after: () => () => undefined,
    sleep: () => Promise.resolve(),
  };
  const watched = new Presence(of, {
    clock,
    randomBytes: (count) => new Uint8Array(count),
    onEvent: () => undefined,
    onBetter: () => undefined,
  });
  watched.start();
  const result = inferenceResult(0);
  const meta = { ...result.meta, size: SIZE, roi: null };
  return ({ detections, weak, seq, atMs }) => {
    nowMs = atMs;
    const frame = { ...result, detections, weak };
    watched.observe({ ...frame, meta: { ...meta, seq, capturedAtMs: wallMs(nowMs) } }, atMs);
  };
}

/** A polygon with a corner too many, as they are drawn by hand. */
function polygon(from: number, to: number): { readonly x: number; readonly y: number }[] {
  return [
    ...[{ x: from, y: 0 }, { x: to, y: 0 }, { x: to, y: 0.6 }],
    ...[{ x: to, y: 1 }, { x: from, y: 1 }],
  ];
}

for (const people of [1, 10, 50, 100]) {
  const tracker = new Tracker({ prefix: "bench", keepMs: 5000 });
  benchFrames({ group: "tracking", people }, ({ detections, weak, atMs }) => {
    tracker.observe({ detections, weak, size: SIZE, atMs });
  });
  benchFrames({ group: "tracking and presence", people }, presence(plan(SCENE)));
}
const settings = { snapshot: "crop" } as const;
benchFrames({ group: "and pictures", people: 50 }, presence(plan({ ...SCENE, settings })));
benchFrames({ group: "no presence", people: 50 }, presence({ detectors: [], scenes: [] }));
