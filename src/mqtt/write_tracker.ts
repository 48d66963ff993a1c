import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";

/** Reports when what a call writes to a stream has reached the socket. */
export class WriteTracker {
  /** Calls that are not all written yet, oldest first. */
  readonly #unwritten: { readonly lastWrite: number; readonly done: () => void }[] = [];
  /** Calls of the stream's `write`, and how many of them reached the socket. */
  #writes = 0;
  #written = 0;

  constructor(stream: Duplex) {
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

  /** Makes a call, and calls back when all that it wrote is written; never when it wrote nothing. */
  call(action: () => void, done: () => void): void {
    const before = this.#writes;
    action();
    if (this.#writes > before) this.#unwritten.push({ lastWrite: this.#writes, done });
  }

  #settle(): void {
    for (let first = this.#unwritten[0]; first !== undefined; first = this.#unwritten[0]) {
      if (first.lastWrite > this.#written) return;
      this.#unwritten.shift();
      first.done();
    }
  }
}
