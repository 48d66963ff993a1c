/** A client of `GET /events`. */
import { WAIT_TIMEOUT_MS } from "../system/lines.ts";

/** One event of a stream. */
export interface ReceivedEvent {
  readonly event: string;
  readonly data: string;
  /** The last id so far; empty before the first. */
  readonly id: string;
}

/** An open stream of events. */
export class EventStream implements AsyncDisposable {
  readonly response: Response;
  readonly events: ReceivedEvent[] = [];
  readonly #ended: Promise<void>;
  lastId = "";
  readonly #abort: AbortController;
  #changed = Promise.withResolvers<void>();

  constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.#ended = this.#read();
    // Awaited where it matters.
    this.#ended.catch(() => undefined);
  }

  /** Waits for an event, among those so far and to come. */
  waitFor(is: (event: ReceivedEvent) => boolean): Promise<ReceivedEvent> {
    return this.#inTime("the event", async (late) => {
      for (;;) {
        const found = this.events.find(is);
        if (found !== undefined) return found;
        await Promise.race([this.#changed.promise, late]);
      }
    });
  }

  /** Waits until the server has ended it. */
  waitForEnd(): Promise<void> {
    return this.#inTime("the end", (late) => Promise.race([this.#ended, late]));
  }

  async #inTime<T>(what: string, wait: (late: Promise<never>) => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`${what} did not come; so far ${this.events.length} events`)),
      WAIT_TIMEOUT_MS,
    );
    try {
      return await wait(late.promise);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#ended;
  }

  async #read(): Promise<void> {
    let text = "";
    try {
      if (this.response.body === null) return;
      for await (const chunk of this.response.body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          this.#parse(text.slice(0, end));
          text = text.slice(end + 2);
        }
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  #parse(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      fields.set(name, value);
    }
    this.lastId = fields.get("id") ?? this.lastId;
    const [event, data] = [fields.get("event"), fields.get("data")];
    if (event === undefined || data === undefined) return;
    this.events.push({ event, data, id: this.lastId });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** Opens a stream. */
export async function streamOf(url: string, init: RequestInit = {}): Promise<EventStream> {
  const abort = new AbortController();
  const response = await fetch(url, { ...init, signal: abort.signal });
  return new EventStream(response, abort);
}
