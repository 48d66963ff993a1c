/** What main knows of the events that a publisher's thread posted. */
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { NumberedEvent, PresenceResume, Stay } from "../../../src/core/presence_types.ts";
import { PresenceJournal } from "../../../src/service/workers/presence_journal.ts";

/** Main's own journal, fed with the messages of a thread as main feeds it. */
export class TestJournal {
  readonly #journal = new PresenceJournal();
  /** The stays whose start was heard of, in order. */
  readonly started: string[] = [];

  observe(message: FromPublisher): void {
    switch (message.kind) {
      case "presence":
        if (message.event.kind === "start") this.started.push(message.event.stay.id);
        return this.#journal.observe(message);
      case "presence-settled":
        return this.#journal.settled(message.number);
      case "open-stays":
        return this.#journal.openStays(message.stays);
    }
  }

  get open(): readonly Stay[] {
    return this.#journal.resume().stays;
  }

  get unsettled(): readonly NumberedEvent[] {
    return this.#journal.resume().unpublished;
  }

  /** What the thread after this one has to know, as a port copies it. */
  resume(): PresenceResume {
    return structuredClone(this.#journal.resume());
  }
}
