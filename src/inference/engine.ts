/** What runs a model: a session of ONNX Runtime, or another library in its place. */
import { ModelError } from "../core/errors.ts";

/** A tensor; one that is passed in is read in place. */
export interface EngineTensor {
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** A loaded model. */
export interface Engine<Fed extends EngineTensor = EngineTensor> {
  /**
   * Infers once.
   * @param fetches the names of the outputs that are needed
   */
  run(
    feeds: { readonly [input: string]: Fed },
    fetches: readonly string[],
  ): Promise<{ readonly [output: string]: EngineTensor }>;
  /** Frees the model. */
  release(): Promise<void>;
}

/**
 * Loads a model in another library.
 * @param library absolute path, spelled as in the `ffi` permission
 * @param model.dims a shape of its input that it has to run with
 * @throws {OrionError} when the library or the model cannot be loaded
 */
export type OpenEngine = (
  library: string,
  model: { readonly bytes: Uint8Array<ArrayBuffer>; readonly dims: readonly number[] },
  threads: number,
) => Engine;

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
