/**
 * What may compute a model's operators, as the configuration names it. `openvino` is the library of that
 * name, the others are ONNX Runtime's execution providers; what of them there is depends on the machine and
 * on how ONNX Runtime was built.
 */
export const EXECUTION_PROVIDERS = [
  ...["cpu", "openvino", "xnnpack", "cuda", "tensorrt", "webgpu"] as const,
] as const;

/** What computes a model's operators. */
export type ExecutionProvider = typeof EXECUTION_PROVIDERS[number];
