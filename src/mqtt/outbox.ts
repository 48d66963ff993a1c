import type { SteadyMs } from "../core/clock.ts";

/** An item of an outbox. */
export interface OutboxItem {
  /** A {@link LatestOutbox} holds one item of each key. */
  readonly key: string;
  readonly arrivedAtMs: SteadyMs;
  /** Increases from item to item. */
  readonly sequence: number;
}

/** An item that will not be sent, and why. */
export interface DiscardedItem<T> {
  readonly item: T;
  readonly reason: "superseded" | "full" | "stale";
}

/** Messages that wait for the broker. The caller accounts for those that come back as discarded. */
export interface Outbox<T extends OutboxItem> {
  readonly size: number;
  /** Adds an item. @returns the item that it displaces, if any */
  put(item: T): DiscardedItem<T> | null;
  /** Removes the next item to send, and those before it that are too old. */
  take(
    nowMs: SteadyMs,
  ): { readonly item: T | null; readonly discarded: readonly DiscardedItem<T>[] };
  /** Removes all items. */
  clear(): readonly T[];
}

/** The bounds of a {@link LatestOutbox}. */
export interface OutboxBounds {
  /** Beyond it the key that has waited longest is discarded. */
  readonly maxKeys: number;
  /** Older items are not sent any more. */
  readonly maxAgeMs: number;
}

/**
 * Keeps the newest item of every key.
 *
 * Keys are sent in the order in which they were first put, however often their item was superseded
 * since, so that a busy camera does not hold back a quiet one.
 */
export class LatestOutbox<T extends OutboxItem> implements Outbox<T> {
  readonly #bounds: OutboxBounds;
  /** A Map keeps the position of a key whose value is replaced. */
  readonly #items = new Map<string, T>();

  constructor(bounds: OutboxBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#items.size;
  }

  put(item: T): DiscardedItem<T> | null {
    const older = this.#items.get(item.key);
    this.#items.set(item.key, item);
    if (older !== undefined) return { item: older, reason: "superseded" };
    if (this.#items.size <= this.#bounds.maxKeys) return null;
    const oldest = this.#shift();
    return oldest === null ? null : { item: oldest, reason: "full" };
  }

  take(nowMs: SteadyMs): { item: T | null; discarded: DiscardedItem<T>[] } {
    const discarded: DiscardedItem<T>[] = [];
    for (let item = this.#shift(); item !== null; item = this.#shift()) {
      if (nowMs - item.arrivedAtMs <= this.#bounds.maxAgeMs) return { item, discarded };
      discarded.push({ item, reason: "stale" });
    }
    return { item: null, discarded };
  }

  clear(): readonly T[] {
    const items = [...this.#items.values()];
    this.#items.clear();
    return items;
  }

  #shift(): T | null {
    for (const [key, item] of this.#items) {
      this.#items.delete(key);
      return item;
    }
    return null;
  }
}

/** Keeps every item in order, up to a bound; beyond it the oldest is discarded. */
export class QueueOutbox<T extends OutboxItem> implements Outbox<T> {
  readonly #maxItems: number;
  readonly #items: T[] = [];

  constructor(maxItems: number) {
    this.#maxItems = maxItems;
  }

  get size(): number {
    return this.#items.length;
  }

  put(item: T): DiscardedItem<T> | null {
    this.#items.push(item);
    if (this.#items.length <= this.#maxItems) return null;
    const oldest = this.#items.shift();
    return oldest === undefined ? null : { item: oldest, reason: "full" };
  }

  take(_nowMs: SteadyMs): { item: T | null; discarded: DiscardedItem<T>[] } {
    return { item: this.#items.shift() ?? null, discarded: [] };
  }

  clear(): readonly T[] {
    return this.#items.splice(0);
  }
}
