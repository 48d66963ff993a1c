/** What the detections of one simulated walker say of where it is: by all the speeds that it may have. */
import type { BoxPx } from "../../../src/core/geometry.ts";
import {
  CONFIDENCES,
  EDGE_NOISE,
  MODEL,
  type Sighting,
} from "../../../tests/support/presence/world.ts";
import { SIZE } from "../../../tests/support/presence/rig.ts";
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

export type Side = "left" | "right";

/** The probability of each mode, and where the centre of the box is then. */
export interface Belief {
  readonly parts: Float64Array;
  readonly means: Float64Array;
  readonly variances: Float64Array;
  /** When it went out of the picture, if it did. */
  readonly goneAt: number;
  /** How many boxes are averaged here; the width of those alone that no edge cuts off. */
  readonly boxes: number;
  readonly widths: number;
  readonly top: number;
  readonly bottom: number;
  readonly width: number;
}

/** A belief, and the logarithm of how likely what was seen is. */
export interface Updated {
  readonly belief: Belief;
  readonly gain: number;
}

/** A walker who is first seen in the middle of the picture. */
export function anywhere(box: BoxPx): Belief {
  const begun = fresh(box);
  begun.parts.fill(1 / SEEN_MODES, 0, SEEN_MODES);
  return begun;
}

/** A walker who came in over an edge: by the speed, how likely that is. */
export function cameIn(
  box: BoxPx,
  { isLeft, likely }: {
    readonly isLeft: boolean;
    readonly likely: (pixelsPerSecond: number) => number;
  },
): Belief {
  const begun = fresh(box);
  let sum = 0;
  for (let mode = 0; mode < SEEN_MODES; mode++) {
    const velocity = (isLeft ? 1 : -1) * (VELOCITIES[mode] ?? 0);
    const part = velocity > 0 ? likely(velocity * box.height) : 0;
    begun.parts[mode] = part;
    sum += part;
  }
  if (!(sum > 0)) return anywhere(box);
  for (let mode = 0; mode < SEEN_MODES; mode++) begun.parts[mode] = (begun.parts[mode] ?? 0) / sum;
  return begun;
}

function fresh(box: BoxPx): Belief {
  const { x, y, width, height } = box;
  const cut = cutOff(box);
  const whole = cut === null ? width : 0.4 * height;
  const centre = cut === "left" ? x + width - whole / 2 : x + whole / 2;
  const noise = EDGE_NOISE * height;
  return {
    parts: new Float64Array(MODES + 2),
    means: new Float64Array(MODES).fill(centre),
    variances: new Float64Array(MODES).fill(noise * noise * (cut === null ? 0.5 : 1.5)),
    ...{ goneAt: Infinity, boxes: 1, widths: cut === null ? 1 : 0 },
    ...{ top: y, bottom: y + height, width: whole },
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
  const height = before.bottom - before.top;
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
  return { ...before, parts, means, variances, goneAt };
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

/** The normal distribution up to here. */
function below(deviations: number): number {
  const far = Math.min(6, Math.max(-6, deviations));
  return 1 / (1 + Math.exp(-1.5976 * far - 0.07056 * far ** 3));
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
  const height = before.bottom - before.top;
  const noise = (EDGE_NOISE * height) ** 2;
  const { x, y, width } = box;
  const cut = cutOff(box);
  const spread = noise * (1 + 1 / before.boxes);
  let gain = normal(y - before.top, spread) + normal(y + box.height - before.bottom, spread);
  if (gain < -30) return null;
  const widthNoise = 2 * noise;
  const widthSpread = before.widths === 0 ? (0.15 * height) ** 2 : widthNoise / before.widths;
  const free = -Math.log(0.45 * height);
  gain += cut === null ? normal(width - before.width, widthSpread + widthNoise) : free;
  const centre = cut === "left"
    ? x + width - before.width / 2
    : cut === "right"
    ? x + before.width / 2
    : x + width / 2;
  const measured = cut === null ? noise / 2 : noise + widthSpread / 4;
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
  if (!(gain > -60)) return null;
  return {
    gain,
    belief: { ...before, parts, means, variances, goneAt: Infinity, ...averaged(before, box) },
  };
}

/** The logarithm of how likely a person is detected with this confidence. */
export function seenGain(weak: boolean): number {
  const [least, most] = weak ? CONFIDENCES.weak : CONFIDENCES.full;
  const part = weak ? (1 - MODEL.recall) * MODEL.weakRecall : MODEL.recall;
  return Math.log(part / (most - least));
}

function averaged(
  before: Belief,
  box: BoxPx,
): Pick<Belief, "boxes" | "widths" | "top" | "bottom" | "width"> {
  const boxes = before.boxes + 1;
  const top = before.top + (box.y - before.top) / boxes;
  const bottom = before.bottom + (box.y + box.height - before.bottom) / boxes;
  if (cutOff(box) !== null) {
    return { boxes, top, bottom, widths: before.widths, width: before.width };
  }
  const widths = before.widths + 1;
  return { boxes, top, bottom, widths, width: before.width + (box.width - before.width) / widths };
}

/** The logarithm of a normal density. */
function normal(off: number, variance: number): number {
  return -0.5 * (off * off / variance + Math.log(2 * Math.PI * variance));
}

/** Makes the sum 1. @returns the logarithm of what it was */
function normalize(parts: Float64Array): number {
  let sum = 0;
  for (const part of parts) sum += part;
  if (!(sum > 0)) return -Infinity;
  for (let mode = 0; mode < parts.length; mode++) parts[mode] = (parts[mode] ?? 0) / sum;
  return Math.log(sum);
}
