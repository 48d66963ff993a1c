// @ts-check
/** Reads `multipart/x-mixed-replace`: unlike an `<img>`, with the headers of each part. */

/** @typedef {{ headers: ReadonlyMap<string, string>, bytes: Uint8Array<ArrayBuffer> }} Part */

/** Larger parts, or headers, are no camera's. */
const MAX_PART_BYTES = 32 * 1024 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;

const BLANK_LINE = [13, 10, 13, 10];

/**
 * Cuts a stream of bytes into parts, each of which has a `Content-Length`.
 */
export class PartReader {
  /** @type {Uint8Array<ArrayBuffer>} */
  #waiting = new Uint8Array(0);
  /** @type {ReadonlyMap<string, string> | null} */
  #headers = null;
  #length = 0;

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes  the next ones of the stream
   * @returns {Part[]} the parts that are complete
   */
  push(bytes) {
    const all = new Uint8Array(this.#waiting.length + bytes.length);
    all.set(this.#waiting);
    all.set(bytes, this.#waiting.length);
    this.#waiting = all;
    /** @type {Part[]} */
    const parts = [];
    for (let part = this.#next(); part !== null; part = this.#next()) parts.push(part);
    return parts;
  }

  /** @returns {Part | null} */
  #next() {
    if (this.#headers === null) {
      const end = indexOf(this.#waiting, BLANK_LINE);
      if (end === -1) {
        if (this.#waiting.length > MAX_HEADER_BYTES) throw new Error("a header without an end");
        return null;
      }
      this.#headers = parseHeaders(new TextDecoder().decode(this.#waiting.subarray(0, end)));
      this.#waiting = this.#waiting.subarray(end + BLANK_LINE.length);
      this.#length = Number(this.#headers.get("content-length"));
      if (!(this.#length >= 0 && this.#length <= MAX_PART_BYTES)) {
        throw new Error("a part without a length");
      }
    }
    if (this.#waiting.length < this.#length) return null;
    const part = { headers: this.#headers, bytes: this.#waiting.slice(0, this.#length) };
    this.#waiting = this.#waiting.slice(this.#length);
    this.#headers = null;
    return part;
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {readonly number[]} wanted
 */
function indexOf(bytes, wanted) {
  const [first = 0] = wanted;
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((value, offset) => bytes[at + offset] === value)) return at;
  }
  return -1;
}

/**
 * The lines of a part before its content; its boundary is one of them, without a colon.
 * @param {string} text
 * @returns {ReadonlyMap<string, string>}
 */
function parseHeaders(text) {
  /** @type {Map<string, string>} */
  const headers = new Map();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) {
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
  }
  return headers;
}
