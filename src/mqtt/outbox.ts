import type { SteadyMs } from "../core/clock.ts";

/** What waits in an outbox. */
export interface OutboxItem {
  /** Items of one key displace one another. */
  readonly key: string;
  /** What its age counts from. */
  readonly atMs: SteadyMs;
  /** Counts the items: a later one has a greater number. */
  readonly order: number;
}

/** An item that will not be sent, and why. */
export interface Displaced<T> {
  readonly item: T;
  readonly reason: "superseded" | "full" | "stale" | "connection-lost";
}

/** Where messages wait until the broker takes them. Whoever calls accounts for what comes back. */
export interface Outbox<T extends OutboxItem> {
  readonly size: number;
  /** Adds an item. @returns the item that had to go for it, if any */
  put(item: T): Displaced<T> | null;
  /** The next item to send, if any, and what was found too old on the way to it. */
  take(nowMs: SteadyMs): { readonly item: T | null; readonly displaced: readonly Displaced<T>[] };
  /**
   * Takes an item back that was taken before and did not arrive, where the policy keeps such items.
   * @returns the item that had to go for it, if any: it may be this one
   */
  restore(item: T): Displaced<T> | null;
  /** Empties it. @returns what was waiting */
  clear(): readonly T[];
}

/** The bounds of a {@link LatestOutbox}. */
export interface OutboxBounds {
  /** How many keys may wait; beyond it the key that waited longest goes. */
  readonly maxKeys: number;
  /** Older items are not sent any more. */
  readonly maxAgeMs: number;
}

/**
 * Keeps the newest item of every key.
 *
 * Keys leave in the order in which they began to wait, whatever displaced their item since, so that
 * a busy camera does not hold back a quiet one.
 */
export class LatestOutbox<T extends OutboxItem> implements Outbox<T> {
  readonly #bounds: OutboxBounds;
  /** A Map keeps a key's place when its value is replaced. */
  readonly #waiting = new Map<string, T>();

  constructor(bounds: OutboxBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#waiting.size;
  }

  put(item: T): Displaced<T> | null {
    const older = this.#waiting.get(item.key);
    this.#waiting.set(item.key, item);
    if (older !== undefined) return { item: older, reason: "superseded" };
    if (this.#waiting.size <= this.#bounds.maxKeys) return null;
    const oldest = this.#shift();
    return oldest === null ? null : { item: oldest, reason: "full" };
  }

  take(nowMs: SteadyMs): { item: T | null; displaced: Displaced<T>[] } {
    const displaced: Displaced<T>[] = [];
    for (let item = this.#shift(); item !== null; item = this.#shift()) {
      if (nowMs - item.atMs <= this.#bounds.maxAgeMs) return { item, displaced };
      displaced.push({ item, reason: "stale" });
    }
    return { item: null, displaced };
  }

  /** A newer one will come: what was on its way is not sent again. */
  restore(item: T): Displaced<T> {
    return { item, reason: "connection-lost" };
  }

  clear(): readonly T[] {
    const items = [...this.#waiting.values()];
    this.#waiting.clear();
    return items;
  }

  #shift(): T | null {
    for (const [key, item] of this.#waiting) {
      this.#waiting.delete(key);
      return item;
    }
    return null;
  }
}

/**
 * Keeps every item, in order, up to a bound; beyond it the oldest goes. What did not arrive takes its
 * place again, so that the order stays.
 */
export class QueueOutbox<T extends OutboxItem> implements Outbox<T> {
  readonly #max: number;
  readonly #waiting: T[] = [];

  /** @param max  how many may wait */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#waiting.length;
  }

  put(item: T): Displaced<T> | null {
    this.#waiting.push(item);
    return this.#bounded();
  }

  take(_nowMs: SteadyMs): { item: T | null; displaced: Displaced<T>[] } {
    return { item: this.#waiting.shift() ?? null, displaced: [] };
  }

  restore(item: T): Displaced<T> | null {
    // Only a few are on their way at once, so its place is near the beginning.
    const place = this.#waiting.findIndex(({ order }) => order > item.order);
    this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, item);
    return this.#bounded();
  }

  clear(): readonly T[] {
    return this.#waiting.splice(0);
  }

  #bounded(): Displaced<T> | null {
    if (this.#waiting.length <= this.#max) return null;
    const oldest = this.#waiting.shift();
    return oldest === undefined ? null : { item: oldest, reason: "full" };
  }
}
