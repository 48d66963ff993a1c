/**
 * The variable that keeps ONNX Runtime from reporting how it is used to its maker, and from keeping an
 * identifier of the machine on disk. Looked at once, when the runtime is loaded: set before that.
 */
export const NO_TELEMETRY = "ORT_DISABLE_TELEMETRY";
