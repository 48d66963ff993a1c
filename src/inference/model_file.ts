/**
 * Inspects a model's file without running it: whether it is an ONNX model, and the class names that
 * exporters store in it.
 *
 * An ONNX file is one protobuf message, `ModelProto`
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Only its outermost fields are read here; the
 * graph is skipped by its length.
 */
import { RUNTIME_FORMAT, startsWith } from "./file_kinds.ts";
import { entryOf, MessageReader, textOf, WIRE } from "./protobuf.ts";

/** The header of an ONNX file. */
export interface ModelHeader {
  readonly irVersion: number;
  /** The program that wrote it; empty when unknown. */
  readonly producer: string;
  /** `metadata_props`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Field numbers of `ModelProto`. */
const IR_VERSION = 1;
const PRODUCER_NAME = 2;
const GRAPH = 7;
const METADATA_PROPS = 14;

/** Longer metadata entries are skipped. */
const MAX_METADATA_BYTES = 256 * 1024;
/** Further metadata entries are skipped. */
const MAX_METADATA_ENTRIES = 256;

/**
 * Reads the header; null when the bytes are not an ONNX model, or ONNX Runtime would read them as a model
 * in its own format.
 */
export function readModelHeader(bytes: Uint8Array): ModelHeader | null {
  if (startsWith(bytes, RUNTIME_FORMAT)) return null;
  const metadata = new Map<string, string>();
  let irVersion = 0;
  let producer = "";
  let graph = false;
  const reader = new MessageReader(bytes);
  for (;;) {
    const step = reader.next();
    if (step === "malformed") return null;
    if (step === "end") return graph ? { irVersion, producer, metadata } : null;
    const { number, wire } = reader;
    if (number === IR_VERSION && wire === WIRE.varint) irVersion = reader.value;
    if (wire !== WIRE.bytes) continue;
    const { content } = reader;
    if (number === GRAPH) graph ||= content.length > 0;
    if (content.length > MAX_METADATA_BYTES) continue;
    if (number === PRODUCER_NAME) producer = textOf(content);
    if (number === METADATA_PROPS && metadata.size < MAX_METADATA_ENTRIES) {
      const { key, value } = entryOf(content);
      metadata.set(key, value);
    }
  }
}

/** One `number: name` of a Python dictionary or JSON object, quotes of either kind. */
const NAMED = /["']?(\d{1,5})["']?\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;
/** One name of a list. */
const LISTED = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g;

/**
 * Reads the class names from a model's metadata, by class number; null when there are none.
 *
 * Exporters store them under `names`, as a Python dictionary (`{0: 'person', 1: 'car'}`), a JSON
 * object or a list.
 */
export function readClassNames(header: ModelHeader): ReadonlyMap<number, string> | null {
  const written = header.metadata.get("names")?.trim() ?? "";
  const names = new Map<number, string>();
  if (written.startsWith("{")) {
    for (const [, number, single, double] of written.matchAll(NAMED)) {
      names.set(Number(number), unescape(single ?? double ?? ""));
    }
  } else if (written.startsWith("[")) {
    for (const [, single, double] of written.matchAll(LISTED)) {
      names.set(names.size, unescape(single ?? double ?? ""));
    }
  }
  return names.size > 0 ? names : null;
}

function unescape(name: string): string {
  return name.replaceAll(/\\(.)/g, "$1");
}
