/** A TCP relay to a server, which records what clients send. */
import { isGone } from "../cameras/faulty_camera/wire.ts";
import { freePort, listenPatiently } from "../system/ports.ts";

/** Listens for a server of 127.0.0.1: `await using other = Relay.start({ hostname: "127.0.0.2", to: port })`. */
export class Relay implements AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
  /** Connections so far. */
  accepted = 0;
  /** All bytes of clients in the order of arrival, one character each. */
  sent = "";
  /** Bytes that clients may still send until all connections are cut, and who waits for that. */
  #cut: { leftBytes: number; readonly done: () => void } | null = null;
  readonly #to: number;
  readonly #listener: Deno.TcpListener;
  readonly #ends = new Set<Deno.TcpConn>();
  readonly #clients: Promise<void>[] = [];
  readonly #accepting: Promise<void>;

  private constructor(hostname: string, port: number, to: number) {
    this.hostname = hostname;
    this.#to = to;
    this.#listener = listenPatiently(() => Deno.listen({ hostname, port }));
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /**
   * Starts to listen.
   * @param plan.port  default: any free one
   * @param plan.to  the server's port
   */
  static start(plan: {
    readonly hostname: string;
    readonly port?: number;
    readonly to: number;
  }): Relay {
    return new Relay(plan.hostname, plan.port ?? freePort(), plan.to);
  }

  /** `host:port`. */
  get host(): string {
    return `${this.hostname}:${this.port}`;
  }

  /**
   * Forwards this many more bytes of clients and then cuts every connection, wherever that is in a packet.
   * @returns when it happened
   */
  cutAfter(bytes: number): Promise<void> {
    return new Promise((done) => this.#cut = { leftBytes: bytes, done });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const end of this.#ends) this.#close(end);
    await this.#accepting;
    await Promise.all(this.#clients);
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) {
        this.accepted++;
        this.#clients.push(this.#serve(client));
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    this.#ends.add(client);
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#to });
    this.#ends.add(server);
    const decoder = new TextDecoder("latin1");
    await Promise.all([
      this.#forward(client, server, (bytes) => this.sent += decoder.decode(bytes)),
      this.#forward(server, client),
    ]);
  }

  /** Forwards what one end sends, and closes the other when it ends. */
  async #forward(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    onBytes?: (bytes: Uint8Array) => void,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        const isFromClient = onBytes !== undefined;
        const end = isFromClient ? Math.min(count, this.#cut?.leftBytes ?? count) : count;
        onBytes?.(buffer.subarray(0, end));
        for (let at = 0; at < end;) at += await to.write(buffer.subarray(at, end));
        if (isFromClient) this.#countCut(end);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    this.#close(to);
  }

  #countCut(bytes: number): void {
    if (this.#cut === null) return;
    this.#cut.leftBytes -= bytes;
    if (this.#cut.leftBytes > 0) return;
    for (const end of this.#ends) this.#close(end);
    this.#cut.done();
    this.#cut = null;
  }

  #close(end: Deno.TcpConn): void {
    if (this.#ends.delete(end)) end.close();
  }
}
