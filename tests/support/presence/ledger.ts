import assert from "node:assert/strict";
import { epochMs } from "../../../src/core/clock.ts";
import type { Occupancy, PresenceEvent, Stay } from "../../../src/core/presence_types.ts";

/** Keeps the journal of the events of presence, and checks what holds at every moment. */
export class StayLedger {
  readonly events: PresenceEvent[] = [];
  readonly #started = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  readonly #open = new Map<string, Stay>();
  readonly #ids = new Set<string>();

  add(event: PresenceEvent): void {
    this.events.push(event);
    if (event.kind === "occupancy" || event.kind === "crossing") return;
    const { stay } = event;
    const key = keyOf(stay);
    if (event.kind === "start") {
      assert(!this.#ids.has(stay.id), `${stay.id} started twice`);
      const last = [...this.#ids].at(-1) ?? "";
      assert(stay.id > last, "ids sort by time");
      this.#ids.add(stay.id);
      this.#open.set(stay.id, stay);
      count(this.#started, key);
    } else {
      assert(this.#open.has(stay.id), `${event.kind} of ${stay.id}, which is not open`);
      this.#open.set(stay.id, stay);
    }
    if (event.kind === "end") {
      this.#open.delete(stay.id);
      count(this.#ended, key);
      assert.equal(stay.endedAtMs, stay.seenAtMs);
      assert.notEqual(stay.reason, null);
      assert(epochMs(stay.startedAtMs) <= epochMs(stay.seenAtMs));
    } else {
      assert.equal(stay.endedAtMs, null);
      assert.equal(stay.reason, null);
    }
  }

  /** As of the newest event. */
  get open(): readonly Stay[] {
    return [...this.#open.values()];
  }

  get started(): number {
    return this.#ids.size;
  }

  of(kind: "start" | "update" | "end"): readonly Stay[] {
    return this.events.flatMap((event) => event.kind === kind ? [event.stay] : []);
  }

  /** The changes of the occupancy of one zone. */
  occupancy(zone: string): readonly Occupancy[] {
    return this.events.flatMap((event) =>
      event.kind === "occupancy" && event.occupancy.zone === zone ? [event.occupancy] : []
    );
  }

  /** Asserts that started = ended + open, per camera, detector and class, and that the same are open. */
  assertBalances(open: readonly Stay[]): void {
    assert.deepEqual(
      open.map(({ id }) => id).toSorted(),
      [...this.#open.keys()].toSorted(),
      "the same stays are open",
    );
    for (const [key, started] of this.#started) {
      const numbers = open.filter((stay) => keyOf(stay) === key).length;
      assert.equal(
        started,
        (this.#ended.get(key) ?? 0) + numbers,
        `${key}: started = ended + open`,
      );
    }
  }
}

function keyOf(stay: Stay): string {
  return `${stay.camera} ${stay.detector} ${stay.class}`;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
