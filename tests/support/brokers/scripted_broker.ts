/** A broker of MQTT 5 that sends only what a test scripts. */

/** A packet of the client. */
export interface Packet {
  readonly type: number;
  /** The lower half of the first byte. */
  readonly flags: number;
  readonly body: Uint8Array;
}

/** Takes one connection, on 127.0.0.1. */
export class ScriptedBroker implements Disposable {
  readonly address: string;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #connection: Deno.TcpConn | null = null;
  #bytes = new Uint8Array();

  constructor() {
    this.address = `mqtt://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Accepts one connection, and sends a CONNACK with `properties`. */
  async accept(properties: readonly number[]): Promise<void> {
    this.#connection = await this.#listener.accept();
    await this.packet();
    await this.send([0x20, 3 + properties.length, 0, 0, properties.length, ...properties]);
  }

  async send(bytes: readonly number[]): Promise<void> {
    await this.#connection?.write(new Uint8Array(bytes));
  }

  /** The next packet; its Remaining Length has one byte or two. */
  async packet(): Promise<Packet> {
    for (;;) {
      const [first = 0, low = 0, high = 0] = this.#bytes;
      const long = low >= 128;
      const start = long ? 3 : 2;
      const end = start + (long ? (low & 127) + high * 128 : low);
      if (this.#bytes.length >= start && this.#bytes.length >= end) {
        const body = this.#bytes.slice(start, end);
        this.#bytes = this.#bytes.slice(end);
        return { type: first >> 4, flags: first & 15, body };
      }
      const chunk = new Uint8Array(4096);
      const read = await this.#connection?.read(chunk) ?? null;
      if (read === null) throw new Error("the client closed the connection");
      this.#bytes = new Uint8Array([...this.#bytes, ...chunk.slice(0, read)]);
    }
  }

  [Symbol.dispose](): void {
    this.#connection?.close();
    this.#listener.close();
  }
}
