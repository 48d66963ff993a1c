/** Models that are refused, by their outputs or inputs. */
import { IMAGES } from "./family_case.ts";
import { type ConstantOutput, type DeclaredPort, onnxModel } from "./onnx.ts";

/** Metadata with the names of so many classes. */
export function names(count: number): Record<string, string> {
  const list = Array.from({ length: count }, (_, index) => `${index}: 'c${index}'`);
  return { names: `{${list.join(", ")}}` };
}

/** A model with these outputs, which takes a picture unless other inputs are given. */
export function model(
  outputs: readonly ConstantOutput[],
  { inputs = [IMAGES], metadata = {} }: {
    readonly inputs?: readonly DeclaredPort[];
    readonly metadata?: Readonly<Record<string, string>>;
  } = {},
): Uint8Array {
  return onnxModel({ inputs, outputs, metadata });
}
