/** What the main thread and an inference worker know of a model and of what it saw. */
import type { ExecutionProvider } from "./execution_providers.ts";
import type { BoxPx } from "./geometry.ts";

/** A model, and what to make of its output. */
export interface DetectorPlan {
  readonly detector: string;
  readonly worker: string;
  /** As configured, for messages: `builtin:person` or a path. */
  readonly model: string;
  /** The absolute path of the file. */
  readonly modelPath: string;
  /** The preferred first. */
  readonly providers: readonly ExecutionProvider[];
  readonly confidence: number;
  readonly iou: number;
  /** Names or numbers; null for all of the model's. */
  readonly classes: readonly (string | number)[] | null;
  readonly threads: number;
}

/** One thing that was seen, in pixels of the source frame. */
export interface Detection {
  readonly class: string;
  readonly confidence: number;
  readonly box: BoxPx;
}

/** What the main thread needs of a result for its figures. The result itself goes to the publisher. */
export interface ResultNote {
  readonly detector: string;
  readonly worker: string;
  readonly camera: string;
  readonly seq: number;
  readonly detections: readonly Detection[];
  readonly queueMs: number;
  readonly convertMs: number;
  readonly inferenceMs: number;
  readonly postprocessMs: number;
  readonly dropsSinceLast: number;
}
