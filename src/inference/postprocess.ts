import type { Detection } from "../core/detector_types.ts";
import { type BoxPx, type Corners, type Fit, iou, unletterbox } from "../core/geometry.ts";
import { Candidates } from "./candidates.ts";
import type { RawDetections } from "./contract.ts";

/** Candidates per frame; cells with lower scores are dropped. */
export const MAX_CANDIDATES = 300;
/** Detections per frame; the least confident are dropped. */
export const MAX_DETECTIONS = 100;
/** Weak detections per frame; the least confident are dropped. */
export const MAX_WEAK = 100;
/** Boxes with a shorter side, in source pixels, are dropped. */
const MIN_SIDE_PX = 1;

/** The detections of one frame. */
export interface Postprocessed {
  /** In source pixels, the most confident first. */
  readonly detections: readonly Detection[];
  /** Those below the confidence, alike; at most {@link MAX_WEAK}. */
  readonly weak: readonly Detection[];
  /** `detections` was truncated by {@link MAX_CANDIDATES} or {@link MAX_DETECTIONS}. */
  readonly cut: boolean;
}

/** A detection during non-maximum suppression. */
interface Kept {
  readonly classIndex: number;
  readonly confidence: number;
  readonly box: BoxPx;
}

/**
 * Converts a model's output to detections in source pixels: threshold, selection of classes, inverse
 * letterbox and crop, greedy non-maximum suppression per class.
 *
 * One per detector; its working memory is allocated once.
 */
export class Postprocessor {
  readonly #labels: readonly string[];
  readonly #classes: Int32Array;
  readonly #iou: number;
  readonly #candidates = new Candidates(MAX_CANDIDATES);

  /**
   * @param options.labels  the name of each class, by number
   * @param options.classes numbers of the selected classes
   * @param options.iou     of two boxes of a class that overlap more, the less confident is dropped
   */
  constructor(
    options: {
      readonly labels: readonly string[];
      readonly classes: readonly number[];
      readonly iou: number;
    },
  ) {
    this.#labels = options.labels;
    this.#classes = Int32Array.from(options.classes);
    this.#iou = options.iou;
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
    const offered = this.#collect(raw, confidence, Math.min(confidence, weakFrom));
    const candidates = this.#candidates;
    candidates.sort();
    const kept: Kept[] = [];
    let strong = 0;
    let cut = offered > candidates.capacity;
    candidates.visit((score, cell, classIndex) => {
      const box = unletterbox(cornersOf(raw, cell), fit);
      // Negated, so that a box with NaN is dropped as well.
      if (!(box.width >= MIN_SIDE_PX && box.height >= MIN_SIDE_PX)) return true;
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
    return { detections: all, weak, cut };
  }

  /**
   * Offers every cell with its best selected class. The hot loop: allocates nothing.
   * @returns the number of cells from `confidence` on
   */
  #collect(raw: RawDetections, confidence: number, weakFrom: number): number {
    const { cells, scores, scoreOffset, scoreCellStride, scoreClassStride } = raw;
    const classes = this.#classes;
    const candidates = this.#candidates;
    let strong = 0;
    candidates.clear();
    for (let cell = 0; cell < cells; cell++) {
      const base = scoreOffset + cell * scoreCellStride;
      let best = -1;
      let bestScore = weakFrom;
      for (let index = 0; index < classes.length; index++) {
        const classIndex = classes[index] ?? 0;
        const score = scores[base + classIndex * scoreClassStride] ?? 0;
        // The first class has to reach the threshold, the others have to exceed the best.
        if (best < 0 ? score >= bestScore : score > bestScore) {
          best = classIndex;
          bestScore = score;
        }
      }
      if (best < 0) continue;
      candidates.offer(bestScore, cell, best);
      if (bestScore >= confidence) strong++;
    }
    return strong;
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

/** The box of a cell, in pixels of the network input. */
function cornersOf(raw: RawDetections, cell: number): Corners {
  const base = cell * raw.boxCellStride;
  const side = (index: number) => raw.boxes[base + index * raw.boxSideStride] ?? Number.NaN;
  if (raw.boxForm === "corners") return { x1: side(0), y1: side(1), x2: side(2), y2: side(3) };
  const halfWidth = side(2) / 2;
  const halfHeight = side(3) / 2;
  return {
    x1: side(0) - halfWidth,
    y1: side(1) - halfHeight,
    x2: side(0) + halfWidth,
    y2: side(1) + halfHeight,
  };
}
