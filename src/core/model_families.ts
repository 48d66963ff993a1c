/** What a configuration can say about a model that its file does not. */

/**
 * Families of models: how their outputs are read, and what their input holds unless the configuration
 * says otherwise. Each has a file in `src/inference/families`.
 */
export const FAMILY_NAMES = [
  ...["yolo", "yolo-end2end", "yolov5", "yolov7-end2end", "yolox", "yolo-nas", "nms"],
  ...["detr", "detr-logits", "detr-softmax", "rt-detr", "rf-detr"],
  ...["nanodet-plus", "rtmdet", "pp-yoloe", "ssd", "torchvision", "boxes-scores"],
] as const;

export type FamilyName = typeof FAMILY_NAMES[number];

/** The family is found from the file. */
export const AUTO = "auto";

/** How a picture is fitted into the input. */
export const RESIZES = ["letterbox", "letterbox-top-left", "stretch"] as const;

/**
 * What a model's input holds. A value is `(level × scale − mean) / std`, of levels from 0 to 1, with one
 * mean and std for each of the input's channels in their order.
 */
export interface Preprocess {
  readonly colour: "rgb" | "bgr";
  readonly scale: 1 | 255;
  readonly mean: Channels;
  readonly std: Channels;
  readonly resize: typeof RESIZES[number];
  /** The grey of the bars beside the picture, 0 to 255. */
  readonly pad: number;
}

/** A value for each channel. */
export type Channels = readonly [number, number, number];

/** What the configuration says of a model; what it does not say follows from the file. */
export interface ModelSettings {
  readonly family: FamilyName | typeof AUTO;
  readonly preprocess: Partial<Preprocess>;
}

/** The family and what it takes follow from the file. */
export const NOTHING_SAID: ModelSettings = { family: AUTO, preprocess: {} };
