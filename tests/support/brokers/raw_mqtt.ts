/** An MQTT 3.1.1 client of raw packets, for those that no library sends. */
import { WAIT_TIMEOUT_MS } from "../system/lines.ts";

/** A packet from the broker. */
export interface RawPacket {
  /** The control packet type: 2 is CONNACK, 3 PUBLISH, 4 PUBACK, 5 PUBREC, 7 PUBCOMP, 9 SUBACK. */
  readonly type: number;
  readonly flags: number;
  /** All bytes after the fixed header. */
  readonly body: Uint8Array;
}

const encoder = new TextEncoder();

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const uint16 = (value: number) => new Uint8Array([value >> 8, value & 0xff]);

function text(value: string): Uint8Array {
  const bytes = encoder.encode(value);
  return concat(uint16(bytes.length), bytes);
}

/** A packet with its fixed header; `length` may differ from that of the body. */
export function packet(type: number, flags: number, body: Uint8Array, length = body.length) {
  const lengthBytes: number[] = [];
  for (let left = length; lengthBytes.length === 0 || left > 0; left >>>= 7) {
    lengthBytes.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  }
  return concat(new Uint8Array([(type << 4) | flags, ...lengthBytes]), body);
}

export interface Login {
  readonly clientId: string;
  readonly password?: string;
  /** Absent: true. */
  readonly clean?: boolean;
}

export const connectPacket = ({ clientId, password, clean = true }: Login) =>
  packet(
    1,
    0,
    concat(
      text("MQTT"),
      new Uint8Array([4, (clean ? 2 : 0) | (password === undefined ? 0 : 0xc0), 0, 0]),
      text(clientId),
      ...password === undefined ? [] : [text(clientId), text(password)],
    ),
  );

export interface RawPublish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly id?: number;
}

export const publishPacket = ({ topic, payload, qos = 0, retain = false, id = 1 }: RawPublish) =>
  packet(
    3,
    (qos << 1) | (retain ? 1 : 0),
    concat(text(topic), ...qos === 0 ? [] : [uint16(id)], payload),
  );

export const subscribePacket = (filter: string, qos: 0 | 1 | 2) =>
  packet(8, 2, concat(uint16(1), text(filter), new Uint8Array([qos])));

/** Parses a PUBLISH. */
export function published({ flags, body }: RawPacket) {
  const topicLength = (body[0] ?? 0) * 256 + (body[1] ?? 0);
  const qos = (flags >> 1) & 3;
  const at = 2 + topicLength;
  return {
    topic: new TextDecoder().decode(body.subarray(2, at)),
    qos,
    id: qos === 0 ? 0 : (body[at] ?? 0) * 256 + (body[at + 1] ?? 0),
    payload: body.subarray(qos === 0 ? at : at + 2),
  };
}

/** One connection; closed when disposed. */
export class RawMqtt implements Disposable {
  readonly #connection: Deno.TcpConn;
  #rest = new Uint8Array(0);
  #sending: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open(port: number): Promise<RawMqtt> {
    return new RawMqtt(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Connects as a client. @returns CONNACK's return code, or null when the broker closes */
  async login(login: Login): Promise<number | null> {
    await this.send(connectPacket(login));
    const answer = await this.receive();
    return answer === null ? null : answer.body[1] ?? null;
  }

  /**
   * Writes all bytes, after those sent before. Errors of a closed connection are ignored: `receive` reports
   * the end.
   */
  send(bytes: Uint8Array): Promise<void> {
    this.#sending = this.#sending.then(() => this.#writeAll(bytes));
    return this.#sending;
  }

  /** The next packet, or null when the broker has closed. */
  async receive(): Promise<RawPacket | null> {
    let whole = packetLength(this.#rest);
    while (whole === null) {
      const chunk = await this.#read();
      if (chunk === null) return null;
      this.#rest = concat(this.#rest, chunk);
      whole = packetLength(this.#rest);
    }
    const end = whole.header + whole.body;
    const chunks = [this.#rest];
    let size = this.#rest.length;
    while (size < end) {
      const chunk = await this.#read();
      if (chunk === null) return null;
      chunks.push(chunk);
      size += chunk.length;
    }
    const bytes = concat(...chunks);
    this.#rest = bytes.slice(end);
    const first = bytes[0] ?? 0;
    return { type: first >> 4, flags: first & 15, body: bytes.subarray(whole.header, end) };
  }

  /** The next packet of a type; skips others. */
  async receiveType(type: number): Promise<RawPacket> {
    for (;;) {
      const next = await this.receive();
      if (next === null) throw new Error(`the broker closed before a packet of type ${type} came`);
      if (next.type === type) return next;
    }
  }

  /** Resolves when the broker has closed the connection. */
  async closed(): Promise<void> {
    while (await this.receive() !== null);
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#connection.write(bytes.subarray(at));
      }
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  }

  async #read(): Promise<Uint8Array<ArrayBuffer> | null> {
    const buffer = new Uint8Array(256 * 1024);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error("the broker sent nothing in time")),
      WAIT_TIMEOUT_MS,
    );
    try {
      const count = await Promise.race([this.#connection.read(buffer), late.promise]);
      return count === null ? null : buffer.slice(0, count);
    } catch (error) {
      if (isEnd(error)) return null;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function isEnd(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted;
}

/** Parses a fixed header; null while it is incomplete. */
function packetLength(
  bytes: Uint8Array,
): { readonly header: number; readonly body: number } | null {
  let body = 0;
  for (let at = 1; at < bytes.length && at <= 4; at++) {
    const byte = bytes[at] ?? 0;
    body += (byte & 0x7f) * 2 ** (7 * (at - 1));
    if ((byte & 0x80) === 0) return { header: at + 1, body };
  }
  return null;
}
