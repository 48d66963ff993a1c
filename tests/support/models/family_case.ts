/** What the models of all families have in common. */
import type { FamilyName } from "../../../src/core/model_families.ts";
import type { Found } from "./detect.ts";
import type { DeclaredPort, onnxModel } from "./onnx.ts";

/** Of 64 × 64: grids of 8, 4 and 2 cells a side, with strides 8, 16, 32, and one of a single cell. */
export const IMAGES: DeclaredPort = { name: "images", dims: [1, 3, 64, 64] };
export const DOGS = { names: "{0: 'dog', 1: 'cat'}" };
export const FOUND_CAT: Found = ["cat", 0.75, 16, 24, 24, 36];

/** A model of a family, and what it finds. */
export interface FamilyCase {
  readonly family: FamilyName;
  readonly is: string;
  readonly model: Parameters<typeof onnxModel>[0];
  /** What the words about it have to say. */
  readonly says: string;
  readonly finds: readonly Found[];
}
