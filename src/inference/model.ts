import type { LoadedFile, ModelIdentity, ModelVariant } from "../core/detector_types.ts";
import type { SizePx } from "../core/geometry.ts";
import type { ModelSettings } from "../core/model_families.ts";
import type { InputPolicy } from "../core/model_input.ts";
import type { OpenEngine } from "./engine.ts";
import type { RawDetections } from "./raw_detections.ts";

/** A loaded model. */
export interface Model extends AsyncDisposable {
  readonly input: InputPolicy;
  /** The name of each class, by number. */
  readonly labels: readonly string[];
  /** The numbers of the classes that its outputs have a column of scores for, in their order. */
  readonly columns: readonly number[];
  /** Whether it gives several boxes for one object. */
  readonly overlaps: boolean;
  /** Its family and what its input holds, in a few words. */
  readonly family: string;
  /** The execution provider in use: `cpu` by default. */
  readonly provider: string;
  readonly identity: ModelIdentity;
  readonly file: LoadedFile;
  /**
   * Infers one frame. The buffer *is* the input tensor: it is read in place, and the caller keeps it.
   * @param tensor begins with the input: NCHW RGB float32 in 0..1, `inputBytes` long
   * @param size of the input, which its policy allows
   * @returns a view of new memory, which the next run does not overwrite
   * @throws ModelError `MODEL_RUN`
   */
  run(tensor: ArrayBuffer, size: SizePx): Promise<RawDetections>;
}

/** Options of loading a model. */
export interface LoadOptions {
  /** Absolute path of an `.onnx` file. */
  readonly path: string;
  /** As configured, for messages; default: the path. */
  readonly model?: string;
  /** The path with its links resolved, when the model was chosen; default: not compared. */
  readonly resolvedPath?: string | null;
  /** Width × height of a free input at most; default: the contract's. */
  readonly maxPixels?: number;
  /** The file to load in place of it where the processor is fast at int8; default: none. */
  readonly int8?: ModelVariant | null;
  /** The size of the input, as configured; default: `auto`. */
  readonly input?: "auto" | SizePx;
  /** What the configuration says of the model; default: nothing. */
  readonly settings?: ModelSettings;
  /** Names or numbers of the classes whose scores are needed; default: all. */
  readonly classes?: readonly (string | number)[] | null;
  /** ONNX Runtime's intra-op threads. */
  readonly threads: number;
  /** Execution providers, the preferred first; default `["cpu"]`, which is tried last in any case. */
  readonly providers?: readonly string[];
  /** Absolute path of OpenVINO's C library; absent unless `providers` has it. */
  readonly openVino?: string;
  /** Loads a model in OpenVINO; default: it cannot be used. */
  readonly openInOpenVino?: OpenEngine;
  /** Called for each provider that this build lacks or that cannot be set up on this machine. */
  readonly onProviderSkipped?: (provider: string, reason: string) => void;
  /** Called when the runtime is loaded and the file is read, before anything of the model is interpreted. */
  readonly beforeSession?: () => Promise<void>;
}
