import type { SizePx } from "../../core/geometry.ts";
import type { FamilyName, Preprocess } from "../../core/model_families.ts";
import type { ConstantTensor } from "../graph/edit_graph.ts";
import type { TensorPort } from "../graph/model_graph.ts";
import type { RawDetections } from "../raw_detections.ts";

/** The input that takes the picture. */
export interface ImagePort {
  readonly name: string;
  readonly type: "float32" | "float16" | "float64" | "uint8";
  readonly layout: "nchw" | "nhwc";
  /** Whether the first dimension is that of the batch; without it there are three dimensions. */
  readonly isBatched: boolean;
  /** 1 where the file does not fix it. */
  readonly batch: number;
  /** null where the file does not fix them. */
  readonly width: number | null;
  readonly height: number | null;
}

/** What is known of a model before it is loaded. */
export interface ModelFacts {
  readonly image: ImagePort;
  /** The inputs beside the picture. */
  readonly others: readonly TensorPort[];
  /** As declared, or with the sizes of a dry run. */
  readonly outputs: readonly TensorPort[];
  /** The input's size, as declared or in the dry run; null where neither says. */
  readonly size: SizePx | null;
  readonly metadata: ReadonlyMap<string, string>;
  /** Class names from the file. */
  readonly names: ReadonlyMap<number, string> | null;
  /** The configuration names this family: what could also be another one is taken for it. */
  readonly isChosen: boolean;
}

/** An output of a run. */
export interface OutputTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Where an output has a column for each class: those that are not wanted are cut off. */
export interface ClassColumns {
  readonly axis: number;
  /** Columns before and behind those of the classes. */
  readonly before: number;
  readonly after: number;
}

/** An output that is read. */
export interface UsedOutput {
  readonly name: string;
  readonly columns?: ClassColumns;
  /** It holds logits, and their softmax along the third dimension is read. */
  readonly softmax?: boolean;
}

/** A model's outputs, as its family reads them. */
export interface FamilyOutputs {
  readonly used: readonly UsedOutput[];
  /** The number of classes; null where only their numbers are given. */
  readonly classes: number | null;
  /** Inputs beside the picture, with the values that suit the family. */
  readonly constants?: readonly ConstantTensor[];
  /**
   * Views the outputs of a run, in the order of `used`; null when their sizes do not fit.
   * @param input  the size of the network input
   */
  readonly view: (tensors: readonly OutputTensor[], input: SizePx) => RawDetections | null;
}

/** A family of models. */
export interface Family {
  readonly name: FamilyName;
  /** As shown to people. */
  readonly title: string;
  /** What the input holds where the configuration says nothing. */
  readonly preprocess: Preprocess;
  /** Several boxes are given for one object: the best is chosen by non-maximum suppression. */
  readonly overlaps: boolean;
  /** Classes have COCO's own numbers, 1 to 90, where the file does not name them. */
  readonly usesIds?: boolean;
  /** Reads the declared outputs; null when they are not of this family. */
  readonly match: (facts: ModelFacts) => FamilyOutputs | null;
}

/** RGB in 0..1, letterboxed on grey: what most are trained with. */
export const PLAIN: Preprocess = {
  colour: "rgb",
  scale: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  resize: "letterbox",
  pad: 114,
};

/** The mean and deviation of ImageNet, of RGB in 0..1. */
export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** The same for BGR in 0..255. */
export const IMAGENET_BGR = {
  colour: "bgr",
  scale: 255,
  mean: [103.53, 116.28, 123.675],
  std: [57.375, 57.12, 58.395],
} as const;
