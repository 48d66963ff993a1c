/**
 * Accepts TCP connections within bounds. Neither `Deno.serve` nor `node:net` can be used under Deno 2.9:
 * when the process has run out of descriptors, the first ends the process and the second never accepts
 * again (measured).
 */
import type { Clock } from "./clock.ts";
import { TcpStream } from "./tcp_stream.ts";

/** Delay after a failed accept, most likely for lack of descriptors. */
const ACCEPT_PAUSE_MS = 100;

/** Bounds of refused connections that are not closed yet: their number, and the time until they are. */
const MAX_REFUSED = 16;
const REFUSED_MS = 1_000;
/** Bytes that are read of a refused client. */
const READ_BYTES = 16 * 1024;

/** Why a connection is refused: too many in total, or too many of its address. */
export type RefusalReason = "full" | "address";

export interface TcpServerOptions {
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Concurrent connections. */
  readonly maxConnections: number;
  /** Concurrent connections of one address. */
  readonly maxPerAddress: number;
  readonly clock: Clock;
  readonly onConnection: (stream: TcpStream) => void;
  /** The bytes that are sent to a refused connection before it is closed. */
  readonly refusal: (reason: RefusalReason) => Uint8Array;
  /** Called when an accept fails, for the first time since one succeeded. */
  readonly onAcceptFailed: (error: unknown) => void;
}

/** Listens from construction until closed; open connections are not affected by that. */
export class TcpServer {
  readonly hostname: string;
  /** The actual port. */
  readonly port: number;
  readonly #options: TcpServerOptions;
  readonly #listener: Deno.TcpListener;
  readonly #streams = new Set<TcpStream>();
  /** Closes each refused connection that is still open. */
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

  /** Current number of connections. */
  get connections(): number {
    return this.#streams.size;
  }

  get streams(): ReadonlySet<TcpStream> {
    return this.#streams;
  }

  /** Stops listening; idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelPause?.();
    this.#listener.close();
    for (const end of this.#refused.values()) end();
  }

  /** Stops listening and closes every connection; resolves when all are closed. */
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
    // Else what follows a write waits until the client has acknowledged it: 40 ms.
    connection.setNoDelay(true);
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
   * Sends the refusal, and closes when the client has. Closing at once, with unread bytes, would reset the
   * connection and discard the answer. The few bytes fit into the socket buffer, so writing never blocks.
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
