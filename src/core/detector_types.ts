/** A detector as the main thread and its inference workers describe it: settings and results. */
import type { ExecutionProvider } from "./execution_providers.ts";
import type { FrameMeta } from "./frame_meta.ts";
import type { BoxPx, SizePx } from "./geometry.ts";
import type { ModelSettings } from "./model_families.ts";
import type { InputPolicy } from "./model_input.ts";

/** The settings of a detector that its inference workers get as they are configured. */
export interface InferenceSettings extends ModelSettings {
  /** The preferred first, never empty. */
  readonly providers: readonly ExecutionProvider[];
  /** Absolute path of OpenVINO's C library; absent unless the providers have it. */
  readonly openVino?: string;
  /** `auto`: as the model demands, or else by the shape of each picture. */
  readonly input: "auto" | SizePx;
  readonly confidence: number;
  readonly iou: number;
  /** Names or numbers; null for all of the model's. */
  readonly classes: readonly (string | number)[] | null;
  /** ONNX Runtime's intra-op threads. */
  readonly threads: number;
}

/** The file of a model. */
export interface ModelVariant {
  /** Its absolute path, spelled as in the grant. */
  readonly modelPath: string;
  /** That path with its links resolved, when the model was chosen; null when it was not. */
  readonly resolvedPath: string | null;
  /** Width × height of its input at most, where the model leaves its size free. */
  readonly maxPixels: number;
}

/** A model by its name, and its file. */
export interface ModelSource extends ModelVariant {
  /** As configured, for messages: `builtin:person` or a path. */
  readonly model: string;
  /** What is loaded in place of the file where the processor is fast at int8; null: nothing. */
  readonly int8: ModelVariant | null;
}

/** The settings of one inference worker. */
export interface DetectorPlan extends InferenceSettings, ModelSource {
  readonly detector: string;
  readonly worker: string;
  /** null: without presence. */
  readonly tracking: TrackingInput | null;
}

/** What presence needs from an inference worker. */
export interface TrackingInput {
  /** Detections from this confidence on are given to the tracker, those below `confidence` to it alone. */
  readonly minConfidence: number;
  /** Whether the sharpness of detections is measured. */
  readonly sharpness: boolean;
}

/** One detected object, in pixels of the source frame. */
export interface Detection {
  readonly class: string;
  readonly confidence: number;
  readonly box: BoxPx;
  /** How sharp its part of the frame is, 0..1; absent where it was not measured. */
  readonly sharpness?: number;
}

/** Which model gave a result. */
export interface ModelIdentity {
  /** `builtin:person`, or the name of the file without its folder. */
  readonly name: string;
  /** The first 12 hexadecimal digits of the SHA-256 of the file that was loaded. */
  readonly sha256: string;
}

/** What a model computes with. */
export type Precision = "float32" | "int8";

/** The file that was loaded of a model. */
export interface LoadedFile {
  /** Its name, without its folder. */
  readonly file: string;
  readonly precision: Precision;
  /** Why this one, where there was a choice; else null. */
  readonly choice: string | null;
}

/** A model as a worker has loaded it. */
export interface LoadedModel {
  readonly identity: ModelIdentity;
  readonly file: LoadedFile;
  /** Its family and what its input holds, in a few words. */
  readonly family: string;
  readonly input: InputPolicy;
  /** The name of each class, by number. */
  readonly classes: readonly string[];
  /** The execution provider in use. */
  readonly provider: string;
}

/** The detections of one frame, for the publisher. */
export interface InferenceResult {
  readonly detector: string;
  readonly worker: string;
  readonly model: ModelIdentity;
  readonly meta: FrameMeta;
  readonly detections: readonly Detection[];
  /** Detections below the confidence, for the tracker alone; empty without presence. */
  readonly weak: readonly Detection[];
  readonly inferenceMs: number;
  readonly postprocessMs: number;
}

/** The part of a result that the main thread needs for its figures. */
export interface ResultNote {
  readonly detector: string;
  readonly camera: string;
  readonly seq: number;
  /** The size of the model's input for this frame. */
  readonly input: SizePx;
  readonly detections: readonly Detection[];
  /** Results of the model that were dropped, because no detector gives them. */
  readonly invalid: number;
  readonly queueMs: number;
  readonly convertMs: number;
  readonly inferenceMs: number;
  readonly postprocessMs: number;
  readonly dropsSinceLast: number;
}
