/**
 * Reads the inputs and outputs that an ONNX file declares
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), before anything of the model is loaded.
 */
import { MessageReader, textOf, WIRE } from "../protobuf.ts";

/** One input or output of a model, as its file declares it. */
export interface TensorPort {
  readonly name: string;
  /** `float32`, `int8`, …; null when it is not a tensor. */
  readonly type: string | null;
  /** Sizes; null for dynamic ones. */
  readonly dims: readonly (number | null)[];
}

/** All inputs and outputs of a model. */
export interface ModelPorts {
  readonly inputs: readonly TensorPort[];
  readonly outputs: readonly TensorPort[];
}

/** Field numbers of the messages that are read. */
export const MODEL = { graph: 7 } as const;
export const GRAPH = { node: 1, initializer: 5, sparse: 15, input: 11, output: 12 } as const;
const TENSOR_NAME = 8;
const SPARSE_VALUES = 1;
const VALUE_INFO = { name: 1, type: 2 } as const;
const TENSOR_TYPE = 1;
const ELEMENT = 1;
const SHAPE = 2;
const DIMENSION = 1;
const DIMENSION_VALUE = 1;

/** Element types of `TensorProto`, as ONNX Runtime names them. */
export const ELEMENT_TYPES: Readonly<Record<string, number>> = {
  ...{ float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8 },
  ...{ bool: 9, float16: 10, float64: 11, uint32: 12, uint64: 13, bfloat16: 16 },
};

const ELEMENT_NAMES = new Map(Object.entries(ELEMENT_TYPES).map(([name, type]) => [type, name]));

/**
 * Reads the declared inputs and outputs; without inputs that have a value in the file.
 * @param bytes  a model that was scanned: every message of it is well-formed
 */
export function readPorts(bytes: Uint8Array): ModelPorts {
  const initialized = new Set<string>();
  const inputs: TensorPort[] = [];
  const outputs: TensorPort[] = [];
  for (const { content } of fieldsOf(bytes, MODEL.graph)) {
    for (const { number, content: part } of fieldsOf(content)) {
      if (number === GRAPH.initializer) initialized.add(nameOf(part, TENSOR_NAME));
      if (number === GRAPH.sparse) {
        for (const values of fieldsOf(part, SPARSE_VALUES)) {
          initialized.add(nameOf(values.content, TENSOR_NAME));
        }
      }
      if (number === GRAPH.input) inputs.push(portOf(part));
      if (number === GRAPH.output) outputs.push(portOf(part));
    }
  }
  return { inputs: inputs.filter(({ name }) => !initialized.has(name)), outputs };
}

/** A field that is a message, a string or bytes. */
export interface ContentField {
  readonly number: number;
  readonly content: Uint8Array;
}

/** The fields with content of a message, those with one number or all. */
export function* fieldsOf(message: Uint8Array, number?: number): Generator<ContentField> {
  const reader = new MessageReader(message);
  while (reader.next() === "field") {
    if (reader.wire !== WIRE.bytes || number !== undefined && reader.number !== number) continue;
    yield { number: reader.number, content: reader.content };
  }
}

/** The name of an input or output. */
export function portName(valueInfo: Uint8Array): string {
  return nameOf(valueInfo, VALUE_INFO.name);
}

function nameOf(message: Uint8Array, field: number): string {
  let name = "";
  for (const { content } of fieldsOf(message, field)) name = textOf(content);
  return name;
}

function portOf(valueInfo: Uint8Array): TensorPort {
  const name = portName(valueInfo);
  let port: TensorPort = { name, type: null, dims: [] };
  for (const { content: type } of fieldsOf(valueInfo, VALUE_INFO.type)) {
    for (const { content: tensor } of fieldsOf(type, TENSOR_TYPE)) {
      const dims: (number | null)[] = [];
      for (const { content: shape } of fieldsOf(tensor, SHAPE)) {
        for (const { content } of fieldsOf(shape, DIMENSION)) {
          dims.push(varintOf(content, DIMENSION_VALUE));
        }
      }
      port = { name, type: ELEMENT_NAMES.get(varintOf(tensor, ELEMENT) ?? 0) ?? null, dims };
    }
  }
  return port;
}

/** The positive value of a field; null when it has none. */
function varintOf(message: Uint8Array, field: number): number | null {
  const reader = new MessageReader(message);
  let value = 0;
  while (reader.next() === "field") {
    if (reader.number === field && reader.wire === WIRE.varint) value = reader.value;
  }
  return value > 0 && Number.isSafeInteger(value) ? value : null;
}
