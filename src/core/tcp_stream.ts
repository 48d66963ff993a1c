/** A TCP connection as the stream that protocol libraries of Node take. */
import { Duplex } from "node:stream";

/** A connection that is idle holds no more than the smaller one. */
const READ_BYTES = 8 * 1024;
const LARGE_READ_BYTES = 64 * 1024;

/** What a stream needs of a connection; {@link Deno.TcpConn} has it. */
export interface Connection {
  read(into: Uint8Array): Promise<number | null>;
  write(from: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

/**
 * Owns a connection: destroying the stream closes it. Errors of the connection destroy the stream,
 * and are its `error` event.
 */
export class TcpStream extends Duplex {
  readonly remoteAddress: string;
  readonly #connection: Connection;
  #readBytes = READ_BYTES;
  #isReading = false;

  constructor(connection: Connection, remoteAddress: string) {
    super({ allowHalfOpen: false });
    this.#connection = connection;
    this.remoteAddress = remoteAddress;
  }

  /** Closes when everything is written, as `node:net` sockets do; a server of Node's asks for it. */
  destroySoon(): void {
    this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
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
      // The other side has closed already: there is nothing to end.
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

  /** A read that a destroyed stream has cut off says nothing new. */
  #failed(error: unknown): void {
    if (this.destroyed) return;
    this.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
