/** `builtin:person`, as it is loaded where the processor is not fast at int8, and where it is. */
import { builtinModel } from "../../../src/config/models.ts";
import type { ModelVariant } from "../../../src/core/detector_types.ts";
import { ROOT } from "../system/files.ts";

const found = builtinModel("builtin:person", ROOT);
if (found?.int8 === undefined || found.int8 === null) throw new Error("it has two files");

/** By precision, the options to load it with. */
export const DEFAULTS = [["float32", optionsOf(found)], ["int8", optionsOf(found.int8)]] as const;

function optionsOf({ modelPath, maxPixels }: ModelVariant) {
  return { path: modelPath, maxPixels, threads: 1 };
}
