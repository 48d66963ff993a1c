import { isAbsolute, join, resolve } from "node:path";
import { suggestName } from "../core/nearest.ts";
import type { Parsed } from "./urls.ts";

/** The names of the bundled models start with it. */
export const BUILTIN = "builtin:";

/** The bundled models, and their files in the folder `models`. */
export const BUILTIN_MODELS: Readonly<Record<string, string>> = {
  "builtin:person": "nanodet-g.onnx",
  "builtin:person-int8": "nanodet-g-int8.onnx",
};

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
    const file = BUILTIN_MODELS[model];
    if (file !== undefined) return { ok: true, value: join(places.root, "models", file) };
    return {
      ok: false,
      message: `there is no model "${model}"`,
      remedy: suggestName(model, Object.keys(BUILTIN_MODELS)),
    };
  }
  if (!model.toLowerCase().endsWith(".onnx")) {
    return {
      ok: false,
      message: `"${model}" is not an .onnx file`,
      remedy: `Write the path of an .onnx file, or ${Object.keys(BUILTIN_MODELS).join(" or ")}.`,
    };
  }
  const path = isAbsolute(model) ? resolve(model) : resolve(places.folder, model);
  return { ok: true, value: path };
}
