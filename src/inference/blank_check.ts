/** What a model gives for a blank picture, when it is loaded: whether that can be what a detector gives. */
import { ModelError } from "../core/errors.ts";
import type { FamilyName } from "../core/model_families.ts";
import type { Corners } from "../core/geometry.ts";
import { unsupported } from "./contract.ts";
import { reasonOf } from "./read_model.ts";
import { type ClassScores, highestScore, MAX_SCORE, type RawDetections } from "./raw_detections.ts";

/** Of fewer boxes nothing follows. */
const MANY_CELLS = 50;
/** Boxes in fractions of the picture reach a little beyond it. */
const MAX_FRACTION = 2;
/** How far the sum of probabilities may be from 1. */
const MAX_DIFFERENCE = 1e-3;

/**
 * Checks what a model gives for a blank picture.
 * @param options.model  as configured, for messages
 * @throws ModelError `MODEL_UNSUPPORTED`, also where the run fails
 */
export async function checkBlank(
  run: Promise<RawDetections>,
  { model, family }: { readonly model: string; readonly family: FamilyName },
): Promise<void> {
  const blank = await run.catch((error: unknown) => {
    throw error instanceof ModelError && error.code === "MODEL_RUN"
      ? unsupported(
        model,
        `a blank picture does not run (${reasonOf(error.cause)})`,
        "Export it again with a fixed size of its input, or use another.",
      )
      : error;
  });
  const highest = highestScore(blank);
  if (!(highest <= MAX_SCORE)) {
    throw unsupported(
      model,
      `for a blank picture it gives a score of ${highest.toPrecision(4)}, ` +
        "and a confidence is at most 1",
      "It is no detector, or of another family: name it in the detector's family.",
    );
  }
  if (blank.cells < MANY_CELLS) return;
  if (blank.scores.kind === "classes" && isText(blank.scores, blank.cells)) {
    throw unsupported(
      model,
      "its probabilities add up to 1 along what would be boxes, as those of characters in a text do",
      "Use a detection model instead of one that reads text.",
    );
  }
  const boxes = Array.from({ length: blank.cells }, (_, cell) => blank.box(cell));
  if (!boxes.some(isFinite)) {
    throw unsupported(
      model,
      "for a blank picture it gives boxes that are no numbers",
      "Export it in float32, or name its family in the detector's family.",
    );
  }
  // Other families are known by more than the sizes of their outputs.
  if (family === "boxes-scores" && boxes.every(isFraction) && boxes.some(isVisible)) {
    throw unsupported(
      model,
      "its boxes are in fractions of the picture, as small detectors of faces and of SSD give them",
      "Export it with boxes in pixels of the input, or with one of the families in models/README.md.",
    );
  }
}

function isFinite({ x1, y1, x2, y2 }: Corners): boolean {
  return Number.isFinite(x1 + y1 + x2 + y2);
}

function isFraction({ x1, y1, x2, y2 }: Corners): boolean {
  return [x1, y1, x2, y2].every((value) => Math.abs(value) <= MAX_FRACTION);
}

/** Whether it is a box at all, and no place without a detection. */
function isVisible({ x1, y1, x2, y2 }: Corners): boolean {
  return x2 > x1 && y2 > y1;
}

/** Whether the scores of each class add up to 1. */
function isText(scores: ClassScores, cells: number): boolean {
  const { data, offset, cellStride, columnStride, columns, areLogits, objectness } = scores;
  if (areLogits || objectness !== null || cellStride !== 1) return false;
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    for (let cell = 0; cell < cells; cell++) {
      sum += data[offset + column * columnStride + cell] ?? 0;
    }
    if (!(Math.abs(sum - 1) <= MAX_DIFFERENCE)) return false;
  }
  return columns > 1;
}
