/** A TCP connection as a Node stream, for protocol libraries of Node. */
import { Duplex } from "node:stream";

/** Read buffers: an idle connection holds the small one only. */
const READ_BYTES = 8 * 1024;
const LARGE_READ_BYTES = 64 * 1024;

/** The part of {@link Deno.TcpConn} that a stream uses. */
export interface Connection {
  read(into: Uint8Array): Promise<number | null>;
  write(from: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

/**
 * Owns a connection: destroying the stream closes it. Errors of the connection destroy the stream
 * and are emitted as `error`.
 */
export class TcpStream extends Duplex {
  readonly remoteAddress: string;
  /** Called in place of closing once {@link destroySoon} has everything written; it closes later. */
  onWritten: () => void = () => this.destroy();
  readonly #connection: Connection;
  #readBytes = READ_BYTES;
  #isReading = false;

  constructor(connection: Connection, remoteAddress: string) {
    super({ allowHalfOpen: false });
    this.#connection = connection;
    this.remoteAddress = remoteAddress;
  }

  /** Closes when everything is written, like `node:net` sockets; Node's servers call it. */
  destroySoon(): void {
    this.end();
    if (this.writableFinished) this.onWritten();
    else this.once("finish", () => this.onWritten());
  }

  override _read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const buffer = new Uint8Array(this.#readBytes);
    this.#connection.read(buffer).then(
      (count) => {
        this.#isReading = false;
        this.#readBytes = count === buffer.length ? LARGE_READ_BYTES : READ_BYTES;
        this.push(count === null ? null : buffer.subarray(0, count));
      },
      (error: unknown) => this.#failed(error),
    );
  }

  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.closeWrite().then(
      () => done(),
      // The peer has closed already.
      () => done(),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.close();
    done(error);
  }

  async #writeAll(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) at += await this.#connection.write(chunk.subarray(at));
  }

  /** Ignores the failure of a read that destroying the stream interrupted. */
  #failed(error: unknown): void {
    if (this.destroyed) return;
    this.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
