/** Reads a model's file and checks it before ONNX Runtime sees any of it. */
import type { Precision } from "../core/detector_types.ts";
import { ModelError } from "../core/errors.ts";
import { FileRefused, readRegularFile } from "../core/regular_file.ts";
import { kindOf, OTHER_FILE } from "./file_kinds.ts";
import { type ModelHeader, readModelHeader } from "./model_file.ts";
import { scanModel } from "./model_scan.ts";

/** The largest model file that is read into memory. */
export const MAX_MODEL_BYTES = 512 * 1024 * 1024;
/** Of a name that a model gives to another file, in messages. */
const MAX_LOCATION_LENGTH = 100;

/** Which file to read. */
export interface ModelSource {
  /** Absolute path of an `.onnx` file. */
  readonly path: string;
  /** As configured, for messages. */
  readonly model: string;
  /** The path with its links resolved, when the model was chosen; null when it is not known. */
  readonly resolvedPath: string | null;
}

/** A file that was checked. What is loaded are these bytes, not the file. */
export interface CheckedModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly header: ModelHeader;
  readonly precision: Precision;
}

/**
 * Reads a model that has all of its weights inside it.
 * @throws {ModelError} `MODEL_MISSING`, `MODEL_UNREADABLE`, `MODEL_REPLACED`, `MODEL_INVALID`,
 *   `MODEL_EXTERNAL_DATA`
 */
export async function readModel(source: ModelSource): Promise<CheckedModel> {
  const bytes = await readBytes(source);
  const header = readModelHeader(bytes);
  if (header === null) {
    const { is, remedy } = kindOf(bytes);
    throw invalid(source, `it is ${is}`, undefined, remedy);
  }
  const scan = scanModel(bytes);
  switch (scan.state) {
    case "self-contained":
      return { bytes, header, precision: scan.precision };
    case "external-data":
      throw externalData(source, scan.location);
    case "compiled":
      throw invalid(source, "a part of it was compiled for one execution provider");
    case "malformed":
      throw invalid(source, "its graph is damaged");
    case "beyond-bounds":
      throw invalid(source, `it has ${scan.bound}`);
  }
}

async function readBytes(source: ModelSource): Promise<Uint8Array<ArrayBuffer>> {
  const { path, resolvedPath } = source;
  try {
    return await readRegularFile(path, { maxBytes: MAX_MODEL_BYTES, resolvedPath });
  } catch (error) {
    if (error instanceof FileRefused) throw refused(source, error);
    if (error instanceof Deno.errors.NotFound) {
      throw new ModelError({
        code: "MODEL_MISSING",
        message: `Cannot load model "${source.model}": there is no file ${path}.`,
        retryable: false,
        remedy: "Put the file there, or correct the detector's model.",
      }, { cause: error });
    }
    throw unreadable(source, reasonOf(error), error);
  }
}

function refused(source: ModelSource, error: FileRefused): ModelError {
  switch (error.why) {
    case "kind":
      return unreadable(source, error.message, error);
    case "size":
      return invalid(source, error.message, error);
    case "replaced":
      return new ModelError({
        code: "MODEL_REPLACED",
        message: `Cannot load model "${source.model}" from ${source.path}: ${error.message}.`,
        retryable: true,
        remedy: "Start Orion again, or send set_model again, when the new file is meant.",
      }, { cause: error });
  }
}

function unreadable({ model, path }: ModelSource, why: string, cause?: unknown): ModelError {
  return new ModelError({
    code: "MODEL_UNREADABLE",
    message: `Cannot read model "${model}" from ${path}: ${why}.`,
    retryable: false,
    remedy: "Let the user that runs Orion read the file, and name it in the detector's model.",
  }, { cause });
}

/** The error for a file that is not a usable model. @param why  a clause, "it is empty" */
export function invalid(
  { model, path }: Pick<ModelSource, "model" | "path">,
  why: string,
  cause?: unknown,
  remedy = OTHER_FILE,
): ModelError {
  return new ModelError({
    code: "MODEL_INVALID",
    message: `Cannot load model "${model}" from ${path}: ${why}.`,
    retryable: false,
    remedy,
  }, { cause });
}

/** The error for a run that failed. */
export function runFailed(model: string, cause: unknown): ModelError {
  return new ModelError({
    code: "MODEL_RUN",
    message: `Cannot run model "${model}": ${reasonOf(cause)}.`,
    retryable: true,
    remedy: "If every frame fails, the model does not suit this input: export it again, or use " +
      "another.",
  }, { cause });
}

/** The error for a binding of ONNX Runtime that cannot be loaded. */
export function runtimeMissing(cause: unknown): ModelError {
  return new ModelError({
    code: "MODEL_RUNTIME",
    message: `Cannot load ONNX Runtime on ${Deno.build.os} ${Deno.build.arch}: ${reasonOf(cause)}.`,
    retryable: false,
    remedy: "Run Orion through its tasks, which install the runtime and grant its library.",
  }, { cause });
}

function externalData({ model, path }: ModelSource, location: string): ModelError {
  const shown = location.length <= MAX_LOCATION_LENGTH
    ? location
    : `${location.slice(0, MAX_LOCATION_LENGTH)}…`;
  const where = location === "" ? "" : `, ${JSON.stringify(shown)}`;
  return new ModelError({
    code: "MODEL_EXTERNAL_DATA",
    message:
      `Cannot load model "${model}" from ${path}: it keeps weights in another file${where}, ` +
      "and a model may not name other files.",
    retryable: false,
    remedy: "Export it as one file, with external_data=False of torch.onnx.export, or join it: " +
      'onnx.save(onnx.load("model.onnx"), "joined.onnx").',
  });
}

/** Where in its own sources ONNX Runtime met an error: a file, a line and a function. */
const SOURCE_PLACE = /\S*\/onnxruntime\/\S+:\d+ [^()]*\([^()]*\)(?: const)? /g;

/** The message of an error, on one line. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replaceAll(/\s+/g, " ").replaceAll(SOURCE_PLACE, "").trim();
  return line.slice(0, 400).replace(/\.$/, "");
}
