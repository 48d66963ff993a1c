import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import type { TimeSlice } from "./time_slice.ts";

/** Reports when a chunk is about to reach the socket, and when all that a call writes has reached it. */
export class WriteTracker {
  readonly #slice: TimeSlice;
  /** By chunk; one that is never written is collected with it. */
  readonly #beforeWrites = new WeakMap<object, () => void>();
  /** Calls that are not all written yet, oldest first. */
  readonly #unwritten: { readonly lastWrite: number; readonly done: () => void }[] = [];
  /** Calls of the stream's `write`, and how many of them reached the socket. */
  #writes = 0;
  #written = 0;

  /** @param slice  renewed before the calls of {@link before}, so that the write follows them at once */
  constructor(stream: Duplex, slice: TimeSlice) {
    this.#slice = slice;
    this.#watchChunks(stream);
    const write = stream.write.bind(stream);
    const onWritten = (error?: Error | null) => {
      // An error closes the session, which calls back with the reason.
      if (error !== undefined && error !== null) return;
      this.#written += 1;
      this.#settle();
    };
    stream.write = (chunk: unknown, encoding?: unknown) => {
      this.#writes += 1;
      return typeof encoding === "string" && Buffer.isEncoding(encoding)
        ? write(chunk, encoding, onWritten)
        : write(chunk, onWritten);
    };
  }

  /** Calls back each time when this chunk is about to be written to the socket. */
  before(chunk: Buffer, call: () => void): void {
    this.#beforeWrites.set(chunk, call);
  }

  /** Makes a call, and calls back when all that it wrote is written; never when it wrote nothing. */
  call(action: () => void, done: () => void): void {
    const before = this.#writes;
    action();
    if (this.#writes > before) this.#unwritten.push({ lastWrite: this.#writes, done });
  }

  /** Streams call these methods once for each chunk, after those before it were written. */
  #watchChunks(stream: Duplex): void {
    const { _write: write, _writev: writev } = stream;
    stream._write = (chunk: unknown, encoding, done) => {
      this.#beforeWrite([chunk]);
      write.call(stream, chunk, encoding, done);
    };
    if (writev === undefined || writev === null) return;
    stream._writev = (chunks, done) => {
      this.#beforeWrite(chunks.map(({ chunk }) => chunk));
      writev.call(stream, chunks, done);
    };
  }

  #beforeWrite(chunks: readonly unknown[]): void {
    const calls = chunks.flatMap((chunk) =>
      chunk instanceof Buffer ? this.#beforeWrites.get(chunk) ?? [] : []
    );
    if (calls.length === 0) return;
    this.#slice.renew();
    for (const call of calls) call();
  }

  #settle(): void {
    for (let first = this.#unwritten[0]; first !== undefined; first = this.#unwritten[0]) {
      if (first.lastWrite > this.#written) return;
      this.#unwritten.shift();
      first.done();
    }
  }
}
