/** Models that hold a tensor at each place where ONNX has one. */
import { bytes, join, message, number, onnxModel, text } from "./onnx.ts";

/** Input and output of a small model that Orion can run. */
export const SMALL_INPUT = { name: "images", dims: [1, 3, 64, 32] } as const;
export const SMALL_OUTPUT = {
  name: "output0",
  dims: [1, 6, 8],
  size: [1, 6, 8],
  values: Array.from({ length: 48 }, (_, at) => at / 50),
} as const;

/** A model that Orion can run; `external` names the file that its weights are in, or they are inside. */
export function smallModel(external?: string): Uint8Array<ArrayBuffer> {
  return onnxModel({
    inputs: [SMALL_INPUT],
    outputs: [external === undefined ? SMALL_OUTPUT : { ...SMALL_OUTPUT, external }],
  });
}

/** The fields of a tensor whose values are in another file. */
export function externalFields(location: string): Uint8Array[] {
  return [message(13, [text(1, "location"), text(2, location)]), number(14, 1)];
}

/** The fields of a tensor whose values are in the model. */
export const OWN_FIELDS: readonly Uint8Array[] = [bytes(9, new Uint8Array(4)), number(14, 0)];

/** A small model with one more tensor, by where that is: in a field that merges with what is there. */
export function modelsWith(fields: readonly Uint8Array[]): ReadonlyMap<string, Uint8Array> {
  const tensor = (field: number) => message(field, [number(1, 1), number(2, 1), ...fields]);
  const sparse = (field: number, part: number) => message(field, [tensor(part)]);
  const attribute = (...parts: Uint8Array[]) => message(5, [text(1, "value"), ...parts]);
  const node = (field: number, part: Uint8Array) =>
    message(field, [text(2, "c"), text(4, "Constant"), attribute(part)]);
  const branch = (field: number, ...parts: Uint8Array[]) => message(field, parts);
  const inGraph = new Map([
    ["an initializer", tensor(5)],
    ["the values of a sparse initializer", sparse(15, 1)],
    ["the indices of a sparse initializer", sparse(15, 2)],
    ["an attribute", node(1, tensor(5))],
    ["a list of an attribute", node(1, tensor(10))],
    ["a sparse attribute", node(1, sparse(22, 1))],
    ["a list of a sparse attribute", node(1, sparse(23, 2))],
    ["a branch of If", node(1, branch(6, tensor(5)))],
    ["a constant in a branch", node(1, branch(6, node(1, tensor(5))))],
    ["a list of graphs", node(1, branch(11, tensor(5)))],
    ["a body within a body", node(1, branch(6, node(1, branch(6, sparse(15, 1)))))],
  ]);
  const inModel = new Map([
    ["a function", message(25, [node(7, tensor(5))])],
    ["a default of a function", message(25, [message(11, [tensor(5)])])],
    ["a branch in a function", message(25, [node(7, branch(6, tensor(5)))])],
    ["the initialization of a training", message(20, [branch(1, tensor(5))])],
    ["the algorithm of a training", message(20, [branch(2, node(1, tensor(5)))])],
  ]);
  return new Map([
    ...[...inGraph].map(([where, part]) =>
      [where, join([smallModel(), message(7, [part])])] as const
    ),
    ...[...inModel].map(([where, part]) => [where, join([smallModel(), part])] as const),
  ]);
}
