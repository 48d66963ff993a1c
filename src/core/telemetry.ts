import { LibraryError } from "./errors.ts";

/**
 * The variable that keeps ONNX Runtime from reporting how it is used to its maker, and from keeping an
 * identifier of the machine on disk. Looked at once, when the runtime is loaded: set before that.
 */
export const NO_TELEMETRY = "ORT_DISABLE_TELEMETRY";

/**
 * Keeps ONNX Runtime from reporting. Native code is not stopped by Deno's permissions, so nothing may
 * load the runtime unless this worked.
 * @throws {LibraryError} `TELEMETRY` when the variable may not be set: Deno says nothing by itself
 */
export function forbidTelemetry(): void {
  Deno.env.set(NO_TELEMETRY, "1");
  if (Deno.env.get(NO_TELEMETRY) === "1") return;
  throw new LibraryError({
    code: "TELEMETRY",
    message: `Cannot keep ONNX Runtime from reporting: ${NO_TELEMETRY} may not be set`,
    retryable: false,
    remedy: `Start Orion through its launcher, or grant the environment variable ${NO_TELEMETRY}.`,
  });
}
