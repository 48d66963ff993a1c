/**
 * Changes the inputs and outputs of an ONNX graph: nodes before it that produce what it takes, nodes behind
 * it that narrow what it gives. Everything else of the file is copied as it is.
 */
import { MessageReader } from "../protobuf.ts";
import { ELEMENT_TYPES, GRAPH, MODEL, portName } from "./model_graph.ts";
import { bytes, join, message, number, prefix, text } from "./protobuf_writer.ts";

/** A tensor with its values. */
export interface ConstantTensor {
  readonly name: string;
  readonly type: "float32" | "int64" | "int32";
  /** Empty for a single value. */
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** One operator of the standard set, by versions that all files have. */
export interface GraphNode {
  readonly operator: "Add" | "Cast" | "Gather" | "Mul" | "Softmax" | "Transpose";
  readonly inputs: readonly string[];
  readonly output: string;
  /** Whole numbers, or lists of them. */
  readonly attributes: Readonly<Record<string, number | readonly number[]>>;
}

/** An input or output to be declared; a text instead of a size is the name of a dynamic one. */
export interface DeclaredPort {
  readonly name: string;
  readonly type: string;
  /** Absent: ONNX Runtime infers it. */
  readonly dims?: readonly (number | string)[];
}

/** A change of a graph. */
export interface GraphEdit {
  /** Names of inputs that `before` or `constants` produce from now on. */
  readonly replacedInputs: ReadonlySet<string>;
  readonly inputs: readonly DeclaredPort[];
  readonly before: readonly GraphNode[];
  readonly after: readonly GraphNode[];
  readonly constants: readonly ConstantTensor[];
  /** Names of outputs that stay. */
  readonly keptOutputs: ReadonlySet<string>;
  readonly outputs: readonly DeclaredPort[];
}

/** Field numbers of `NodeProto`, `AttributeProto` and `TensorProto`. */
const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, int: 3, ints: 8, type: 20 } as const;
const ATTRIBUTE_TYPES = { int: 2, ints: 7 } as const;
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9 } as const;

/**
 * Returns a model with its graph changed.
 * @param model  a model that was scanned: every message of it is well-formed
 */
export function editGraph(model: Uint8Array, edit: GraphEdit): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const graph: Uint8Array[] = edit.before.map(nodeField);
  for (const field of rawFieldsOf(model)) {
    if (field.number !== MODEL.graph) parts.push(field.whole);
    else copyGraph(field.content, edit, graph);
  }
  graph.push(
    ...edit.after.map(nodeField),
    ...edit.constants.map(constantField),
    ...edit.inputs.map((port) => portField(GRAPH.input, port)),
    ...edit.outputs.map((port) => portField(GRAPH.output, port)),
  );
  const length = graph.reduce((sum, part) => sum + part.length, 0);
  return join([...parts, prefix(MODEL.graph, length), ...graph]);
}

function copyGraph(graph: Uint8Array, edit: GraphEdit, into: Uint8Array[]): void {
  for (const { number, content, whole } of rawFieldsOf(graph)) {
    if (number === GRAPH.input && edit.replacedInputs.has(portName(content))) continue;
    if (number === GRAPH.output && !edit.keptOutputs.has(portName(content))) continue;
    into.push(whole);
  }
}

/** Every field of a message, as it is written. */
function* rawFieldsOf(message: Uint8Array) {
  const reader = new MessageReader(message);
  let start = 0;
  while (reader.next() === "field") {
    const { number, content, end } = reader;
    yield { number, content, whole: message.subarray(start, end) };
    start = end;
  }
}

function nodeField({ operator, inputs, output, attributes }: GraphNode): Uint8Array {
  return message(GRAPH.node, [
    ...inputs.map((name) => text(NODE.input, name)),
    text(NODE.output, output),
    text(NODE.name, output),
    text(NODE.operator, operator),
    ...Object.entries(attributes).map(([name, value]) =>
      message(NODE.attribute, [text(ATTRIBUTE.name, name), ...attributeValue(value)])
    ),
  ]);
}

function attributeValue(value: number | readonly number[]): Uint8Array[] {
  return typeof value === "number"
    ? [number(ATTRIBUTE.int, value), number(ATTRIBUTE.type, ATTRIBUTE_TYPES.int)]
    : [
      ...value.map((one) => number(ATTRIBUTE.ints, one)),
      number(ATTRIBUTE.type, ATTRIBUTE_TYPES.ints),
    ];
}

function constantField({ name, type, dims, values }: ConstantTensor): Uint8Array {
  return message(GRAPH.initializer, [
    ...dims.map((size) => number(TENSOR.dims, size)),
    number(TENSOR.type, ELEMENT_TYPES[type] ?? 0),
    text(TENSOR.name, name),
    bytes(TENSOR.raw, rawValues(type, values)),
  ]);
}

function rawValues(type: ConstantTensor["type"], values: readonly number[]): Uint8Array {
  switch (type) {
    case "float32":
      return new Uint8Array(Float32Array.from(values).buffer);
    case "int32":
      return new Uint8Array(Int32Array.from(values).buffer);
    case "int64":
      return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  }
}

/** A `ValueInfoProto`. */
export function portField(field: number, { name, type, dims }: DeclaredPort): Uint8Array {
  const element = number(1, ELEMENT_TYPES[type] ?? 0);
  const shape = dims?.map((dim) =>
    message(1, [typeof dim === "number" ? number(1, dim) : text(2, dim)])
  );
  const tensor = message(1, shape === undefined ? [element] : [element, message(2, shape)]);
  return message(field, [text(1, name), message(2, [tensor])]);
}
