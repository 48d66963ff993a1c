import { hasControlCharacters, withoutControlCharacters } from "../../core/control_characters.ts";
import { LifecycleError } from "../../core/errors.ts";
import { MAX_BLANK_LINES, MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADERS } from "../limits.ts";

const CR = 0x0d;
const LF = 0x0a;
const VERSION = "RTSP/1.0";

/** The headers of a message, in order. Names match in any case: some cameras write `Cseq`. */
export class RtspHeaders {
  readonly #entries: readonly (readonly [string, string])[];

  constructor(entries: readonly (readonly [string, string])[]) {
    this.#entries = entries;
  }

  /** Names as written, and values without the spaces around them. */
  entries(): readonly (readonly [string, string])[] {
    return this.#entries;
  }

  /** The first value of a header, or null. */
  get(name: string): string | null {
    const lower = name.toLowerCase();
    return this.#entries.find(([other]) => other.toLowerCase() === lower)?.[1] ?? null;
  }

  /** All values of a header that may repeat, such as `WWW-Authenticate`. */
  getAll(name: string): string[] {
    const lower = name.toLowerCase();
    return this.#entries.filter(([other]) => other.toLowerCase() === lower)
      .map(([, value]) => value);
  }
}

/** An answer to a request of ours. */
export interface RtspResponse {
  readonly kind: "response";
  /** 100..599. */
  readonly status: number;
  /** The server's words for it: untrusted, and often "". */
  readonly reason: string;
  readonly headers: RtspHeaders;
  /** A copy: stays valid. Empty when there is none. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A request that the server sends us. */
export interface RtspRequest {
  readonly kind: "request";
  /** In upper case. */
  readonly method: string;
  readonly uri: string;
  readonly headers: RtspHeaders;
  /** A copy: stays valid. Empty when there is none. */
  readonly body: Uint8Array<ArrayBuffer>;
}

export type RtspMessage = RtspResponse | RtspRequest;

/** What came of parsing: `incomplete` needs more bytes, `invalid` stays so whatever follows. */
export type ParsedMessage =
  | { readonly state: "message"; readonly message: RtspMessage; readonly consumedBytes: number }
  | { readonly state: "incomplete" }
  | { readonly state: "invalid"; readonly reason: string };

const INCOMPLETE: ParsedMessage = { state: "incomplete" };

function invalid(reason: string): ParsedMessage {
  return { state: "invalid", reason };
}

/**
 * Parses the message that begins at `start` (RFC 2326 4, 6, 7), after blank lines at most.
 *
 * Tolerates what cameras get wrong: lines that end in LF alone, a status without a reason, spaces before
 * the colon of a header, lines without a colon, headers continued on the next line.
 *
 * @param bytes  the connection's buffer: nothing of it is kept
 * @param end  where the bytes that have come end
 */
export function parseMessage(bytes: Uint8Array, start: number, end: number): ParsedMessage {
  const begin = skipBlankLines(bytes, start, end);
  if (begin === -1) return invalid("blank lines without end");
  const bodyStart = findBody(bytes, begin, end);
  if (bodyStart === -1) {
    if (end - begin > MAX_HEADER_BYTES) return invalid(`headers over ${MAX_HEADER_BYTES} bytes`);
    return INCOMPLETE;
  }
  if (bodyStart - begin > MAX_HEADER_BYTES) {
    return invalid(`headers over ${MAX_HEADER_BYTES} bytes`);
  }
  const [first = "", ...lines] = decodeText(bytes.subarray(begin, bodyStart)).split(/\r?\n/);
  const startLine = parseStartLine(first);
  if (startLine === null) return invalid("the first line is none of RTSP");
  const entries = parseHeaders(lines);
  if (entries === null) return invalid(`more than ${MAX_HEADERS} headers`);
  const headers = new RtspHeaders(entries);
  const length = parseContentLength(headers);
  if (typeof length === "string") return invalid(length);
  if (end - bodyStart < length) return INCOMPLETE;
  const body = new Uint8Array(bytes.subarray(bodyStart, bodyStart + length));
  return {
    state: "message",
    message: { ...startLine, headers, body },
    consumedBytes: bodyStart + length - start,
  };
}

/** @returns where the first line begins, or -1 when there are too many blank ones */
function skipBlankLines(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === CR || bytes[at] === LF)) {
    if (at - start > 2 * MAX_BLANK_LINES) return -1;
    at++;
  }
  return at;
}

/** @returns where the body begins: after the first empty line; -1 when that has not come */
function findBody(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_HEADER_BYTES + 1);
  for (let at = bytes.indexOf(LF, start); at !== -1 && at < limit; at = bytes.indexOf(LF, at + 1)) {
    if (at + 1 >= end) return -1;
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && at + 2 < end && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

type StartLine =
  | { readonly kind: "response"; readonly status: number; readonly reason: string }
  | { readonly kind: "request"; readonly method: string; readonly uri: string };

function parseStartLine(line: string): StartLine | null {
  const text = clean(line);
  // With s: a reason may hold U+2028, which is a line's end to a pattern and none to RTSP.
  const answer = /^RTSP\/\d\.\d\s+([1-5]\d\d)(?:\s+(.*))?$/is.exec(text);
  if (answer !== null) {
    return { kind: "response", status: Number(answer[1]), reason: answer[2] ?? "" };
  }
  // The address is everything between the first and the last space: it may hold some itself.
  const first = text.indexOf(" ");
  const last = text.lastIndexOf(" ");
  const method = text.slice(0, Math.max(first, 0));
  const uri = text.slice(first, last).trim();
  if (!/^[A-Za-z_]{1,32}$/.test(method) || uri === "") return null;
  if (!/^RTSP\/\d\.\d$/i.test(text.slice(last + 1))) return null;
  return { kind: "request", method: method.toUpperCase(), uri };
}

function parseHeaders(lines: readonly string[]): (readonly [string, string])[] | null {
  const entries: [string, string][] = [];
  for (const line of lines) {
    const last = entries.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      last[1] = `${last[1]} ${clean(line)}`.trim();
      continue;
    }
    const colon = line.indexOf(":");
    const name = clean(line.slice(0, Math.max(colon, 0)));
    if (name === "") continue;
    if (entries.length >= MAX_HEADERS) return null;
    entries.push([name, clean(line.slice(colon + 1))]);
  }
  return entries;
}

/** @returns the length, or what is wrong with it */
function parseContentLength(headers: RtspHeaders): number | string {
  const texts = headers.getAll("Content-Length").flatMap((value) => value.split(","))
    .map((text) => text.trim()).filter((text) => text !== "");
  const lengths = new Set(texts.map((text) => /^\d{1,10}$/.test(text) ? Number(text) : NaN));
  if (lengths.size === 0) return 0;
  if (lengths.size > 1) return "two lengths of the body that differ";
  const [length = NaN] = lengths;
  if (Number.isNaN(length)) return "the length of the body is no number";
  return length > MAX_BODY_BYTES ? `a body over ${MAX_BODY_BYTES} bytes` : length;
}

/** A line without control characters, which could otherwise end up in a request or a log. */
function clean(text: string): string {
  return withoutControlCharacters(text, " ").trim();
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const latin1 = new TextDecoder("latin1");

/** Text of a camera: UTF-8, and Latin-1 where it is none. A byte order mark is dropped. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return latin1.decode(bytes);
  }
}

/** A request to write. `Content-Length` is added for a body. */
export interface RequestParts {
  readonly method: string;
  /** As it is to be sent, unchanged. */
  readonly uri: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array;
}

/** An answer to write. `Content-Length` is added for a body. */
export interface ResponseParts {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array;
}

/**
 * A request as bytes.
 * @throws {LifecycleError} a part holds a line break or another control character
 */
export function writeRequest(parts: RequestParts): Uint8Array<ArrayBuffer> {
  const { method, uri, headers, body } = parts;
  if (!/^[A-Z_]+$/.test(method)) throw new LifecycleError("An RTSP method is not a token.");
  if (uri === "" || uri.trim() !== uri) throw new LifecycleError("An RTSP request has no address.");
  return write(`${method} ${uri} ${VERSION}`, headers, body);
}

/**
 * An answer as bytes.
 * @throws {LifecycleError} a part holds a line break or another control character
 */
export function writeResponse(parts: ResponseParts): Uint8Array<ArrayBuffer> {
  const { status, reason, headers, body } = parts;
  if (!(status >= 100 && status <= 599)) {
    throw new LifecycleError("An RTSP status is out of range.");
  }
  return write(`${VERSION} ${Math.trunc(status)} ${reason}`, headers, body);
}

function write(
  startLine: string,
  headers: readonly (readonly [string, string])[],
  body: Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  const lines = [startLine];
  for (const [name, value] of headers) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      throw new LifecycleError("The name of an RTSP header is not a token.");
    }
    lines.push(`${name}: ${value}`);
  }
  if (body !== undefined) lines.push(`Content-Length: ${body.byteLength}`);
  for (const line of lines) {
    // The line is not quoted: it may hold credentials.
    if (hasControlCharacters(line)) throw new LifecycleError("An RTSP line has a line break.");
  }
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  const bytes = new Uint8Array(head.byteLength + (body?.byteLength ?? 0));
  bytes.set(head);
  if (body !== undefined) bytes.set(body, head.byteLength);
  return bytes;
}
