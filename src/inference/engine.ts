/** What runs a model: a session of ONNX Runtime, or another library in its place. */
import { ModelError } from "../core/errors.ts";
import { reasonOf } from "./read_model.ts";
import type { ModelPorts, OutputTensor, TensorPort } from "./contract.ts";

/** An input or output of a model. */
export type EnginePort =
  | {
    readonly name: string;
    readonly isTensor: true;
    readonly type: string;
    /** Sizes; texts for free ones. */
    readonly shape: readonly (number | string)[];
  }
  | { readonly name: string; readonly isTensor: false };

/** A tensor that is passed in: its values are read in place. */
export interface Feed {
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** A loaded model. */
export interface Engine<Fed extends Feed = Feed> {
  readonly inputMetadata: readonly EnginePort[];
  readonly outputMetadata: readonly EnginePort[];
  /**
   * Infers once.
   * @param fetches the names of the outputs that are needed
   */
  run(
    feeds: { readonly [input: string]: Fed },
    fetches: readonly string[],
  ): Promise<{ readonly [output: string]: Feed }>;
  /** Frees the model. */
  release(): Promise<void>;
}

/**
 * Loads a model in another library.
 * @param library absolute path, spelled as in the `ffi` permission
 * @throws {OrionError} when the library or the model cannot be loaded
 */
export type OpenEngine = (
  library: string,
  bytes: Uint8Array<ArrayBuffer>,
  threads: number,
) => Engine;

/** The inputs and outputs of a model. */
export function portsOf({ inputMetadata, outputMetadata }: Engine<never>): ModelPorts {
  const port = (meta: EnginePort): TensorPort =>
    meta.isTensor
      ? {
        name: meta.name,
        type: meta.type,
        dims: meta.shape.map((dim) => typeof dim === "number" ? dim : null),
      }
      : { name: meta.name, type: null, dims: [] };
  return { inputs: inputMetadata.map(port), outputs: outputMetadata.map(port) };
}

/** The values of an output; null when there are none, or no float32. */
export function floatsOf(value: Feed | undefined): OutputTensor | null {
  return value?.data instanceof Float32Array ? { dims: value.dims, data: value.data } : null;
}

/** The error of a failed run. @param model as configured */
export function runFailed(model: string, cause: unknown): ModelError {
  return new ModelError({
    code: "MODEL_RUN",
    message: `Cannot run model "${model}": ${reasonOf(cause)}.`,
    retryable: true,
    remedy: "If every frame fails, the model does not suit this input: export it again, or use " +
      "another.",
  }, { cause });
}

/** One of ONNX Runtime's execution providers, as its build lists them. */
export interface BuiltProvider {
  readonly name: string;
  /** Whether all of it is in the package. */
  readonly bundled: boolean;
}

/**
 * Why a provider that was built could not be set up.
 * @param reason ONNX Runtime's
 */
export function setUpReason(
  provider: string,
  built: readonly BuiltProvider[],
  reason: string,
): string {
  const isApart = built.some(({ name, bundled }) => name === provider && !bundled);
  return isApart
    ? `ONNX Runtime's package lacks libonnxruntime_providers_${provider}.so (${reason})`
    : reason;
}

/** @throws {ModelError} `MODEL_PROVIDER` when this build of ONNX Runtime has no such provider */
export function mustBeBuilt(provider: string, built: readonly BuiltProvider[]): void {
  if (built.some(({ name }) => name === provider)) return;
  const names = built.filter(({ bundled }) => bundled).map(({ name }) => name).join(" and ");
  throw new ModelError({
    code: "MODEL_PROVIDER",
    message:
      `ONNX Runtime for ${Deno.build.os} ${Deno.build.arch} was built without ${provider}: it has ${names}`,
    retryable: false,
    remedy: `Name another of the detector's providers: ${names}.`,
  });
}
