/** ONNX Runtime's execution providers that its builds for Linux may have, as it names them. */
export const EXECUTION_PROVIDERS = ["cpu", "cuda", "tensorrt", "webgpu"] as const;

/** What computes a model's operators. */
export type ExecutionProvider = typeof EXECUTION_PROVIDERS[number];
