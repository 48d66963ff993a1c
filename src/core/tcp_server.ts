/**
 * Accepting TCP connections within bounds. Neither `Deno.serve` nor `node:net` will do under Deno 2.9:
 * when the process has no descriptor left, the first ends the process and the second never accepts
 * again (measured).
 */
import type { Clock } from "./clock.ts";
import { TcpStream } from "./tcp_stream.ts";

/** After an accept that failed, most likely for want of descriptors, the next one waits. */
const ACCEPT_PAUSE_MS = 100;

/** Connections at once that are refused and not gone yet, and how long one may take to go. */
const MAX_REFUSED = 16;
const REFUSED_MS = 1_000;
/** Of what a refused client sends no more than this is read. */
const READ_BYTES = 16 * 1024;

/** Why a connection is refused: there are too many, or too many of its address. */
export type RefusalReason = "full" | "address";

export interface TcpServerOptions {
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Connections at once. */
  readonly maxConnections: number;
  /** Connections of one address at once. */
  readonly maxPerAddress: number;
  readonly clock: Clock;
  readonly onConnection: (stream: TcpStream) => void;
  /** The bytes that a refused connection gets before it is closed. */
  readonly refusal: (reason: RefusalReason) => Uint8Array;
  /** An accept failed, for the first time since one succeeded. */
  readonly onAcceptFailed: (error: unknown) => void;
}

/** Listens from its construction until it is closed; the connections then go on. */
export class TcpServer {
  readonly hostname: string;
  /** The port it really listens on. */
  readonly port: number;
  readonly #options: TcpServerOptions;
  readonly #listener: Deno.TcpListener;
  readonly #streams = new Set<TcpStream>();
  /** What ends each connection that is refused and not gone yet. */
  readonly #refused = new Map<Deno.TcpConn, () => void>();
  readonly #perAddress = new Map<string, number>();
  #isClosed = false;
  #cancelPause: (() => void) | null = null;

  /** @throws {Deno.errors.AddrInUse} and others of `Deno.listen` */
  constructor(options: TcpServerOptions) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: options.hostname, port: options.port });
    this.hostname = this.#listener.addr.hostname;
    this.port = this.#listener.addr.port;
    this.#accept();
  }

  /** Connections at this moment. */
  get connections(): number {
    return this.#streams.size;
  }

  get streams(): ReadonlySet<TcpStream> {
    return this.#streams;
  }

  /** Stops listening. Twice is harmless. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelPause?.();
    this.#listener.close();
    for (const end of this.#refused.values()) end();
  }

  /** Stops listening and ends every connection; settles when all of them are closed. */
  async end(): Promise<void> {
    this.close();
    await Promise.all([...this.#streams].map((stream) => {
      const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
      stream.destroy();
      return closed;
    }));
  }

  #accept(hasFailed = false): void {
    this.#listener.accept().then(
      (connection) => {
        this.#accepted(connection);
        if (!this.#isClosed) this.#accept();
      },
      (error: unknown) => {
        if (this.#isClosed) return;
        if (!hasFailed) this.#options.onAcceptFailed(error);
        this.#cancelPause = this.#options.clock.after(ACCEPT_PAUSE_MS, () => this.#accept(true));
      },
    );
  }

  #accepted(connection: Deno.TcpConn): void {
    const { hostname } = connection.remoteAddr;
    const ofAddress = this.#perAddress.get(hostname) ?? 0;
    const { maxConnections, maxPerAddress } = this.#options;
    if (this.#streams.size >= maxConnections) return this.#refuse(connection, "full");
    if (ofAddress >= maxPerAddress) return this.#refuse(connection, "address");
    const stream = new TcpStream(connection, hostname);
    this.#streams.add(stream);
    this.#perAddress.set(hostname, ofAddress + 1);
    stream.once("close", () => this.#ended(stream));
    this.#options.onConnection(stream);
  }

  #ended(stream: TcpStream): void {
    this.#streams.delete(stream);
    const left = (this.#perAddress.get(stream.remoteAddress) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(stream.remoteAddress, left);
    else this.#perAddress.delete(stream.remoteAddress);
  }

  /**
   * Answers, and closes when the client has: closed at once, with bytes unread, the kernel would take
   * the answer back. A few bytes fit into the socket, so nothing waits for one that does not read.
   */
  #refuse(connection: Deno.TcpConn, reason: RefusalReason): void {
    if (this.#refused.size >= MAX_REFUSED) return connection.close();
    const close = () => {
      cancel();
      if (this.#refused.delete(connection)) connection.close();
    };
    const cancel = this.#options.clock.after(REFUSED_MS, close);
    this.#refused.set(connection, close);
    connection.write(this.#options.refusal(reason))
      .then(() => connection.closeWrite())
      .then(() => connection.read(new Uint8Array(READ_BYTES)))
      .then(close, close);
  }
}
