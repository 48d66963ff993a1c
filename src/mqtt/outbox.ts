/** What waits in an outbox. */
export interface OutboxItem {
  /** Items of one key displace one another. */
  readonly key: string;
  /** What its age counts from ({@link Clock.nowMs}). */
  readonly atMs: number;
}

/** An item that will not be sent, and why. */
export interface Displaced<T> {
  readonly item: T;
  readonly reason: "superseded" | "full" | "stale";
}

/** Where messages wait until the broker takes them. Whoever calls accounts for what comes back. */
export interface Outbox<T extends OutboxItem> {
  readonly size: number;
  /** Adds an item. @returns the item that had to go for it, if any */
  put(item: T): Displaced<T> | null;
  /** The next item to send, if any, and what was found too old on the way to it. */
  take(nowMs: number): { readonly item: T | null; readonly displaced: readonly Displaced<T>[] };
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

  take(nowMs: number): { item: T | null; displaced: Displaced<T>[] } {
    const displaced: Displaced<T>[] = [];
    for (let item = this.#shift(); item !== null; item = this.#shift()) {
      if (nowMs - item.atMs <= this.#bounds.maxAgeMs) return { item, displaced };
      displaced.push({ item, reason: "stale" });
    }
    return { item: null, displaced };
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
