import { ModelError } from "../core/errors.ts";
import { nearestName } from "../core/nearest.ts";

/** The 80 classes of the COCO detection task, in the order in which detectors number them. */
export const COCO_LABELS: readonly string[] = [
  ...["person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"],
  ...["traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat"],
  ...["dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack"],
  ...["umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball"],
  ...["kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket"],
  ...["bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple"],
  ...["sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair"],
  ...["couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse"],
  ...["remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink"],
  ...["refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier"],
  "toothbrush",
];

/** Longer labels are truncated. */
const MAX_LABEL_LENGTH = 64;

/**
 * Determines the names of a model's classes.
 *
 * Those of its file when there is one per class; COCO's when it has 80 classes and no names; else
 * `class 0`, `class 1`, ….
 * @param count number of classes that the model scores
 * @param names from the model's file, by class number; null when it has none
 */
export function labelsFor(
  count: number,
  names: ReadonlyMap<number, string> | null,
): readonly string[] {
  const own = names !== null && names.size === count;
  return Array.from({ length: count }, (_, index) => {
    if (own) return names.get(index)?.slice(0, MAX_LABEL_LENGTH) ?? `class ${index}`;
    return (count === COCO_LABELS.length ? COCO_LABELS[index] : undefined) ?? `class ${index}`;
  });
}

/**
 * Returns the numbers of the wanted classes, ascending, each once.
 * @param wanted names (case-insensitive) or numbers; null for all
 * @param model  as configured, for the message
 * @throws ModelError `MODEL_CLASS` for a class the model does not have
 */
export function selectClasses(
  labels: readonly string[],
  wanted: readonly (string | number)[] | null,
  model: string,
): readonly number[] {
  if (wanted === null) return labels.map((_, index) => index);
  const folded = labels.map((label) => label.toLowerCase());
  const chosen = new Set<number>();
  for (const one of wanted) {
    const index = typeof one === "number" ? one : folded.indexOf(one.toLowerCase());
    if (labels[index] === undefined) throw unknownClass(one, labels, model);
    chosen.add(index);
  }
  return [...chosen].sort((a, b) => a - b);
}

function unknownClass(wanted: string | number, labels: readonly string[], model: string) {
  const last = labels.length - 1;
  const near = typeof wanted === "string" ? nearestName(wanted, labels) : null;
  const known = labels.length <= 8
    ? labels.map((label) => `"${label}"`).join(", ")
    : `${labels.length} classes, the first of which is "${labels[0]}"`;
  return new ModelError({
    code: "MODEL_CLASS",
    message: typeof wanted === "number"
      ? `Cannot select class ${wanted} of model "${model}": it has classes 0 to ${last}.`
      : `Cannot select class "${wanted}" of model "${model}": it knows ${known}.`,
    retryable: false,
    remedy: near !== null
      ? `Did you mean "${near}"? Correct the detector's classes.`
      : `Correct the detector's classes: names, or numbers from 0 to ${last}.`,
  });
}
