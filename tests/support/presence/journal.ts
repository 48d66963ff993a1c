/** What main knows of the events that a publisher's thread posted. */
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { NumberedEvent, PresenceResume, Stay } from "../../../src/core/presence_types.ts";

/** Collects events, and says what the thread after this one has to know. */
export class TestJournal {
  readonly #unpublished = new Map<number, NumberedEvent>();
  readonly #open = new Map<string, Stay>();
  /** The stays whose start was heard of, in order. */
  readonly started: string[] = [];
  #lastNumber = 0;

  observe(message: FromPublisher): void {
    if (message.kind === "presence-settled") this.#unpublished.delete(message.number);
    if (message.kind !== "presence") return;
    const { number, event } = message;
    this.#lastNumber = number;
    this.#unpublished.set(number, { number, event });
    if (event.kind === "start") this.started.push(event.stay.id);
    if (event.kind === "start" || event.kind === "update") {
      this.#open.set(event.stay.id, event.stay);
    } else if (event.kind === "end") this.#open.delete(event.stay.id);
  }

  get open(): readonly Stay[] {
    return [...this.#open.values()];
  }

  get unsettled(): readonly NumberedEvent[] {
    return [...this.#unpublished.values()];
  }

  resume(): PresenceResume {
    return structuredClone({
      stays: this.open,
      unpublished: this.unsettled,
      lastNumber: this.#lastNumber,
    });
  }
}
