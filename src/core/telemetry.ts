import { LibraryError } from "./errors.ts";

/**
 * The variable that disables ONNX Runtime's telemetry and the machine identifier that it keeps on disk.
 * Read once, when the runtime is loaded, so it is set before that.
 */
export const NO_TELEMETRY = "ORT_DISABLE_TELEMETRY";

/**
 * Disables ONNX Runtime's telemetry. Deno's permissions do not restrict native code, so the runtime must
 * not be loaded unless this succeeded.
 * @throws {LibraryError} `TELEMETRY` when the variable may not be set, which Deno ignores silently
 */
export function forbidTelemetry(): void {
  Deno.env.set(NO_TELEMETRY, "1");
  if (Deno.env.get(NO_TELEMETRY) === "1") return;
  throw new LibraryError({
    code: "TELEMETRY",
    message: `Cannot disable ONNX Runtime's telemetry: ${NO_TELEMETRY} may not be set`,
    retryable: false,
    remedy: `Start Orion through its launcher, or grant the environment variable ${NO_TELEMETRY}.`,
  });
}
