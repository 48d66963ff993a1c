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

/** Numbers up to 90 that COCO gives to no class. */
const UNUSED_IDS: ReadonlySet<number> = new Set([0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83]);

/** The same classes by COCO's own numbers, 1 to 90. */
export const COCO_IDS: readonly string[] = idLabels();

/** Longer labels are truncated. */
const MAX_LABEL_LENGTH = 64;

function idLabels(): string[] {
  const names = COCO_LABELS.values();
  return Array.from(
    { length: 91 },
    (_, id) => UNUSED_IDS.has(id) ? `class ${id}` : names.next().value ?? `class ${id}`,
  );
}

/**
 * Determines the names of a model's classes.
 *
 * Those of its file; else COCO's when their number is that of COCO, or unknown; else `class 0`, `class 1`, ….
 * @param options.count      number of classes that the model scores; null when it only gives their numbers
 * @param options.names      from the model's file, by class number, one for each; null when it has none
 * @param options.usesIds    its numbers are COCO's own, where they are COCO's
 */
export function labelsFor(
  { count, names, usesIds }: {
    readonly count: number | null;
    readonly names: ReadonlyMap<number, string> | null;
    readonly usesIds: boolean;
  },
): readonly string[] {
  if (names !== null) {
    const length = count ?? Math.max(...names.keys()) + 1;
    return Array.from(
      { length },
      (_, index) => names.get(index)?.slice(0, MAX_LABEL_LENGTH) ?? `class ${index}`,
    );
  }
  if (count === null) return usesIds ? COCO_IDS : COCO_LABELS;
  if (count === COCO_LABELS.length) return COCO_LABELS;
  if (count === COCO_IDS.length) return COCO_IDS;
  return Array.from({ length: count }, (_, index) => `class ${index}`);
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
