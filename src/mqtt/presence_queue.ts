import type { Clock, WallMs } from "../core/clock.ts";
import type { BrokerError } from "../core/errors.ts";
import type { FromPublisher } from "../core/messages.ts";
import { MAX_WAITING_EVENTS } from "../core/presence_types.ts";
import type { DiscardReason } from "../core/publisher_types.ts";
import { finalReason } from "./broker_errors.ts";
import type { Copies } from "./copies.ts";
import { eventMessage, type NumberedMessage, topicKind } from "./event_message.ts";
import type { MessageCounts } from "./message_counts.ts";
import type { OpenStays } from "./open_stays.ts";
import type { DoneCallback, OutgoingMessage } from "./session.ts";
import type { Topics } from "./topics.ts";

/** Characters of the pictures that wait with them; beyond it the oldest are removed. */
const MAX_JPEG_CHARACTERS = 16 * 1024 * 1024;

export interface PresenceQueueParts {
  readonly clock: Clock;
  readonly instance: string;
  readonly topics: Pick<Topics, "presence" | "crossing">;
  readonly stays: OpenStays;
  /** The key is the same when a message is sent again. */
  readonly publish: (key: object, message: OutgoingMessage, done: DoneCallback) => void;
  readonly counts: MessageCounts;
  readonly post: (message: FromPublisher) => void;
  readonly copies: Copies;
  /** Nothing waits any more. */
  readonly onDrained: () => void;
}

interface Entry extends NumberedMessage {
  /** When it happened: however often and late it is published, that does not change. */
  readonly atMs: WallMs;
  key: object;
  /** Whether it was in flight when a connection broke. */
  wasInflight: boolean;
  /** Whether its number was published before it: the broker may not have it although it has the number. */
  isBehindNumber: boolean;
  /** Whether its picture is awaited. */
  isHeld: boolean;
  isCopied: boolean;
  /** In base64. */
  jpeg: string | null;
  /** As it was first published: what is sent again is the same. */
  message: OutgoingMessage | null;
}

/**
 * The events of stays and the crossings of lines, in order, until the broker has acknowledged them. None is
 * dropped for its age. Each is counted once as produced and once as published or discarded.
 */
export class PresenceQueue {
  readonly #parts: PresenceQueueParts;
  /** By number, and so in order. */
  readonly #entries = new Map<number, Entry>();
  /** Stays whose start was discarded, and why: their end is as well. */
  readonly #dropped = new Map<string, DiscardReason>();
  /** Stays that a thread before this one has ended. */
  readonly #ended = new Set<string>();
  #inflight: Entry | null = null;
  #jpegCharacters = 0;
  #isFlushing = false;
  #isStopped = false;

  constructor(parts: PresenceQueueParts) {
    this.#parts = parts;
  }

  /** Events neither published nor discarded yet. */
  get waiting(): number {
    return this.#entries.size;
  }

  /** @param isHeld  it waits, and all behind it, until {@link release} */
  put({ number, event }: NumberedMessage, isHeld: boolean): void {
    this.#parts.counts.produced(topicKind(event));
    const entry: Entry = {
      ...{ number, event, isHeld, key: {}, jpeg: null, message: null },
      atMs: this.#parts.clock.wallMs(),
      ...{ wasInflight: false, isBehindNumber: false, isCopied: false },
    };
    if (this.#isStopped) return this.#count(entry, "shutdown");
    if (event.kind !== "crossing" && this.#isOver(entry, event.stay.id)) return;
    if (event.kind === "update") this.#supersede(event.stay.id);
    this.#entries.set(number, entry);
    if (event.kind !== "crossing") this.#parts.stays.observe(number, event);
    if (this.#entries.size > MAX_WAITING_EVENTS) this.#makeRoom();
    this.flush();
  }

  /** Publishes a held event, with a picture of the stay or without one. */
  release(number: number, jpeg: string | null): void {
    const entry = this.#entries.get(number);
    if (entry === undefined || !entry.isHeld) return;
    entry.isHeld = false;
    if (jpeg !== null) this.#addPicture(entry, jpeg);
    this.flush();
  }

  /** What the broker retains was read: it has the events up to a number, and these stays have their end. */
  found(upTo: number, ended: readonly string[]): void {
    for (const stay of ended) this.#ended.add(stay);
    for (const entry of [...this.#entries.values()]) {
      if (entry === this.#inflight) continue;
      if (entry.number <= upTo && !entry.isBehindNumber) this.#settle(entry, null);
      else if (entry.event.kind !== "crossing" && this.#ended.has(entry.event.stay.id)) {
        this.#entries.delete(entry.number);
        this.#removePicture(entry);
        this.#isOver(entry, entry.event.stay.id);
      }
    }
  }

  /**
   * Publishes the next event. One is in flight at a time, so that there is never more than one of which it is
   * unknown whether the broker has it.
   */
  flush(): void {
    // A callback within `publish` leads back here: the outer loop continues.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      for (const entry of this.#entries.values()) {
        if (this.#inflight !== null || !this.#canSend(entry)) break;
        this.#send(entry);
      }
    } finally {
      this.#isFlushing = false;
    }
    this.#copyWaiting();
    if (this.#entries.size === 0) this.#parts.onDrained();
  }

  /** Publishes what is held without pictures. */
  releaseAll(): void {
    for (const entry of this.#entries.values()) entry.isHeld = false;
    this.flush();
  }

  /** From now on discards what is put, and sends nothing again. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Discards what waits. */
  discardAll(): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry === this.#inflight) continue;
      this.#settle(entry, entry.wasInflight ? "unacknowledged" : "shutdown");
    }
  }

  #canSend({ event, isHeld, number }: Entry): boolean {
    const { stays } = this.#parts;
    if (!stays.isReady) return false;
    const isListed = event.kind === "update" ||
      stays.isListed(event.kind === "crossing" ? 0 : number);
    return isListed && !isHeld;
  }

  #send(entry: Entry): void {
    const { publish, stays } = this.#parts;
    const { number, event } = entry;
    const message = entry.message ?? this.#render(entry);
    entry.message = message;
    this.#copy(entry, message);
    this.#inflight = entry;
    const sent = entry.wasInflight ? { ...message, isRepeated: true } : message;
    publish(entry.key, sent, (error) => this.#onDone(entry, error));
    // Where it was refused at once, it is sent again without its picture.
    const isDone = this.#inflight === entry || !this.#entries.has(number);
    // Of an update, a second one does no harm.
    if (event.kind !== "update" && isDone && stays.isReady) stays.sent(number);
  }

  #render({ event, jpeg, atMs }: Entry): OutgoingMessage {
    const { instance, topics } = this.#parts;
    return eventMessage(event, { instance, topics, atMs, jpeg });
  }

  #copy(entry: Entry, { payload }: OutgoingMessage): void {
    if (!this.#parts.copies.isOn || entry.isCopied || entry.event.kind === "crossing") return;
    entry.isCopied = true;
    this.#parts.copies.presence(entry.number, entry.event.stay.camera, payload);
  }

  /** Readers do not wait for the broker: copies what it would have by now. */
  #copyWaiting(): void {
    if (!this.#parts.copies.isOn || this.#parts.stays.isReady) return;
    for (const entry of this.#entries.values()) {
      if (entry.isHeld) return;
      if (!entry.isCopied) this.#copy(entry, this.#render(entry));
    }
  }

  #onDone(entry: Entry, error: BrokerError | null): void {
    this.#inflight = null;
    if (error === null) {
      this.#parts.stays.published(entry.number);
      this.#settle(entry, null);
    } else this.#onFailed(entry, finalReason(error));
    this.flush();
  }

  /** @param reason  null: the connection broke, and nothing is known of it */
  #onFailed(entry: Entry, reason: DiscardReason | null): void {
    if (reason === null && this.#isStopped) return this.#settle(entry, "unacknowledged");
    if (reason === null) {
      entry.wasInflight = true;
      return;
    }
    if (entry.jpeg === null) return this.#settle(entry, reason);
    // The picture may be what is too large.
    this.#removePicture(entry);
    entry.key = {};
    entry.message = null;
    entry.wasInflight = false;
    entry.isBehindNumber = true;
  }

  /** @param reason  why it was discarded; null: it was published */
  #settle(entry: Entry, reason: DiscardReason | null): void {
    if (!this.#entries.delete(entry.number)) return;
    this.#removePicture(entry);
    this.#count(entry, reason);
    const { event } = entry;
    if (event.kind === "end") this.#parts.stays.forget(event.stay.id);
    if (event.kind === "start" && reason !== null) this.#dropStay(event.stay.id, reason);
  }

  #count({ number, event }: Entry, reason: DiscardReason | null): void {
    const { counts, post } = this.#parts;
    if (reason === null) counts.published(topicKind(event));
    else counts.discarded(topicKind(event), reason);
    post({ kind: "presence-settled", number });
  }

  /** Counts an event of a stay that has its end on the broker, or whose start was discarded. */
  #isOver(entry: Entry, stay: string): boolean {
    const dropped = this.#dropped.get(stay);
    if (dropped === undefined && !this.#ended.has(stay)) return false;
    const isEnd = entry.event.kind === "end";
    this.#count(entry, dropped ?? (isEnd ? null : "superseded"));
    if (isEnd) {
      this.#dropped.delete(stay);
      this.#ended.delete(stay);
      this.#parts.stays.forget(stay);
    }
    return true;
  }

  /** Discards an update of the stay that waits. */
  #supersede(stay: string): void {
    for (const entry of this.#entries.values()) {
      const { event } = entry;
      if (event.kind !== "update" || event.stay.id !== stay || entry === this.#inflight) continue;
      return this.#settle(entry, entry.wasInflight ? "unacknowledged" : "superseded");
    }
  }

  /** Discards the oldest update or crossing, or else the oldest stay whose start was never sent. */
  #makeRoom(): void {
    let start: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry === this.#inflight || entry.wasInflight) continue;
      const { kind } = entry.event;
      if (kind === "update" || kind === "crossing") return this.#settle(entry, "full");
      if (kind === "start") start ??= entry;
    }
    if (start !== null) this.#settle(start, "full");
  }

  /** Discards the other events of a stay whose start was discarded. */
  #dropStay(stay: string, reason: DiscardReason): void {
    this.#dropped.set(stay, reason);
    for (const entry of [...this.#entries.values()]) {
      const { event } = entry;
      if (entry === this.#inflight || event.kind === "crossing" || event.stay.id !== stay) continue;
      if (event.kind === "end") this.#dropped.delete(stay);
      this.#settle(entry, reason);
    }
    this.#parts.stays.forget(stay);
  }

  #addPicture(entry: Entry, jpeg: string): void {
    entry.jpeg = jpeg;
    this.#jpegCharacters += jpeg.length;
    for (const other of this.#entries.values()) {
      if (this.#jpegCharacters <= MAX_JPEG_CHARACTERS) return;
      if (other.message === null) this.#removePicture(other);
    }
  }

  #removePicture(entry: Entry): void {
    this.#jpegCharacters -= entry.jpeg?.length ?? 0;
    entry.jpeg = null;
  }
}
