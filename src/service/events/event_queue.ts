import type { EventReader } from "../../health/events_route.ts";

/** Bytes that wait for one reader; they are shared with all others that wait for the same. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Events of presence that wait for one reader. */
export const MAX_WAITING_PRESENCE = 512;

/** An event as a reader gets it. */
export interface QueuedEvent {
  readonly bytes: Uint8Array;
  /** An event replaces a waiting one of the same subject; null: it replaces none. */
  readonly subject: string | null;
}

export interface EventQueueParts {
  /** null: events of all cameras. */
  readonly camera: string | null;
  /** More waits than the bounds allow. */
  readonly onSlow: () => void;
  /** It has ended, by whichever side. */
  readonly onClosed: () => void;
}

/**
 * What waits for one reader. Of a subject the newest waits, in the place of the one that it replaces; what
 * replaces nothing waits within bounds, and beyond them the reader is too slow.
 */
export class EventQueue implements EventReader {
  readonly camera: string | null;
  readonly #parts: EventQueueParts;
  /** By subject, in order; those without one by a number. */
  readonly #waiting = new Map<string | number, Uint8Array>();
  #lastNumber = 0;
  #bytes = 0;
  #presence = 0;
  #awaited: PromiseWithResolvers<Uint8Array | null> | null = null;
  #isClosed = false;
  #wasTaken = false;
  #stalledBeats = 0;

  constructor(parts: EventQueueParts) {
    this.#parts = parts;
    this.camera = parts.camera;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  put({ bytes, subject }: QueuedEvent): void {
    if (this.#isClosed) return;
    if (this.#awaited !== null) return this.#give(this.#awaited, bytes);
    const key = subject ?? ++this.#lastNumber;
    this.#bytes += bytes.length - (this.#waiting.get(key)?.length ?? 0);
    this.#waiting.set(key, bytes);
    if (subject === null) this.#presence += 1;
    // One event waits however large it is.
    const isOver = this.#bytes > MAX_WAITING_BYTES && this.#waiting.size > 1;
    if (isOver || this.#presence > MAX_WAITING_PRESENCE) this.drop();
  }

  take(): Promise<Uint8Array | null> {
    this.#wasTaken = true;
    if (this.#isClosed) return Promise.resolve(null);
    for (const [key, bytes] of this.#waiting) {
      this.#waiting.delete(key);
      this.#bytes -= bytes.length;
      if (typeof key === "number") this.#presence -= 1;
      return Promise.resolve(bytes);
    }
    this.#awaited ??= Promise.withResolvers<Uint8Array | null>();
    return this.#awaited.promise;
  }

  /** A heartbeat. @returns how many in succession, up to this one, found that nothing of what waits was taken */
  beat(): number {
    const hasAdvanced = this.#wasTaken || this.#waiting.size === 0;
    this.#wasTaken = false;
    this.#stalledBeats = hasAdvanced ? 0 : this.#stalledBeats + 1;
    return this.#stalledBeats;
  }

  /** Ends a reader that is too slow: its connection is closed, whatever waits. */
  drop(): void {
    if (this.#isClosed) return;
    this.close();
    this.#parts.onSlow();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.clear();
    this.#bytes = 0;
    if (this.#awaited !== null) this.#give(this.#awaited, null);
    this.#parts.onClosed();
  }

  #give(awaited: PromiseWithResolvers<Uint8Array | null>, bytes: Uint8Array | null): void {
    this.#awaited = null;
    awaited.resolve(bytes);
  }
}
