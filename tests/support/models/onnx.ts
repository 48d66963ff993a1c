/** Builds tiny ONNX models by hand, so that tests can hand the runtime whatever shape they like. */

import {
  type DeclaredPort as Declared,
  portField,
} from "../../../src/inference/graph/edit_graph.ts";
import { ELEMENT_TYPES } from "../../../src/inference/graph/model_graph.ts";
import {
  bytes,
  join,
  message,
  number,
  text,
} from "../../../src/inference/graph/protobuf_writer.ts";

export { bytes, join, message, number, text };

/** An input or output as it is declared; a name instead of a size is a dynamic one. */
export interface DeclaredPort extends Omit<Declared, "type"> {
  /** Default: float32. */
  readonly type?: string;
}

/** An output that is always the same values. */
export interface ConstantOutput extends DeclaredPort {
  readonly values: readonly number[];
  /** The real size, where the declared one is dynamic. */
  readonly size: readonly number[];
  /** The file with the values; default: they are in the model. */
  readonly external?: string;
}

/** A model that takes its inputs, ignores them, and answers its constants. */
export function onnxModel(
  model: {
    readonly inputs: readonly DeclaredPort[];
    readonly outputs: readonly ConstantOutput[];
    readonly metadata?: Readonly<Record<string, string>>;
  },
): Uint8Array<ArrayBuffer> {
  const nodes = model.outputs.map((output) =>
    message(1, [
      text(1, `${output.name}_values`),
      text(2, output.name),
      text(4, "Identity"),
    ])
  );
  const initializers = model.outputs.map((output) =>
    message(
      5,
      [
        ...output.size.map((size) => number(1, size)),
        number(2, ELEMENT_TYPES[output.type ?? "float32"] ?? 0),
        ...dataOf(output),
        text(8, `${output.name}_values`),
      ].sort(byField),
    )
  );
  const graph = message(7, [
    ...nodes,
    text(2, "test"),
    ...initializers,
    ...model.inputs.map((port) => portField(11, withType(port))),
    ...model.outputs.map((port) => portField(12, withType(port))),
  ]);
  const metadata = Object.entries(model.metadata ?? {}).map(([key, value]) =>
    message(14, [text(1, key), text(2, value)])
  );
  const opset = message(8, [text(1, ""), number(2, 17)]);
  return join([number(1, 8), text(2, "orion-test"), graph, opset, ...metadata]);
}

/** An output of zeros with other values at the start of a few of its rows, which are along its last dimension. */
export function output(
  name: string,
  size: readonly number[],
  rows: Readonly<Record<number, readonly number[]>> = {},
  type?: string,
): ConstantOutput {
  const values = Array.from({ length: size.reduce((product, one) => product * one, 1) }, () => 0);
  const width = size.at(-1) ?? 1;
  for (const [row, given] of Object.entries(rows)) {
    given.forEach((value, index) => values[Number(row) * width + index] = value);
  }
  return { name, dims: size, size, values, ...type === undefined ? {} : { type } };
}

/** An output with the last two dimensions exchanged. */
export function turned(
  { values, size: [batch = 1, rows = 0, columns = 0], ...port }: ConstantOutput,
) {
  const exchanged = values.map((_, at) =>
    values[Math.floor(at % rows) * columns + Math.floor(at / rows)] ?? 0
  );
  return { ...port, dims: [batch, columns, rows], size: [batch, columns, rows], values: exchanged };
}

/** The fields of a tensor for its values. */
function dataOf({ type = "float32", values, external }: ConstantOutput): Uint8Array[] {
  const data = rawValues(type, values);
  if (external === undefined) return [bytes(9, data)];
  const entries = { location: external, offset: "0", length: `${data.length}` };
  return [
    ...Object.entries(entries).map(([key, value]) => message(13, [text(1, key), text(2, value)])),
    number(14, 1),
  ];
}

function rawValues(type: string, values: readonly number[]): Uint8Array {
  switch (type) {
    case "int64":
      return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    case "int32":
      return new Uint8Array(Int32Array.from(values).buffer);
    case "float16":
      return new Uint8Array(Float16Array.from(values).buffer);
    case "uint8":
      return Uint8Array.from(values);
    default:
      return new Uint8Array(Float32Array.from(values).buffer);
  }
}

function withType({ type = "float32", ...port }: DeclaredPort): Declared {
  return { ...port, type };
}

function byField(a: Uint8Array, b: Uint8Array): number {
  return ((a[0] ?? 0) >> 3) - ((b[0] ?? 0) >> 3);
}
