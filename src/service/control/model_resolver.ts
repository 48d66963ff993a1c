import { join, relative, resolve } from "node:path";
import { BUILTIN_MODELS } from "../../config/models.ts";
import { type ErrorData, ModelError } from "../../core/errors.ts";

/** Where models may come from. */
export interface ModelRules {
  /** Orion's own folder: the builtin models are in its `models`. */
  readonly root: string;
  /** The configured model folder: an absolute path, which need not exist. */
  readonly folder: string;
  /** As `Deno.realPath`. */
  readonly realPath: (path: string) => Promise<string>;
}

/** A model that a command may load. */
export interface AllowedModel {
  /** As it was named. */
  readonly model: string;
  /** The absolute path of its file, within Orion's models or the model folder. */
  readonly modelPath: string;
}

/**
 * The file of a model that a command names: `builtin:NAME`, or an `.onnx` file in the model folder,
 * named by its path within the folder or by its absolute path. Links are followed before it is looked
 * at where the file is.
 * @throws {ModelError} `CONTROL_MODEL` when it is none of these
 */
export async function resolveModel(model: string, rules: ModelRules): Promise<AllowedModel> {
  if (model.startsWith("builtin:")) {
    const file = Object.hasOwn(BUILTIN_MODELS, model) ? BUILTIN_MODELS[model] : undefined;
    if (file === undefined) throw refused(model, "there is no such builtin model");
    return { model, modelPath: join(rules.root, "models", file) };
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
  return { model, modelPath: path };
}

async function realPath(path: string, model: string, rules: ModelRules): Promise<string> {
  try {
    return await rules.realPath(path);
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    throw refused(model, missing ? "there is no such file" : "it cannot be read", { cause });
  }
}

/** Both absolute. The folder itself is not within it. */
function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith("../") && !way.startsWith("/");
}

function refused(model: string, why: string, options?: ErrorOptions): ModelError {
  const data: ErrorData = {
    code: "CONTROL_MODEL",
    message: `Cannot load model ${JSON.stringify(model.slice(0, 200))}: ${why}`,
    retryable: false,
    remedy: `Name one of ${Object.keys(BUILTIN_MODELS).join(", ")}, ` +
      "or an .onnx file in the folder that models.folder names.",
  };
  return new ModelError(data, options);
}
