/** Which of a model's files is loaded, and which sizes its input may have. */
import type { Clock } from "../core/clock.ts";
import type { LoadedFile } from "../core/detector_types.ts";
import { ModelError } from "../core/errors.ts";
import type { SizePx } from "../core/geometry.ts";
import type { InputPolicy } from "../core/model_input.ts";
import { FAST_INT8_FACTOR, int8Factor, type Product, type ProductModel } from "./int8_speed.ts";
import type { LoadOptions } from "./model.ts";
import { type CheckedModel, readModel } from "./read_model.ts";

/** A file that was read. */
export interface Candidate extends CheckedModel {
  readonly path: string;
  /** Width × height of a free input at most; null: as the contract says. */
  readonly maxPixels: number | null;
}

/** The files of a model. */
export interface Candidates {
  readonly plain: Candidate;
  /** What is loaded in place of it where the processor is fast at int8; null: nothing. */
  readonly int8: Candidate | null;
}

/** Which files to read. */
export type CandidateFiles = Pick<
  LoadOptions,
  "path" | "model" | "resolvedPath" | "maxPixels" | "int8"
>;

/** Reads all files of a model, since nothing can be read later. @throws ModelError as {@link readModel} */
export async function readCandidates(
  { path, model = path, resolvedPath = null, maxPixels, int8 = null }: CandidateFiles,
): Promise<Candidates> {
  const read = async (file: { path: string; resolvedPath: string | null }): Promise<CheckedModel> =>
    await readModel({ ...file, model });
  return {
    plain: { ...await read({ path, resolvedPath }), path, maxPixels: maxPixels ?? null },
    int8: int8 === null ? null : {
      ...await read({ path: int8.modelPath, resolvedPath: int8.resolvedPath }),
      path: int8.modelPath,
      maxPixels: int8.maxPixels,
    },
  };
}

/** Chooses the file by the speed of this machine, where there are two. */
export async function chooseCandidate(
  { plain, int8 }: Candidates,
  open: (model: ProductModel) => Promise<Product>,
  clock: Clock,
): Promise<{ readonly chosen: Candidate; readonly file: LoadedFile }> {
  if (int8 === null) return { chosen: plain, file: loadedFile(plain, null) };
  const factor = await int8Factor(open, clock);
  const isFast = factor >= FAST_INT8_FACTOR;
  const chosen = isFast ? int8 : plain;
  const times = `${isFast ? "" : "only "}${factor.toFixed(1)} times`;
  return { chosen, file: loadedFile(chosen, `int8 is ${times} as fast as float32 here`) };
}

function loadedFile({ path, precision }: Candidate, choice: string | null): LoadedFile {
  return { file: path.slice(path.lastIndexOf("/") + 1), precision, choice };
}

/**
 * Applies what is configured to the input that a model declares.
 * @param declared  by its file
 * @param wanted.maxPixels  of a free input; null: as declared
 * @throws ModelError `MODEL_INPUT` when the model cannot have the configured size
 */
export function chooseInput(
  declared: InputPolicy,
  { input, maxPixels, model }: {
    readonly input: "auto" | SizePx;
    readonly maxPixels: number | null;
    readonly model: string;
  },
): InputPolicy {
  const { size } = declared;
  if (size.kind === "fixed") {
    if (input === "auto" || (input.width === size.width && input.height === size.height)) {
      return declared;
    }
    throw wrongSize(model, input, {
      is: `the model demands ${size.width}x${size.height}`,
      remedy: "Remove the detector's input, or export the model with that size or with free ones.",
    });
  }
  if (input === "auto") {
    return maxPixels === null ? declared : { ...declared, size: { ...size, maxPixels } };
  }
  const { width, height } = input;
  const { stepPx } = size;
  if (width % stepPx === 0 && height % stepPx === 0) {
    return { ...declared, size: { kind: "fixed", width, height } };
  }
  const nearest = (side: number) => Math.max(1, Math.round(side / stepPx)) * stepPx;
  throw wrongSize(model, input, {
    is: `the model takes multiples of ${stepPx}`,
    remedy: `Write { width: ${nearest(width)}, height: ${nearest(height)} } or auto.`,
  });
}

function wrongSize(
  model: string,
  { width, height }: SizePx,
  { is, remedy }: { readonly is: string; readonly remedy: string },
): ModelError {
  return new ModelError({
    code: "MODEL_INPUT",
    message: `Cannot use model "${model}" with an input of ${width}x${height}: ${is}.`,
    retryable: false,
    remedy,
  });
}
