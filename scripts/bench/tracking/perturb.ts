/** Detections made of ground truth: what a detector would see of it, and what it would imagine. */
import { Random } from "../../../tests/support/presence/random.ts";
import type { DetectedBox, Frames } from "./python.ts";

/** How the truth is damaged. */
export const DAMAGE = {
  /** Of the centre and the size, in parts of the size: standard deviation. */
  jitter: 0.04,
  /** An object is missed in runs: how often one begins, and its mean length, in frames: 12 % are missed. */
  missBegins: 0.035,
  missFrames: 4,
  /** Confidence of true detections: mean and standard deviation. Those below 0.5 are weak: 16 %. */
  confidence: [0.7, 0.2],
  /** False detections for a frame, in the mean, with a confidence between these two. */
  falsePerFrame: 0.3,
  falseConfidence: [0.1, 0.7],
} as const;

/** No detector gives any below it. */
const CONFIDENCE_MIN = 0.1;

/** The detections of every frame of a sequence. */
export function perturbed(
  truth: Frames,
  seed: number,
): readonly (readonly DetectedBox[])[] {
  const random = new Random(seed);
  const normal = () => random.normal(1);
  const missed = new Map<number, boolean>();
  const all = truth.flat();
  const extent = Math.max(...all.map(({ box: [x, , width] }) => x + width));
  return truth.map((frame) => {
    const detections: DetectedBox[] = [];
    for (const { id, box: [x, y, width, height] } of frame) {
      const isMissed = missed.get(id) === true
        ? random.next() >= 1 / DAMAGE.missFrames
        : random.next() < DAMAGE.missBegins;
      missed.set(id, isMissed);
      const wide = width * (1 + DAMAGE.jitter * normal());
      const high = height * (1 + DAMAGE.jitter * normal());
      const centreX = x + width / 2 + DAMAGE.jitter * width * normal();
      const centreY = y + height / 2 + DAMAGE.jitter * height * normal();
      const confidence = Math.min(0.99, DAMAGE.confidence[0] + DAMAGE.confidence[1] * normal());
      if (isMissed || confidence < CONFIDENCE_MIN) continue;
      detections.push([centreX - wide / 2, centreY - high / 2, wide, high, confidence]);
    }
    if (random.next() < DAMAGE.falsePerFrame) {
      const like = all[Math.floor(random.next() * all.length)]?.box ?? [0, 0, 1, 1];
      const [least, most] = DAMAGE.falseConfidence;
      const confidence = least + (most - least) * random.next();
      detections.push([(extent - like[2]) * random.next(), like[1], like[2], like[3], confidence]);
    }
    return detections;
  });
}
