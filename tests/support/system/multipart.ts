/** A multipart body as its parts arrive. */

/** One part: its header, by names in lower case, and its body. */
export interface BodyPart {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array<ArrayBuffer>;
}

const HEAD_END = "\r\n\r\n";

/** Reads the parts of a response with a `Content-Length` in each. */
export class Multipart implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #delimiter: string;
  #bytes = new Uint8Array();

  constructor(response: Response) {
    const type = response.headers.get("content-type") ?? "";
    const boundary = /^multipart\/x-mixed-replace; boundary=([-a-z]+)$/.exec(type)?.[1];
    if (response.body === null || boundary === undefined) throw new Error(`no multipart: ${type}`);
    this.#delimiter = `--${boundary}\r\n`;
    this.#reader = response.body.getReader();
  }

  /** The next part, or null when the body has ended. */
  async next(): Promise<BodyPart | null> {
    const head = await this.#head();
    if (head === null) return null;
    const lines = head.slice(this.#delimiter.length).split("\r\n");
    const headers = new Map(
      lines.map((line) => {
        const [name = "", ...value] = line.split(": ");
        return [name.toLowerCase(), value.join(": ")] as const;
      }),
    );
    const length = Number(headers.get("content-length"));
    const start = head.length + HEAD_END.length;
    // With the line end and the delimiter behind the body.
    const whole = start + length + 2 + this.#delimiter.length;
    while (this.#bytes.length < whole) if (!await this.#read()) return null;
    const body = this.#bytes.slice(start, start + length);
    this.#bytes = this.#bytes.slice(start + length + 2);
    const end = new TextDecoder().decode(this.#bytes.subarray(0, this.#delimiter.length));
    if (end !== this.#delimiter) throw new Error(`a part ends with ${JSON.stringify(end)}`);
    return { headers, body };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
  }

  /** The header of the next part with the delimiter before it; null at the end. */
  async #head(): Promise<string | null> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#bytes.subarray(0, 1024));
      const end = text.indexOf(HEAD_END);
      if (end >= 0) {
        if (text.startsWith(this.#delimiter)) return text.slice(0, end);
        throw new Error(`a part begins with ${JSON.stringify(text.slice(0, 40))}`);
      }
      if (!await this.#read()) return null;
    }
  }

  async #read(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    if (done) return false;
    const bytes = new Uint8Array(this.#bytes.length + value.length);
    bytes.set(this.#bytes);
    bytes.set(value, this.#bytes.length);
    this.#bytes = bytes;
    return true;
  }
}
