/**
 * Inspects a model's file without running it: whether it is an ONNX model, and the class names that
 * exporters store in it.
 *
 * An ONNX file is one protobuf message, `ModelProto`
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Only its outermost fields are read; the
 * graph is skipped by its length.
 */

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
/** Field numbers of `StringStringEntryProto`. */
const KEY = 1;
const VALUE = 2;

/** Longer metadata entries are skipped. */
const MAX_METADATA_BYTES = 256 * 1024;
/** Further metadata entries are skipped. */
const MAX_METADATA_ENTRIES = 256;

/** One field of a protobuf message: a number, or the bytes of a string or message. */
interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** Reads the header; null when the bytes are not an ONNX model. */
export function readModelHeader(bytes: Uint8Array): ModelHeader | null {
  const metadata = new Map<string, string>();
  let irVersion = 0;
  let producer = "";
  let graph = false;
  for (const field of fields(bytes)) {
    if (field === null) return null;
    const { number, value } = field;
    if (number === IR_VERSION && typeof value === "number") irVersion = value;
    if (typeof value === "number") continue;
    if (number === GRAPH) graph ||= value.length > 0;
    if (value.length > MAX_METADATA_BYTES) continue;
    if (number === PRODUCER_NAME) producer = text(value);
    if (number === METADATA_PROPS && metadata.size < MAX_METADATA_ENTRIES) {
      const [key, content] = entry(value);
      metadata.set(key, content);
    }
  }
  return graph ? { irVersion, producer, metadata } : null;
}

function entry(bytes: Uint8Array): [string, string] {
  const found = { key: "", value: "" };
  for (const field of fields(bytes)) {
    if (field === null) break;
    if (typeof field.value === "number") continue;
    if (field.number === KEY) found.key = text(field.value);
    if (field.number === VALUE) found.value = text(field.value);
  }
  return [found.key, found.value];
}

/** Yields the fields of a message in order; null at the end where the bytes are malformed. */
function* fields(bytes: Uint8Array): Generator<Field | null> {
  let at = 0;
  const varint = (): number | null => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return null;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return null;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === null || tag < 8) return yield null;
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) {
      const value = varint();
      if (value === null) return yield null;
      yield { number, value };
      continue;
    }
    const length = wire === 2 ? varint() : wire === 1 ? 8 : wire === 5 ? 4 : null;
    if (length === null || length > bytes.length - at) return yield null;
    yield { number, value: bytes.subarray(at, at + length) };
    at += length;
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Signatures of files that are mistaken for ONNX models. */
const SIGNATURES: readonly { readonly at: number; readonly bytes: string; readonly is: string }[] =
  [
    {
      at: 0,
      bytes: "version https://git-lfs",
      is: "a Git LFS pointer instead of the model itself",
    },
    { at: 0, bytes: "PK\x03\x04", is: "a zip archive, as PyTorch saves its models" },
    { at: 4, bytes: "TFL3", is: "a TensorFlow Lite model" },
    { at: 4, bytes: "ORTM", is: "a model in ONNX Runtime's own format" },
    { at: 0, bytes: "\x1f\x8b", is: "gzip-compressed data" },
    { at: 0, bytes: "\x89HDF", is: "an HDF5 file, as Keras saves its models" },
    { at: 0, bytes: "<!", is: "a web page" },
    { at: 0, bytes: "<html", is: "a web page" },
  ];

/** Describes what a file that is not an ONNX model seems to be. */
export function describeContent(bytes: Uint8Array): string {
  if (bytes.length === 0) return "an empty file";
  const head = bytes.subarray(0, 512);
  const latin1 = String.fromCharCode(...head);
  for (const signature of SIGNATURES) {
    if (latin1.startsWith(signature.bytes, signature.at)) return signature.is;
  }
  // Control characters other than tab, line feed and carriage return do not occur in text.
  const isText = head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13);
  if (isText) return `a text file of ${bytes.length} bytes`;
  return `${bytes.length} bytes that are no ONNX model, or not all of one`;
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
