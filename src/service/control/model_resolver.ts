import { join, relative, resolve } from "node:path";
import { BUILTIN, BUILTIN_MODELS, builtinModel, MAX_PIXELS } from "../../config/models.ts";
import type { ModelSource } from "../../core/detector_types.ts";
import { type ErrorData, ModelError } from "../../core/errors.ts";

/** The folders from which models may be loaded. */
export interface ModelRules {
  /** Orion's own folder; builtin models are in its subfolder `models`. */
  readonly root: string;
  /** The configured model folder: an absolute path that may not exist. */
  readonly folder: string;
  /** As `Deno.realPath`. */
  readonly realPath: (path: string) => Promise<string>;
}

/** A model that a command may load: its files are within Orion's models or the model folder. */
export type AllowedModel = ModelSource;

/**
 * Resolves the model of a command: `builtin:NAME`, or an `.onnx` file in the model folder, by its path
 * within the folder or its absolute path. Symbolic links are resolved before the location is checked, and
 * what they were resolved to is what is opened.
 * @throws {ModelError} `CONTROL_MODEL` when it is none of these
 */
export async function resolveModel(model: string, rules: ModelRules): Promise<AllowedModel> {
  if (model.startsWith(BUILTIN)) {
    const builtin = builtinModel(model, rules.root);
    if (builtin === null) throw refused(model, "there is no such builtin model");
    return { model, ...builtin };
  }
  if (model.includes("\0")) throw refused(model, "its name holds a null character");
  if (!model.toLowerCase().endsWith(".onnx")) throw refused(model, "it is not an .onnx file");
  const path = resolve(rules.folder, model);
  if (!isWithin(rules.folder, path)) throw refused(model, "it is not in the model folder");
  const [folder, file] = await Promise.all([
    realPath(rules.folder, model, rules),
    realPath(path, model, rules),
  ]);
  if (!isWithin(folder, file)) {
    throw refused(model, "it is a link that leads out of the model folder");
  }
  // The folder may itself be a link, and is granted by that name; there are none below it.
  return {
    model,
    modelPath: join(rules.folder, relative(folder, file)),
    resolvedPath: file,
    maxPixels: MAX_PIXELS.balanced,
    int8: null,
  };
}

async function realPath(path: string, model: string, rules: ModelRules): Promise<string> {
  try {
    return await rules.realPath(path);
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    throw refused(model, missing ? "there is no such file" : "it cannot be read", { cause });
  }
}

/** Both paths are absolute. False for the folder itself. */
function isWithin(folder: string, path: string): boolean {
  const within = relative(folder, path);
  return within !== "" && within !== ".." && !within.startsWith("../") &&
    !within.startsWith("/");
}

function refused(model: string, why: string, options?: ErrorOptions): ModelError {
  const data: ErrorData = {
    code: "CONTROL_MODEL",
    message: `Cannot load model ${JSON.stringify(model.slice(0, 200))}: ${why}`,
    retryable: false,
    remedy: `Name one of ${BUILTIN_MODELS.join(", ")}, ` +
      "or an .onnx file in the folder that models.folder names.",
  };
  return new ModelError(data, options);
}
