/** Files that are mistaken for ONNX models: what they are by their first bytes, and the way on. */
import { MessageReader, WIRE } from "./protobuf.ts";

/** What a file is that is no ONNX model. */
export interface FileKind {
  /** "a picture". */
  readonly is: string;
  readonly remedy: string;
}

/** The first bytes of a format. */
interface Signature extends FileKind {
  readonly at?: number;
  readonly bytes: string;
}

const EXPORT = "Export the model as .onnx with the program that it comes from: models/README.md " +
  "has the commands.";
const UNPACK = "Unpack it, and name the .onnx file in it.";
const AGAIN = "Download or copy the complete .onnx file again, and compare its size.";
/** The way on where the file is another one than was meant. */
export const OTHER_FILE =
  "Name a complete .onnx file, with its weights inside it, in the detector's model.";

/** The mark of ONNX Runtime's own format. */
export const RUNTIME_FORMAT: Pick<Signature, "at" | "bytes"> = { at: 4, bytes: "ORTM" };

const SIGNATURES: readonly Signature[] = [
  {
    bytes: "version https://git-lfs",
    is: "a Git LFS pointer instead of the model itself",
    remedy: "Fetch the model with git lfs pull.",
  },
  { at: 4, bytes: "TFL3", is: "a TensorFlow Lite model", remedy: EXPORT },
  { ...RUNTIME_FORMAT, is: "a model in ONNX Runtime's own format", remedy: EXPORT },
  ...["ftrt", "ptrt"].map((bytes) => ({ bytes, is: "an engine of TensorRT", remedy: EXPORT })),
  { bytes: "RKNN", is: "a model for processors of Rockchip", remedy: EXPORT },
  { bytes: "\x01HEF", is: "a model for accelerators of Hailo", remedy: EXPORT },
  { bytes: "\x89HDF", is: "an HDF5 file, as Keras saves its models", remedy: EXPORT },
  { bytes: "7767517", is: "a description of a model for ncnn", remedy: EXPORT },
  ...["\x80\x02", "\x80\x03", "\x80\x04"].map((bytes) => ({
    ...{ bytes, is: "a pickle of Python, as PyTorch saves its models", remedy: EXPORT },
  })),
  { bytes: "GGUF", is: "a language model (GGUF)", remedy: OTHER_FILE },
  { bytes: "\x93NUMPY", is: "an array of NumPy", remedy: OTHER_FILE },
  { bytes: "\x7fELF", is: "a program or library", remedy: OTHER_FILE },
  ...["\xff\xd8\xff", "\x89PNG"].map((bytes) => ({ bytes, is: "a picture", remedy: OTHER_FILE })),
  { at: 4, bytes: "ftyp", is: "a video", remedy: OTHER_FILE },
  { bytes: "\x1f\x8b", is: "gzip-compressed data", remedy: UNPACK },
  { at: 257, bytes: "ustar", is: "a tar archive", remedy: UNPACK },
  { bytes: "7z\xbc\xaf", is: "a 7z archive", remedy: UNPACK },
  { bytes: "\xfd7zXZ", is: "xz-compressed data", remedy: UNPACK },
  { bytes: "Rar!", is: "a RAR archive", remedy: UNPACK },
];

/** The kinds of text, by how it starts without spaces and in small letters. */
const TEXTS: readonly (FileKind & { readonly pattern: RegExp })[] = [
  { pattern: /^<(?:!doctype )?html/, is: "a web page", remedy: AGAIN },
  { pattern: /^<\?xml[^]*<net /, is: "a description of a model for OpenVINO", remedy: EXPORT },
  { pattern: /^<\?xml|^<error/, is: "an answer of a server in XML", remedy: AGAIN },
  { pattern: /^\{"error|^\{"message/, is: "the error message of a server", remedy: AGAIN },
  { pattern: /^entry not found|^not found|^access denied/, is: "an error message", remedy: AGAIN },
];

/** Bytes that are looked at of a text. */
const HEAD_BYTES = 512;
/** What ONNX's files have had as version of their format, and will have for a while. */
const MAX_IR_VERSION = 30;
/** The length in front of the header of safetensors. */
const HEADER_LENGTH_BYTES = 8;

/** Says what a file is that is no complete ONNX model. */
export function kindOf(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return { is: "an empty file", remedy: AGAIN };
  const signature = SIGNATURES.find((one) => startsWith(bytes, one));
  if (signature !== undefined) return signature;
  if (startsWith(bytes, { bytes: "PK\x03\x04" })) return zipKind(bytes);
  const text = headText(bytes);
  if (text !== null) {
    return TEXTS.find(({ pattern }) => pattern.test(text)) ??
      { is: `a text file of ${bytes.length} bytes`, remedy: OTHER_FILE };
  }
  if (isSafetensors(bytes)) {
    return { is: "weights without their network (safetensors)", remedy: EXPORT };
  }
  return messageKind(bytes);
}

/** Whether a file has these bytes at their place. */
export function startsWith(
  bytes: Uint8Array,
  { at = 0, bytes: expected }: Pick<Signature, "at" | "bytes">,
): boolean {
  return String.fromCharCode(...bytes.subarray(at, at + expected.length)) === expected;
}

/** The name of a zip archive's first file stands behind its header of 30 bytes. */
function zipKind(bytes: Uint8Array): FileKind {
  const name = new TextDecoder().decode(bytes.subarray(30, 30 + (bytes[26] ?? 0)));
  return name.endsWith(".onnx")
    ? { is: "a zip archive with an .onnx file in it", remedy: UNPACK }
    : { is: "a zip archive, as PyTorch saves its models", remedy: EXPORT };
}

/** The start of a text, without spaces before it and in small letters; null for what is none. */
function headText(bytes: Uint8Array): string | null {
  const head = bytes.subarray(0, HEAD_BYTES);
  // Control characters other than tab, line feed and carriage return do not occur in text.
  const isText = head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13);
  return isText ? new TextDecoder().decode(head).trimStart().toLowerCase() : null;
}

function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length <= HEADER_LENGTH_BYTES || bytes[HEADER_LENGTH_BYTES] !== 0x7b) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_LENGTH_BYTES);
  return view.getBigUint64(0, true) <= BigInt(bytes.length - HEADER_LENGTH_BYTES);
}

/** What begins as an ONNX model and breaks off is one without its end; a whole message is another program's. */
function messageKind(bytes: Uint8Array): FileKind {
  const size = `${bytes.length} bytes`;
  if (bytes.subarray(0, HEAD_BYTES).every((byte) => byte === 0)) {
    return {
      is: `${size} that begin with zeros, as an interrupted copy leaves them`,
      remedy: AGAIN,
    };
  }
  const reader = new MessageReader(bytes);
  let isOnnx = false;
  let step = reader.next();
  for (; step === "field"; step = reader.next()) {
    const isVersion = reader.number === 1 && reader.wire === WIRE.varint;
    isOnnx ||= isVersion && reader.value > 0 && reader.value <= MAX_IR_VERSION;
  }
  if (step === "end") {
    return { is: "a model of another program, such as TensorFlow or Core ML", remedy: EXPORT };
  }
  return isOnnx
    ? { is: `${size} of an ONNX model, not all of one or damaged`, remedy: AGAIN }
    : { is: `${size} that are no ONNX model, or not all of one`, remedy: OTHER_FILE };
}
