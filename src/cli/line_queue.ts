/** A bounded queue of log lines for a reader that may be slow, blocked or closed. */
import type { Clock } from "../core/clock.ts";

/** Bound of the queue: some minutes of a typical log. */
export const MAX_WAITING_BYTES = 256 * 1024;

/** Bytes per write. */
const MAX_WRITE_BYTES = 32 * 1024;

/** Delay before a failed write is retried: a full disk, a closed terminal. */
const RETRY_MS = 1000;

/** The same for `EWOULDBLOCK`, where another program has made the pipe or terminal nonblocking. */
const SLOW_RETRY_MS = 50;

export interface LineQueueOptions {
  /** Writes some of the bytes and resolves to their number. Called once at a time; may never settle. */
  readonly write: (bytes: Uint8Array) => Promise<number>;
  readonly clock: Clock;
  /** Called once the queue has drained after lines were dropped, with their number. */
  readonly onGap: (lines: number) => void;
}

const encoder = new TextEncoder();

/**
 * Queues lines and writes them in the background. Once a line does not fit, lines are dropped and
 * counted until the queue is empty, so that drops form one gap, reported where it occurred.
 *
 * A closed pipe ends writing for good; after any other failure the write is retried.
 */
export class LineQueue {
  readonly #options: LineQueueOptions;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #gap = 0;
  #dropped = 0;
  #isClosed = false;
  #isFlushing = false;
  #drained: Promise<void> | null = null;
  #endPause: () => void = () => undefined;

  constructor(options: LineQueueOptions) {
    this.#options = options;
  }

  /** Lines dropped since the start, including those after the reader closed the pipe. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues one line, line break included. */
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
   * Waits until the queue is drained or a write fails, at most `timeoutMs`. For the exit of the process:
   * from here on a failed write is not retried.
   */
  async flush(timeoutMs: number): Promise<void> {
    this.#isFlushing = true;
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
        else if (this.#isFlushing) break;
        else await this.#pause(error instanceof Deno.errors.WouldBlock ? SLOW_RETRY_MS : RETRY_MS);
      }
      if (rest.length === 0 && this.#waiting.length === 0) this.#closeGap();
    }
    this.#drained = null;
  }

  /** Joins the next whole lines into one chunk, to save system calls. */
  #take(): Uint8Array {
    let bytes = 0;
    let lines = 0;
    for (const line of this.#waiting) {
      if (lines > 0 && bytes + line.length > MAX_WRITE_BYTES) break;
      bytes += line.length;
      lines++;
    }
    const chunk = new Uint8Array(bytes);
    let at = 0;
    for (const line of this.#waiting.splice(0, lines)) {
      chunk.set(line, at);
      at += line.length;
    }
    return chunk;
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
