/** The output of a child process by lines, and waiting for a certain line. */

import { variable } from "./parts.ts";

/** The variable with a factor for the timeouts of tests: an emulated machine is slower. */
export const PATIENCE_VARIABLE = "ORION_TEST_PATIENCE";

/** That factor. */
export const PATIENCE: number = Number(variable(PATIENCE_VARIABLE) ?? 1);

/** The default timeout for something that should happen at once. */
export const WAIT_TIMEOUT_MS: number = 60_000 * PATIENCE;

/** How many of the last lines a failed wait shows. */
const LINES_SHOWN = 15;

interface Waiter {
  readonly test: (line: string) => boolean;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** All lines of a byte stream, and the tests that wait for one. */
export class Lines {
  /** Every line so far. */
  readonly all: string[] = [];
  /** Settles when the stream has ended. */
  readonly ended: Promise<void>;
  #waiters: Waiter[] = [];
  #open = true;
  readonly #name: string;

  /**
   * @param name    the name of the stream in failure messages
   * @param stream  read to its end; a child's pipe ends when the child does
   */
  constructor(name: string, stream: ReadableStream<Uint8Array>) {
    this.#name = name;
    this.ended = this.#read(stream);
  }

  /**
   * The first line from `since` on that passes the test: an earlier one, or the next.
   * @throws when the stream ends or the time runs out first; the error shows the last lines
   */
  waitFor(
    test: (line: string) => boolean,
    { timeoutMs = WAIT_TIMEOUT_MS, since = 0, what = "a line" } = {},
  ): Promise<string> {
    const found = this.all.slice(since).find(test);
    if (found !== undefined) return Promise.resolve(found);
    if (!this.#open) return Promise.reject(this.#failure(`it ended without ${what}`));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((waiter) => waiter.timer !== timer);
        reject(this.#failure(`${what} did not come within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiters.push({ test, resolve, reject, timer });
    });
  }

  /** All lines so far, as text. */
  text(): string {
    return this.all.join("\n");
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) this.#add(line);
    }
    if (rest !== "") this.#add(rest);
    this.#open = false;
    for (const waiter of this.#waiters.splice(0)) {
      clearTimeout(waiter.timer);
      waiter.reject(this.#failure("it ended while a test waited for a line"));
    }
  }

  #add(line: string): void {
    this.all.push(line);
    const met = this.#waiters.filter((waiter) => waiter.test(line));
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const waiter of met) {
      clearTimeout(waiter.timer);
      waiter.resolve(line);
    }
  }

  #failure(what: string): Error {
    const last = this.all.slice(-LINES_SHOWN).map((line) => `    ${line}`).join("\n");
    return new Error(`${this.#name}: ${what}; it said last:\n${last || "    (nothing)"}`);
  }
}

/** A line as a JSON object, or null if it is not one. */
export function jsonLine(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
