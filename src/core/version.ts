import manifest from "../../deno.json" with { type: "json" };

/** Orion's version, from `deno.json`. */
export const VERSION: string = manifest.version;

/** The pinned version of ONNX Runtime. */
export const ONNX_RUNTIME_VERSION: string = manifest.imports["onnxruntime-node"].replace(
  /^.*@/,
  "",
);
