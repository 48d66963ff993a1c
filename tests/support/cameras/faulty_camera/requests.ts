/** Parses what a client sends: requests, responses to the camera's requests, interleaved RTCP. */

const DOLLAR = 0x24;

/** A message or packet of a client. */
export type Incoming =
  | {
    readonly kind: "request";
    readonly method: string;
    readonly uri: string;
    readonly headers: ReadonlyMap<string, string>;
  }
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly headers: ReadonlyMap<string, string>;
  }
  | { readonly kind: "packet"; readonly channel: number; readonly bytes: Uint8Array };

/** Splits the bytes of one connection. */
export class RequestReader {
  #bytes = new Uint8Array(0);

  /** Adds bytes. @returns the messages and packets that they complete, in order */
  push(more: Uint8Array): Incoming[] {
    const joined = new Uint8Array(this.#bytes.length + more.length);
    joined.set(this.#bytes);
    joined.set(more, this.#bytes.length);
    this.#bytes = joined;
    const incoming: Incoming[] = [];
    for (;;) {
      const next = this.#bytes[0] === DOLLAR ? this.#packet() : this.#message();
      if (next === null) return incoming;
      incoming.push(next);
    }
  }

  #packet(): Incoming | null {
    const [, channel = 0, high = 0, low = 0] = this.#bytes;
    const endsAt = 4 + (high << 8 | low);
    if (this.#bytes.length < 4 || this.#bytes.length < endsAt) return null;
    const bytes = this.#bytes.slice(4, endsAt);
    this.#bytes = this.#bytes.subarray(endsAt);
    return { kind: "packet", channel, bytes };
  }

  #message(): Incoming | null {
    const text = new TextDecoder("latin1").decode(this.#bytes);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const [first = "", ...lines] = text.slice(0, end).trimStart().split("\r\n");
    const headers = new Map<string, string>();
    for (const line of lines) {
      const [name = "", ...value] = line.split(":");
      headers.set(name.trim().toLowerCase(), value.join(":").trim());
    }
    const bodyBytes = Number(headers.get("content-length") ?? 0);
    if (this.#bytes.length < end + 4 + bodyBytes) return null;
    this.#bytes = this.#bytes.subarray(end + 4 + bodyBytes);
    const [start = "", second = ""] = first.split(" ");
    if (start.startsWith("RTSP/")) return { kind: "answer", status: Number(second), headers };
    return { kind: "request", method: start, uri: second, headers };
  }
}
