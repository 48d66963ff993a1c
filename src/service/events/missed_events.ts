import type { WallMs } from "../../core/clock.ts";
import type { NumberedEvent } from "../../core/presence_types.ts";
import type { StayEvent } from "../../mqtt/presence_payloads.ts";

/** Events of stays that a reader that comes again can still get. */
export const MAX_MISSED = 256;
/** Characters of a payload that is kept; one with a picture is built again without it. */
export const MAX_KEPT_CHARACTERS = 8 * 1024;

/** An event of a stay; its payload as it was copied, or null. */
export interface MissedEvent {
  readonly number: number;
  readonly event: StayEvent;
  /** When it happened, however late it is read. */
  readonly atMs: WallMs;
  payload: string | null;
}

/** The newest events of stays, whether anything reads them or not. */
export class MissedEvents {
  readonly #events = new Map<number, MissedEvent>();

  add({ number, event }: NumberedEvent, atMs: WallMs): void {
    if (event.kind === "crossing" || event.kind === "occupancy") return;
    this.#events.set(number, { number, event, atMs, payload: null });
    if (this.#events.size <= MAX_MISSED) return;
    for (const oldest of this.#events.keys()) {
      this.#events.delete(oldest);
      return;
    }
  }

  /** The payload of an event was copied. */
  copied(number: number, payload: string): void {
    const known = this.#events.get(number);
    if (known !== undefined && payload.length <= MAX_KEPT_CHARACTERS) known.payload = payload;
  }

  /** Those behind a number, in order. */
  after(number: number): MissedEvent[] {
    return [...this.#events.values()].filter((event) => event.number > number);
  }
}
