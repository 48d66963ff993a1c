import type { Detection } from "../core/detector_types.ts";
import { type BoxPx, type Corners, type Fit, iou, unletterbox } from "../core/geometry.ts";
import { Candidates } from "./candidates.ts";
import type { RawDetections } from "./contract.ts";

/** Cells with the best scores that are looked at closer; the rest is left out. */
export const MAX_CANDIDATES = 300;
/** Detections of one frame; the least certain are left out. */
export const MAX_DETECTIONS = 100;
/** A box narrower or lower than this, in source pixels, is no box. */
const MIN_SIDE_PX = 1;

/** What one frame gave, and whether a bound cut it short. */
export interface Postprocessed {
  /** In source pixels, the most certain first. */
  readonly detections: readonly Detection[];
  /** {@link MAX_CANDIDATES} or {@link MAX_DETECTIONS} was reached. */
  readonly cut: boolean;
}

/** A detection while its rivals are compared with it. */
interface Kept {
  readonly classIndex: number;
  readonly confidence: number;
  readonly box: BoxPx;
}

/**
 * From a model's answer to detections in source pixels: threshold, choice of classes, back through the
 * letterbox and the crop, greedy non-maximum suppression within each class.
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
   * @param options.classes numbers of the classes that are looked for
   * @param options.iou     of two boxes of one class that overlap more, the less certain is left out
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
   * @param raw        the model's answer; only read
   * @param fit        how the source was fitted into the model's input
   * @param confidence what is scored lower is left out
   */
  run(raw: RawDetections, fit: Fit, confidence: number): Postprocessed {
    this.#collect(raw, confidence);
    const candidates = this.#candidates;
    candidates.sort();
    const kept: Kept[] = [];
    let cut = candidates.offered > candidates.size;
    candidates.visit((score, cell, classIndex) => {
      const box = unletterbox(cornersOf(raw, cell), fit);
      // Written so that a box with NaN in it fails, too.
      if (!(box.width >= MIN_SIDE_PX && box.height >= MIN_SIDE_PX)) return true;
      if (this.#suppressed(box, classIndex, kept)) return true;
      if (kept.length === MAX_DETECTIONS) {
        cut = true;
        return false;
      }
      kept.push({ classIndex, confidence: score, box });
      return true;
    });
    const detections = kept.map(({ classIndex, confidence, box }): Detection => ({
      class: this.#labels[classIndex] ?? `class ${classIndex}`,
      confidence,
      box,
    }));
    return { detections, cut };
  }

  /** The hot loop: every cell, the best of the wanted classes. Allocates nothing. */
  #collect(raw: RawDetections, confidence: number): void {
    const { cells, scores, scoreOffset, scoreCellStride, scoreClassStride } = raw;
    const classes = this.#classes;
    const candidates = this.#candidates;
    candidates.clear();
    for (let cell = 0; cell < cells; cell++) {
      const base = scoreOffset + cell * scoreCellStride;
      let best = -1;
      let bestScore = confidence;
      for (let index = 0; index < classes.length; index++) {
        const classIndex = classes[index] ?? 0;
        const score = scores[base + classIndex * scoreClassStride] ?? 0;
        // The first class needs to reach the threshold, another one to be better.
        if (best < 0 ? score >= bestScore : score > bestScore) {
          best = classIndex;
          bestScore = score;
        }
      }
      if (best >= 0) candidates.offer(bestScore, cell, best);
    }
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
