import { hasControlCharacters, withoutControlCharacters } from "../../core/control_characters.ts";
import { LifecycleError } from "../../core/errors.ts";
import { MAX_BLANK_LINES, MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADERS } from "../limits.ts";

const CR = 0x0d;
const LF = 0x0a;
const VERSION = "RTSP/1.0";

/** The headers of a message, in order. Names are case-insensitive: some cameras write `Cseq`. */
export class RtspHeaders {
  readonly #entries: readonly (readonly [string, string])[];

  constructor(entries: readonly (readonly [string, string])[]) {
    this.#entries = entries;
  }

  /** Names as written, and trimmed values. */
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

/** A server's response. */
export interface RtspResponse {
  readonly kind: "response";
  /** 100..599. */
  readonly status: number;
  /** The reason phrase: untrusted, and often "". */
  readonly reason: string;
  readonly headers: RtspHeaders;
  /** A copy of the connection's buffer; empty if there is none. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A request that the server sends. */
export interface RtspRequest {
  readonly kind: "request";
  /** In upper case. */
  readonly method: string;
  readonly uri: string;
  readonly headers: RtspHeaders;
  /** A copy of the connection's buffer; empty if there is none. */
  readonly body: Uint8Array<ArrayBuffer>;
}

export type RtspMessage = RtspResponse | RtspRequest;

/** `incomplete`: more bytes are needed; `invalid`: no bytes can complete it. */
export type ParsedMessage =
  | { readonly state: "message"; readonly message: RtspMessage; readonly consumedBytes: number }
  | { readonly state: "incomplete" }
  | { readonly state: "invalid"; readonly reason: string };

const INCOMPLETE: ParsedMessage = { state: "incomplete" };

function invalid(reason: string): ParsedMessage {
  return { state: "invalid", reason };
}

/**
 * Parses the message that begins at `start` (RFC 2326 4, 6, 7), optionally after blank lines.
 *
 * Tolerates common errors of cameras: lines that end in LF alone, a status without a reason, spaces
 * before the colon of a header, lines without a colon, headers continued on the next line.
 *
 * @param bytes  the connection's buffer: not retained
 * @param end  the end of the received bytes
 */
export function parseMessage(bytes: Uint8Array, start: number, end: number): ParsedMessage {
  const begin = skipBlankLines(bytes, start, end);
  if (begin === -1) return invalid("endless blank lines");
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
  if (startLine === null) return invalid("the first line is no RTSP start line");
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

/** @returns the offset of the start line, or -1 if there are too many blank lines */
function skipBlankLines(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === CR || bytes[at] === LF)) {
    if (at - start > 2 * MAX_BLANK_LINES) return -1;
    at++;
  }
  return at;
}

/** @returns the offset of the body, after the first empty line; -1 if that has not arrived */
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
  // The s flag: a reason may hold U+2028, a line terminator for `.` but not for RTSP.
  const status = /^RTSP\/\d\.\d\s+([1-5]\d\d)(?:\s+(.*))?$/is.exec(text);
  if (status !== null) {
    return { kind: "response", status: Number(status[1]), reason: status[2] ?? "" };
  }
  // The URI is everything between the first and the last space: it may itself hold spaces.
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

/** @returns the length, or why it is invalid */
function parseContentLength(headers: RtspHeaders): number | string {
  const texts = headers.getAll("Content-Length").flatMap((value) => value.split(","))
    .map((text) => text.trim()).filter((text) => text !== "");
  const lengths = new Set(texts.map((text) => /^\d{1,10}$/.test(text) ? Number(text) : NaN));
  if (lengths.size === 0) return 0;
  if (lengths.size > 1) return "two different values of Content-Length";
  const [length = NaN] = lengths;
  if (Number.isNaN(length)) return "Content-Length is no number";
  return length > MAX_BODY_BYTES ? `a body over ${MAX_BODY_BYTES} bytes` : length;
}

/** Removes control characters, which could otherwise reach a request or a log. */
function clean(text: string): string {
  return withoutControlCharacters(text, " ").trim();
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const latin1 = new TextDecoder("latin1");

/** Decodes UTF-8, or Latin-1 if the bytes are no valid UTF-8. Drops a byte order mark. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return latin1.decode(bytes);
  }
}

/** The fields of a request to write. `Content-Length` is added for a body. */
export interface RequestFields {
  readonly method: string;
  /** Sent unchanged. */
  readonly uri: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array;
}

/** The fields of a response to write. `Content-Length` is added for a body. */
export interface ResponseFields {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array;
}

/**
 * Encodes a request.
 * @throws {LifecycleError} a field holds a line break or another control character
 */
export function writeRequest(fields: RequestFields): Uint8Array<ArrayBuffer> {
  const { method, uri, headers, body } = fields;
  if (!/^[A-Z_]+$/.test(method)) throw new LifecycleError("An RTSP method is not a token.");
  if (uri === "" || uri.trim() !== uri) throw new LifecycleError("An RTSP request has no URI.");
  return write(`${method} ${uri} ${VERSION}`, headers, body);
}

/**
 * Encodes a response.
 * @throws {LifecycleError} a field holds a line break or another control character
 */
export function writeResponse(fields: ResponseFields): Uint8Array<ArrayBuffer> {
  const { status, reason, headers, body } = fields;
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
