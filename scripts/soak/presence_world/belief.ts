/** What the detections of one person say of where it is: by all that it may be doing. */
import type { BoxPx } from "../../../src/core/geometry.ts";
import {
  CONFIDENCES,
  FALSE_BOX,
  MODEL,
  type Sighting,
} from "../../../tests/support/presence/world.ts";
import { SIZE } from "../../../tests/support/presence/rig.ts";
import { below, type Estimate, normal, seenAt } from "./estimates.ts";
import { CHANGE_RATES, GONE, MODES, RATES, SEEN_MODES, SPEEDS, VELOCITIES } from "./modes.ts";

/** Comes back over the edge in this time, with this probability per second. */
const RETURN = { fromSeconds: 1, toSeconds: 3.5, perSecond: 0.06 } as const;
/** Of the speed, which is one of a few here: heights per root of a second. */
const DRIFT = 0.05;
/** The longest step; a longer time is several. */
const STEP_SECONDS = 0.5;
/** A walker whom another one covers is missed so often. */
const COVERED_MISS = 0.85;
const LEAST = 1e-9;
/** Less likely by its logarithm is no more possible. */
const GAIN_MIN = -60;
/** Of the width of one of whom an edge cuts off a part, in heights. */
const WIDTH_SPREAD = 0.15;

/** What is known of a world before anything is seen of it. */
export interface Knowledge {
  /** How much each edge of a box is off, in heights. */
  readonly noise: number;
  /** How much the edges of one who comes nearer change, in heights per root of a second. */
  readonly changes: Readonly<Record<"top" | "bottom" | "width", number>>;
  /** The part of those who come into sight elsewhere than at an edge of the picture. */
  readonly elsewhere: number;
  /** Whether no other one comes so soon over an edge, and no one is not detected with so much confidence. */
  readonly isOfWorld: boolean;
}

export type Side = "left" | "right";

/** The probability of each mode, and where the centre of the box is then. */
export interface Belief {
  readonly parts: Float64Array;
  readonly means: Float64Array;
  readonly variances: Float64Array;
  /** When it went out of the picture, if it did. */
  readonly goneAt: number;
  readonly top: Estimate;
  readonly bottom: Estimate;
  readonly width: Estimate;
  readonly knows: Knowledge;
}

/** A belief, and the logarithm of how likely what was seen is. */
export interface Updated {
  readonly belief: Belief;
  readonly gain: number;
}

/** A walker who is first seen in the middle of the picture. */
export function anywhere(box: BoxPx, knows: Knowledge): Belief {
  const begun = fresh(box, knows);
  begun.parts.fill(1 / SEEN_MODES, 0, SEEN_MODES);
  return begun;
}

/** A walker who came in over an edge: by the speed, how likely that is. */
export function cameIn(
  box: BoxPx,
  { isLeft, likely, knows }: {
    readonly isLeft: boolean;
    readonly likely: (pixelsPerSecond: number) => number;
    readonly knows: Knowledge;
  },
): Belief {
  const begun = fresh(box, knows);
  let sum = 0;
  for (let mode = 0; mode < SEEN_MODES; mode++) {
    const velocity = (isLeft ? 1 : -1) * (VELOCITIES[mode] ?? 0);
    const part = velocity > 0 ? likely(velocity * box.height) : 0;
    begun.parts[mode] = part;
    sum += part;
  }
  if (!(sum > 0)) return anywhere(box, knows);
  for (let mode = 0; mode < SEEN_MODES; mode++) begun.parts[mode] = (begun.parts[mode] ?? 0) / sum;
  return begun;
}

function fresh(box: BoxPx, knows: Knowledge): Belief {
  const { x, y, width, height } = box;
  const cut = cutOff(box);
  const whole = cut === null ? width : 0.4 * height;
  const centre = cut === "left" ? x + width - whole / 2 : x + whole / 2;
  const variance = (knows.noise * height) ** 2;
  const unknown = (WIDTH_SPREAD * height) ** 2;
  return {
    parts: new Float64Array(MODES + 2),
    means: new Float64Array(MODES).fill(centre),
    variances: new Float64Array(MODES).fill(variance * (cut === null ? 0.5 : 1.5)),
    ...{ goneAt: Infinity, knows, top: { mean: y, variance } },
    bottom: { mean: y + height, variance },
    width: { mean: whole, variance: cut === null ? 2 * variance : unknown },
  };
}

/** The edge of the picture that cuts a box off. */
function cutOff({ x, width }: BoxPx): Side | null {
  if (x <= 0) return "left";
  return x + width >= SIZE.width ? "right" : null;
}

/** Where it is after a time. */
export function moved(before: Belief, fromSeconds: number, toSeconds: number): Belief {
  let belief = before;
  const steps = Math.max(1, Math.ceil((toSeconds - fromSeconds) / STEP_SECONDS));
  const seconds = (toSeconds - fromSeconds) / steps;
  for (let step = 1; step <= steps; step++) {
    belief = stepped(belief, seconds, fromSeconds + step * seconds);
  }
  return belief;
}

function stepped(before: Belief, seconds: number, atSeconds: number): Belief {
  const height = heightOf(before);
  const parts = new Float64Array(MODES + 2);
  const means = new Float64Array(MODES);
  const variances = new Float64Array(MODES);
  for (let to = 0; to < MODES; to++) {
    const way = (VELOCITIES[to % SEEN_MODES] ?? 0) * height * seconds;
    let sum = 0;
    let first = 0;
    let second = 0;
    for (let from = 0; from < MODES; from++) {
      const part = (before.parts[from] ?? 0) *
        (seconds * (RATES[from]?.[to] ?? 0) +
          (from === to ? 1 - seconds * (CHANGE_RATES[from] ?? 0) : 0));
      if (part < LEAST) continue;
      const mean = (before.means[from] ?? 0) + way;
      sum += part;
      first += part * mean;
      second += part * (mean * mean + (before.variances[from] ?? 0));
    }
    if (sum === 0) continue;
    const mean = first / sum;
    means[to] = mean;
    variances[to] = Math.max(0, second / sum - mean * mean) +
      DRIFT * DRIFT * height * height * seconds;
    parts[to] = sum;
  }
  const goneAt = leave({ parts, means, variances }, before, { height, seconds, atSeconds });
  return { ...before, parts, means, variances, goneAt, ...grown(before, seconds) };
}

/** The box of one who may come nearer. */
function grown(before: Belief, seconds: number): Pick<Belief, "top" | "bottom" | "width"> {
  const { top, bottom, width, knows: { changes } } = before;
  const by = (part: number) => (part * heightOf(before)) ** 2 * seconds;
  return {
    top: { ...top, variance: top.variance + by(changes.top) },
    bottom: { ...bottom, variance: bottom.variance + by(changes.bottom) },
    width: { ...width, variance: width.variance + by(changes.width) },
  };
}

function heightOf({ top, bottom }: Pick<Belief, "top" | "bottom">): number {
  return bottom.mean - top.mean;
}

/** Moves what is beyond the edges out of the picture, and back what returns. @returns when it went out */
function leave(
  { parts, means, variances }: Pick<Belief, "parts" | "means" | "variances">,
  before: Belief,
  { height, seconds, atSeconds }: Readonly<Record<"height" | "seconds" | "atSeconds", number>>,
): number {
  let goneAt = before.goneAt;
  for (const [edge, gone] of [[0, GONE.left], [SIZE.width, GONE.right]] as const) {
    let out = before.parts[gone] ?? 0;
    const away = atSeconds - goneAt;
    const back = away > RETURN.fromSeconds && away < RETURN.toSeconds
      ? out * RETURN.perSecond * seconds
      : 0;
    out -= back;
    for (let mode = 0; mode < SEEN_MODES; mode++) {
      const velocity = VELOCITIES[mode] ?? 0;
      const isOut = edge === 0 ? velocity < 0 : velocity > 0;
      const part = parts[mode] ?? 0;
      const mean = means[mode] ?? 0;
      if (isOut) {
        const deviation = Math.sqrt(variances[mode] ?? 0) + 1e-6;
        const beyond = part * below((edge === 0 ? -mean : mean - SIZE.width) / deviation);
        parts[mode] = part - beyond;
        out += beyond;
      } else if (velocity !== 0 && back > 0) {
        const share = back / SPEEDS.length;
        const sum = part + share;
        const into = edge + velocity * height * seconds / 2;
        const spread = part * share / (sum * sum) * (mean - into) ** 2;
        means[mode] = (part * mean + share * into) / sum;
        variances[mode] = (part * (variances[mode] ?? 0) + share * (0.1 * height) ** 2) / sum +
          spread;
        parts[mode] = sum;
      }
    }
    if (out > (before.parts[gone] ?? 0) + 0.01 && !(goneAt <= atSeconds)) goneAt = atSeconds;
    parts[gone] = out;
  }
  return goneAt;
}

/** The edge over which it has gone out of the picture, most likely. */
export function goneTo({ parts }: Belief): Side | null {
  if ((parts[GONE.left] ?? 0) > 0.5) return "left";
  return (parts[GONE.right] ?? 0) > 0.5 ? "right" : null;
}

/** Where the centre of its box is, most likely. */
export function likelyCentre({ parts, means }: Belief): number {
  let most = 0;
  for (let mode = 1; mode < MODES; mode++) {
    if ((parts[mode] ?? 0) > (parts[most] ?? 0)) most = mode;
  }
  return means[most] ?? 0;
}

/** It was not detected. */
export function missed(before: Belief, isCovered: boolean): Updated {
  const parts = before.parts.slice();
  const miss = isCovered ? COVERED_MISS : (1 - MODEL.recall) * (1 - MODEL.weakRecall);
  for (let mode = 0; mode < SEEN_MODES; mode++) parts[mode] = miss * (parts[mode] ?? 0);
  return { belief: { ...before, parts }, gain: normalize(parts) };
}

/** It was detected. @returns null where that cannot be */
export function detected(
  before: Belief,
  { detection: { box }, weak }: Sighting,
): Updated | null {
  const noise = (before.knows.noise * heightOf(before)) ** 2;
  const { x, y, width } = box;
  const cut = cutOff(box);
  const half = before.width.mean / 2;
  const centre = cut === "left" ? x + width - half : cut === "right" ? x + half : x + width / 2;
  const measured = cut === null ? noise / 2 : noise + before.width.variance / 4;
  const top = seenAt(before.top, y, noise);
  const bottom = seenAt(before.bottom, y + box.height, noise);
  const across = seenAt(before.width, width, cut === null ? 2 * noise : Infinity);
  // An edge that cuts it off leaves its width free.
  const free = -Math.log((FALSE_BOX.aspect[1] - FALSE_BOX.aspect[0]) * box.height);
  let gain = top.gain + bottom.gain + (cut === null ? across.gain : free);
  if (gain < GAIN_MIN) return null;
  const parts = before.parts.slice();
  const means = before.means.slice();
  const variances = before.variances.slice();
  for (let mode = 0; mode < MODES + 2; mode++) {
    const part = parts[mode] ?? 0;
    if (mode >= SEEN_MODES || part < LEAST) {
      parts[mode] = 0;
      continue;
    }
    const variance = variances[mode] ?? 0;
    const surprise = centre - (means[mode] ?? 0);
    parts[mode] = part * Math.exp(normal(surprise, variance + measured));
    const share = variance / (variance + measured);
    means[mode] = (means[mode] ?? 0) + share * surprise;
    variances[mode] = (1 - share) * variance;
  }
  gain += normalize(parts) + seenGain(weak);
  if (!(gain > GAIN_MIN)) return null;
  const shape = { top: top.now, bottom: bottom.now, width: across.now };
  return { gain, belief: { ...before, ...shape, parts, means, variances, goneAt: Infinity } };
}

/** The logarithm of how likely a person is detected with this confidence. */
export function seenGain(weak: boolean): number {
  const [least, most] = weak ? CONFIDENCES.weak : CONFIDENCES.full;
  const part = weak ? (1 - MODEL.recall) * MODEL.weakRecall : MODEL.recall;
  return Math.log(part / (most - least));
}

/** Makes the sum 1. @returns the logarithm of what it was */
function normalize(parts: Float64Array): number {
  let sum = 0;
  for (const part of parts) sum += part;
  if (!(sum > 0)) return -Infinity;
  for (let mode = 0; mode < parts.length; mode++) parts[mode] = (parts[mode] ?? 0) / sum;
  return Math.log(sum);
}
