import manifest from "../../deno.json" with { type: "json" };

/** Orion's version, as `deno.json` states it. */
export const VERSION: string = manifest.version;

/** The version of ONNX Runtime that it is built with. */
export const ONNX_RUNTIME_VERSION: string = manifest.imports["onnxruntime-node"].replace(
  /^.*@/,
  "",
);
