/**
 * Scans a whole ONNX model for tensors whose data are in other files ("external data"). ONNX Runtime
 * opens those itself, where Deno's permissions do not apply.
 *
 * Reads every message that can hold a tensor, as of ONNX 1.23
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto); everything else is skipped by its length. No
 * data are copied.
 */
import type { Precision } from "../core/detector_types.ts";
import { entryOf, MessageReader, textOf, WIRE } from "./protobuf.ts";

/** Messages within one another: the default limit of protobuf's own readers. */
export const MAX_MODEL_DEPTH = 100;
/** Fields that are read: a model of 1000 nodes has about 30,000. */
export const MAX_MODEL_FIELDS = 5_000_000;

/** What a scan found. */
export type ModelScan =
  | { readonly state: "self-contained"; readonly precision: Precision }
  /** It has a node that was compiled for an execution provider, and can name a file of its own. */
  | { readonly state: "compiled" }
  /** @property location  the first file that it names, or empty */
  | { readonly state: "external-data"; readonly location: string }
  | { readonly state: "malformed" }
  | { readonly state: "beyond-bounds"; readonly bound: string };

/** The messages that lead to tensors. */
type Message =
  | "attribute"
  | "function"
  | "graph"
  | "model"
  | "node"
  | "sparse tensor"
  | "tensor"
  | "training info";

/** For each message, the message at each field number. */
const FIELDS: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: "graph", 20: "training info", 25: "function" },
  graph: { 1: "node", 5: "tensor", 15: "sparse tensor" },
  node: { 5: "attribute" },
  attribute: {
    ...{ 5: "tensor", 6: "graph", 10: "tensor", 11: "graph" },
    ...{ 22: "sparse tensor", 23: "sparse tensor" },
  },
  function: { 7: "node", 11: "attribute" },
  "training info": { 1: "graph", 2: "graph" },
  "sparse tensor": { 1: "tensor", 2: "tensor" },
  tensor: {},
};

/** Field numbers of `TensorProto`. */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
/** Field number of `NodeProto`. */
const OP_TYPE = 4;
/** The operator of a compiled node. */
const COMPILED = "EPContext";
/** Operators that make int8 of what they compute with. */
const QUANTISING: readonly string[] = [
  ...["QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul"],
  ...["ConvInteger", "MatMulInteger"],
];
/** Names of other lengths are not decoded. */
const KNOWN_LENGTHS = new Set([COMPILED, ...QUANTISING].map(({ length }) => length));

/** One message that is being read, within others. */
interface Level {
  readonly message: Message;
  readonly content: Uint8Array;
  readonly reader: MessageReader;
}

/** Scans a model; never throws, whatever the bytes are. */
export function scanModel(bytes: Uint8Array): ModelScan {
  const levels: Level[] = [levelOf("model", bytes)];
  let precision: Precision = "float32";
  for (let fields = 0; fields <= MAX_MODEL_FIELDS; fields++) {
    const level = levels.at(-1);
    if (level === undefined) return { state: "self-contained", precision };
    const { message, reader } = level;
    const step = reader.next();
    if (step === "malformed") return { state: "malformed" };
    if (step === "end") {
      levels.pop();
      continue;
    }
    if (message === "tensor" && namesExternalData(reader)) {
      return { state: "external-data", location: locationOf(level.content) };
    }
    const operator = message === "node" ? knownOperator(reader) : null;
    if (operator === COMPILED) return { state: "compiled" };
    if (operator !== null && QUANTISING.includes(operator)) precision = "int8";
    const inner = FIELDS[message][reader.number];
    if (inner === undefined || reader.wire !== WIRE.bytes) continue;
    if (levels.length >= MAX_MODEL_DEPTH) {
      return { state: "beyond-bounds", bound: `more than ${MAX_MODEL_DEPTH} levels of messages` };
    }
    levels.push(levelOf(inner, reader.content));
  }
  return { state: "beyond-bounds", bound: `more than ${MAX_MODEL_FIELDS} fields` };
}

function levelOf(message: Message, content: Uint8Array): Level {
  return { message, content, reader: new MessageReader(content) };
}

/**
 * Whether a field of a tensor is about external data. Any value of `data_location` but 0 counts, since
 * readers disagree on values above 32 bits, and entries count without it: messages can be merged.
 */
function namesExternalData({ number, wire, value }: MessageReader): boolean {
  if (number === EXTERNAL_DATA) return true;
  return number === DATA_LOCATION && (wire !== WIRE.varint || value !== 0);
}

/** The operator of a node, where the field is that and may be one of those above. */
function knownOperator({ number, wire, content }: MessageReader): string | null {
  const isKnown = number === OP_TYPE && wire === WIRE.bytes && KNOWN_LENGTHS.has(content.length);
  return isKnown ? textOf(content) : null;
}

function locationOf(tensor: Uint8Array): string {
  const reader = new MessageReader(tensor);
  while (reader.next() === "field") {
    if (reader.number !== EXTERNAL_DATA || reader.wire !== WIRE.bytes) continue;
    const { key, value } = entryOf(reader.content);
    if (key === "location") return value;
  }
  return "";
}
