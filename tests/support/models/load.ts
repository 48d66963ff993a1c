/** Loads models that tests have made, as files. */
import assert from "node:assert/strict";
import { ModelError } from "../../../src/core/errors.ts";
import type { LoadOptions } from "../../../src/inference/model.ts";
import { ModelSession } from "../../../src/inference/session.ts";

type Options = Omit<Partial<LoadOptions>, "path">;

/** Writes a file, hands its path out, and removes it. */
export async function withFile<T>(
  bytes: Uint8Array,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  try {
    await Deno.writeFile(path, bytes);
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

/** Loads a model from a file, and removes the file. */
export function loadModel(bytes: Uint8Array, options: Options = {}): Promise<ModelSession> {
  return withFile(
    bytes,
    (path) => ModelSession.load({ threads: 1, model: "m.onnx", ...options, path }),
  );
}

/** Loads a model that must be refused. */
export function refusalOf(bytes: Uint8Array, options: Options = {}): Promise<ModelError> {
  return withFile(bytes, (path) => refused({ threads: 1, model: "m.onnx", ...options, path }));
}

/** Loads a file that must be refused. */
export async function refused(options: LoadOptions): Promise<ModelError> {
  try {
    await using _session = await ModelSession.load(options);
  } catch (error) {
    assert.ok(error instanceof ModelError, String(error));
    assert.equal(error.retryable, false);
    return error;
  }
  return assert.fail("it was loaded");
}

/** A file that is refused, and what is said of it. */
export interface RefusedCase {
  readonly is: string;
  readonly bytes: Uint8Array;
  /** Default: `MODEL_UNSUPPORTED`. */
  readonly code?: string;
  readonly says: RegExp;
  readonly remedy: RegExp;
}

/** Checks that a file is refused in one line that names the model, and with a remedy. */
export async function assertRefused(
  { bytes, code = "MODEL_UNSUPPORTED", says, remedy }: RefusedCase,
): Promise<void> {
  const error = await refusalOf(bytes);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, says);
  assert.match(error.message, /^Cannot (?:use|load) model "m\.onnx"[^\n]*\.$/);
  assert.match(error.remedy, remedy);
}
