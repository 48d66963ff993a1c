import type { Detection } from "../core/detector_types.ts";
import { type BoxPx, type Corners, type Fit, iou, unletterbox } from "../core/geometry.ts";
import { Candidates } from "./candidates.ts";
import {
  type ClassScores,
  type LabelledScores,
  MAX_SCORE,
  type RawDetections,
  valueOf,
} from "./raw_detections.ts";

/** Candidates per frame; cells with lower scores are dropped. */
export const MAX_CANDIDATES = 300;
/** Detections per frame; the least confident are dropped. */
export const MAX_DETECTIONS = 100;
/** Weak detections per frame; the least confident are dropped. */
export const MAX_WEAK = 100;
/** Boxes with a shorter side, in source pixels, are dropped. */
const MIN_SIDE_PX = 1;

/** What a model may give, and no detection may have. */
export type InvalidPart = "confidence" | "box" | "class";

/** Results of a model that were dropped, since no detector gives them. */
export interface InvalidOutput {
  readonly count: number;
  /** Of the first one. */
  readonly part: InvalidPart;
}

/** The detections of one frame. */
export interface Postprocessed {
  /** In source pixels, the most confident first. */
  readonly detections: readonly Detection[];
  /** Those below the confidence, alike; at most {@link MAX_WEAK}. */
  readonly weak: readonly Detection[];
  /** `detections` was truncated by {@link MAX_CANDIDATES} or {@link MAX_DETECTIONS}. */
  readonly cut: boolean;
  /** A confidence outside 0..1, a box that is not finite, a class without a name; null: there was none. */
  readonly invalid: InvalidOutput | null;
}

/** A detection during non-maximum suppression. */
interface Kept {
  readonly classIndex: number;
  readonly confidence: number;
  readonly box: BoxPx;
}

/**
 * Converts a model's output to detections in source pixels: threshold, selection of classes, inverse
 * letterbox and crop, and where boxes overlap greedy non-maximum suppression per class.
 *
 * One per detector; its working memory is allocated once.
 */
export class Postprocessor {
  readonly #labels: readonly string[];
  /** For each column that is read, its index and the number of its class. */
  readonly #columns: Int32Array;
  readonly #numbers: Int32Array;
  /** 1 for each class that is selected. */
  readonly #selected: Uint8Array;
  readonly #iou: number;
  readonly #candidates = new Candidates(MAX_CANDIDATES);
  #invalid = 0;
  #firstInvalid: InvalidPart = "confidence";

  /**
   * @param options.labels  the name of each class, by number
   * @param options.classes numbers of the selected classes
   * @param options.columns the number of the class of each column of scores; default: its index
   * @param options.iou     of two boxes of a class that overlap more, the less confident is dropped; null:
   *                        the model has seen to it
   */
  constructor(
    options: {
      readonly labels: readonly string[];
      readonly classes: readonly number[];
      readonly columns?: readonly number[];
      readonly iou: number | null;
    },
  ) {
    const { labels, classes, columns } = options;
    const read = classes.map((number) => ({ number, column: columns?.indexOf(number) ?? number }))
      .filter(({ column }) => column >= 0);
    this.#labels = labels;
    this.#columns = Int32Array.from(read, ({ column }) => column);
    this.#numbers = Int32Array.from(read, ({ number }) => number);
    this.#selected = new Uint8Array(labels.length);
    for (const number of classes) this.#selected[number] = 1;
    this.#iou = options.iou ?? Infinity;
  }

  /**
   * Weak detections never change the others: a candidate is compared with more confident ones only, and the
   * bound on candidates drops the least confident first.
   *
   * @param raw        the model's output, which is not modified
   * @param fit        placement of the source within the model's input
   * @param confidence cells with lower scores are weak
   * @param weakFrom   cells with lower scores are dropped; default: there are no weak ones
   */
  run(raw: RawDetections, fit: Fit, confidence: number, weakFrom = confidence): Postprocessed {
    const candidates = this.#candidates;
    candidates.clear();
    this.#invalid = 0;
    const from = Math.min(confidence, weakFrom);
    const offered = raw.scores.kind === "classes"
      ? this.#collectClasses(raw.cells, raw.scores, confidence, from)
      : this.#collectLabelled(raw.cells, raw.scores, confidence, from);
    candidates.sort();
    const kept: Kept[] = [];
    let strong = 0;
    let cut = offered > candidates.capacity;
    candidates.visit((score, cell, classIndex) => {
      const corners = raw.box(cell);
      if (!isFinite(corners)) {
        this.#drop("box");
        return true;
      }
      const box = unletterbox(corners, fit);
      if (box.width < MIN_SIDE_PX || box.height < MIN_SIDE_PX) return true;
      if (this.#suppressed(box, classIndex, kept)) return true;
      if (score < confidence) {
        kept.push({ classIndex, confidence: score, box });
        return kept.length < strong + MAX_WEAK;
      }
      if (strong === MAX_DETECTIONS) {
        cut = true;
        return false;
      }
      kept.push({ classIndex, confidence: score, box });
      strong++;
      return true;
    });
    const all = kept.map((one) => this.#detection(one));
    const weak = all.splice(strong);
    const invalid = this.#invalid === 0 ? null : { count: this.#invalid, part: this.#firstInvalid };
    return { detections: all, weak, cut, invalid };
  }

  /**
   * Offers every cell with its best selected class. The hot loop: allocates nothing.
   * @returns the number of cells from `confidence` on
   */
  #collectClasses(cells: number, scores: ClassScores, confidence: number, from: number): number {
    const { data, offset, cellStride, columnStride, objectness, areLogits } = scores;
    const columns = this.#columns;
    const lowest = areLogits ? logit(from) : from;
    let strong = 0;
    let sum = 0;
    for (let cell = 0; cell < cells; cell++) {
      const start = cell * cellStride;
      const factor = objectness === null ? 1 : data[objectness + start] ?? 0;
      let best = -1;
      let bestScore = lowest;
      for (let index = 0; index < columns.length; index++) {
        const column = columns[index] ?? 0;
        const score = factor * (data[offset + start + column * columnStride] ?? 0);
        sum += score;
        // The first class has to reach the threshold, the others have to exceed the best.
        if (best < 0 ? score >= bestScore : score > bestScore) {
          best = index;
          bestScore = score;
        }
      }
      if (best < 0) continue;
      const score = areLogits ? sigmoid(bestScore) : bestScore;
      if (this.#offer(score, cell, this.#numbers[best] ?? 0, confidence)) strong++;
    }
    // Cheaper than a test of every score.
    if (!Number.isFinite(sum)) this.#dropNotFinite(cells, scores);
    return strong;
  }

  /** Counts the cells with a score or an objectness that is not a number. */
  #dropNotFinite(
    cells: number,
    { data, offset, cellStride, columnStride, objectness }: ClassScores,
  ): void {
    const isNaNAt = (index: number) => Number.isNaN(data[index] ?? 0);
    for (let cell = 0; cell < cells; cell++) {
      const start = cell * cellStride;
      const isInvalid = objectness !== null && isNaNAt(objectness + start) ||
        this.#columns.some((column) => isNaNAt(offset + start + column * columnStride));
      if (isInvalid) this.#drop("confidence");
    }
  }

  /** Offers every cell with a selected class. @returns the number of cells from `confidence` on */
  #collectLabelled(
    cells: number,
    { scores, labels }: LabelledScores,
    confidence: number,
    from: number,
  ): number {
    let strong = 0;
    for (let cell = 0; cell < cells; cell++) {
      const score = valueOf(scores, cell);
      if (Number.isNaN(score)) this.#drop("confidence");
      if (!(score >= from)) continue;
      const label = valueOf(labels, cell);
      // Below 0 in places that hold no detection.
      if (label < 0) continue;
      const selected = this.#selected[label];
      if (selected === undefined) this.#drop("class");
      if (selected === 1 && this.#offer(score, cell, label, confidence)) strong++;
    }
    return strong;
  }

  /** Offers a cell, unless its score is no confidence. @returns whether it is from `confidence` on */
  #offer(score: number, cell: number, number: number, confidence: number): boolean {
    if (score > MAX_SCORE) {
      this.#drop("confidence");
      return false;
    }
    this.#candidates.offer(Math.min(1, score), cell, number);
    return score >= confidence;
  }

  #drop(part: InvalidPart): void {
    if (this.#invalid++ === 0) this.#firstInvalid = part;
  }

  #detection({ classIndex, confidence, box }: Kept): Detection {
    return { class: this.#labels[classIndex] ?? `class ${classIndex}`, confidence, box };
  }

  #suppressed(box: BoxPx, classIndex: number, kept: readonly Kept[]): boolean {
    for (const better of kept) {
      if (better.classIndex === classIndex && iou(better.box, box) > this.#iou) return true;
    }
    return false;
  }
}

function isFinite({ x1, y1, x2, y2 }: Corners): boolean {
  // Of one that is not finite, the sum is not either.
  return Number.isFinite(x1 + y1 + x2 + y2);
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

/** The inverse of {@link sigmoid}: infinite at 0 and 1. */
function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}
