/** Lines on their way to a reader that may be slow, full or gone. */
import type { Clock } from "../core/clock.ts";

/** How much may wait for the reader: some minutes of a usual log. */
export const MAX_WAITING_BYTES = 256 * 1024;

/** How much is handed to the system at once. */
const MAX_WRITE_BYTES = 32 * 1024;

/** How long to leave a reader alone that takes nothing: a full disk, a terminal that went away. */
const RETRY_MS = 1000;

/** The same for one that is only slow, where another program has made the pipe or terminal nonblocking. */
const SLOW_RETRY_MS = 50;

/** Where lines go, and what becomes of them there. */
export interface LineQueueOptions {
  /** Writes some of the bytes, and says how many. One call at a time; it may take for ever. */
  readonly write: (bytes: Uint8Array) => Promise<number>;
  readonly clock: Clock;
  /** Lines were dropped, and the reader takes lines again: the place of the line that says so. */
  readonly onGap: (lines: number) => void;
}

const encoder = new TextEncoder();

/**
 * Hands lines over without ever waiting for them. What does not fit into the queue is dropped and
 * counted until the queue is empty again, so that a gap is one, and its line stands where it is.
 *
 * A reader that closed its end is gone for good; any other failure passes, and the write is repeated.
 */
export class LineQueue {
  readonly #options: LineQueueOptions;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #gap = 0;
  #dropped = 0;
  #isClosed = false;
  #isEnding = false;
  #drained: Promise<void> | null = null;
  #endPause: () => void = () => undefined;

  constructor(options: LineQueueOptions) {
    this.#options = options;
  }

  /** How many lines were dropped since the start, those after the reader went away included. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes one line, line break included. */
  push(line: string): void {
    const bytes = encoder.encode(line);
    const fits = this.#waitingBytes + bytes.length <= MAX_WAITING_BYTES;
    if (this.#isClosed || this.#gap > 0 || !fits) {
      this.#dropped++;
      if (!this.#isClosed) this.#gap++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#drained ??= this.#drain();
  }

  /**
   * Waits until everything is written, or nothing more can be, and no longer than `timeoutMs`. To be
   * called before the process ends: a failed write is not repeated any more.
   */
  async flush(timeoutMs: number): Promise<void> {
    this.#isEnding = true;
    this.#endPause();
    if (this.#drained === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(timeoutMs, resolve);
    await Promise.race([this.#drained, promise]);
    cancel();
  }

  async #drain(): Promise<void> {
    let rest: Uint8Array = new Uint8Array();
    while (!this.#isClosed) {
      if (rest.length === 0) rest = this.#take();
      if (rest.length === 0) break;
      try {
        const count = await this.#options.write(rest);
        this.#waitingBytes -= count;
        rest = rest.subarray(count);
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) this.#close();
        else if (this.#isEnding) break;
        else await this.#pause(error instanceof Deno.errors.WouldBlock ? SLOW_RETRY_MS : RETRY_MS);
      }
      if (rest.length === 0 && this.#waiting.length === 0) this.#closeGap();
    }
    this.#drained = null;
  }

  /** The next lines, whole ones, as one piece: a call of the system for each would cost more. */
  #take(): Uint8Array {
    let bytes = 0;
    let lines = 0;
    for (const line of this.#waiting) {
      if (lines > 0 && bytes + line.length > MAX_WRITE_BYTES) break;
      bytes += line.length;
      lines++;
    }
    const piece = new Uint8Array(bytes);
    let at = 0;
    for (const line of this.#waiting.splice(0, lines)) {
      piece.set(line, at);
      at += line.length;
    }
    return piece;
  }

  #closeGap(): void {
    const lines = this.#gap;
    this.#gap = 0;
    if (lines > 0) this.#options.onGap(lines);
  }

  #close(): void {
    this.#isClosed = true;
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#gap = 0;
  }

  #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(delayMs, resolve);
    this.#endPause = () => {
      cancel();
      resolve();
    };
    return promise;
  }
}
