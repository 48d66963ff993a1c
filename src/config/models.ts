import { isAbsolute, join, resolve } from "node:path";
import type { ModelVariant } from "../core/detector_types.ts";
import { DEFAULT_INPUT_PIXELS } from "../core/model_input.ts";
import { suggestName } from "../core/nearest.ts";
import { isAddress, NO_PATH, type Parsed } from "./urls.ts";

/** The names of the bundled models start with it. */
export const BUILTIN = "builtin:";

/**
 * Width × height of an input at most, by what a frame then costs with the bundled models; measured with
 * `scripts/bench/accuracy.ts` (decision 0036).
 */
export const MAX_PIXELS = {
  /** Two thirds of the work of `balanced`. */
  fast: 416 * 256,
  /** The work of 416 × 416 in float32; what models of one's own get, too. */
  balanced: DEFAULT_INPUT_PIXELS,
  /** Less work than that in int8, where the processor is fast at it. */
  int8: 640 * 384,
  /** Twice the work of `balanced`; pictures of close people gain nothing from more. */
  accurate: 768 * 448,
} as const;

/** A bundled model's file, in the folder `models`. */
interface BundledFile {
  readonly file: string;
  readonly maxPixels: number;
}

/** A bundled model, and what is loaded in place of it where the processor is fast at int8. */
interface BundledModel extends BundledFile {
  readonly int8: BundledFile | null;
}

const FLOAT32 = "nanodet-g.onnx";
const INT8 = "nanodet-g-int8.onnx";

/** The bundled models by name. */
const BUNDLED: Readonly<Record<string, BundledModel>> = {
  "builtin:person": {
    ...{ file: FLOAT32, maxPixels: MAX_PIXELS.balanced },
    int8: { file: INT8, maxPixels: MAX_PIXELS.int8 },
  },
  "builtin:person-fast": {
    ...{ file: FLOAT32, maxPixels: MAX_PIXELS.fast },
    int8: { file: INT8, maxPixels: MAX_PIXELS.fast },
  },
  "builtin:person-accurate": { file: FLOAT32, maxPixels: MAX_PIXELS.accurate, int8: null },
  "builtin:person-int8": { file: INT8, maxPixels: MAX_PIXELS.int8, int8: null },
};

/** The names of the bundled models. */
export const BUILTIN_MODELS: readonly string[] = Object.keys(BUNDLED);

/** The files of the bundled models, in the folder `models`. */
export const BUNDLED_FILES: readonly string[] = [INT8, FLOAT32];

/** The files of a bundled model; null when there is none of that name. @param root  Orion's own folder */
export function builtinModel(
  model: string,
  root: string,
): ModelVariant & { readonly int8: ModelVariant | null } | null {
  const found = Object.hasOwn(BUNDLED, model) ? BUNDLED[model] : undefined;
  if (found === undefined) return null;
  const placed = ({ file, maxPixels }: BundledFile): ModelVariant => ({
    ...{ modelPath: join(root, "models", file), resolvedPath: null, maxPixels },
  });
  return { ...placed(found), int8: found.int8 === null ? null : placed(found.int8) };
}

/** Base folders of models. */
export interface ModelPlaces {
  /** Orion's own folder. */
  readonly root: string;
  /** The base of relative paths. */
  readonly folder: string;
}

/** Resolves a model, `builtin:NAME` or the path of an `.onnx` file, to an absolute path. */
export function modelPath(model: string, places: ModelPlaces): Parsed<string> {
  if (model.startsWith(BUILTIN)) {
    const builtin = builtinModel(model, places.root);
    if (builtin !== null) return { ok: true, value: builtin.modelPath };
    return {
      ok: false,
      message: `there is no model "${model}"`,
      remedy: suggestName(model, BUILTIN_MODELS),
    };
  }
  if (isAddress(model)) return NO_PATH;
  if (!model.toLowerCase().endsWith(".onnx")) {
    return {
      ok: false,
      message: `"${model}" is not an .onnx file`,
      remedy: `Write the path of an .onnx file, or ${BUILTIN_MODELS.join(" or ")}.`,
    };
  }
  const path = isAbsolute(model) ? resolve(model) : resolve(places.folder, model);
  return { ok: true, value: path };
}

/**
 * OpenVINO's C library. Its folder is in Orion's own: it has OpenVINO's libraries, or is a link to them.
 * @param root  Orion's own folder
 */
export function openVinoLibrary(root: string): string {
  return join(root, "openvino", "libopenvino_c.so");
}
