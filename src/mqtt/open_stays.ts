import type { Cancel, Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Stay } from "../core/presence_types.ts";
import { type Found, foundStays } from "./found_stays.ts";
import { GuardedTopic } from "./guarded_topic.ts";
import type { Link } from "./link.ts";
import type { MessageCounts } from "./message_counts.ts";
import {
  type ListedStay,
  parseSent,
  parseStays,
  type SentPayload,
  sentPayload,
  type StayEvent,
  type StaysPayload,
  staysPayload,
} from "./presence_payloads.ts";
import { RetainedReader } from "./retained_reader.ts";
import type { DoneCallback, IncomingMessage, OutgoingMessage } from "./session.ts";
import type { Topics } from "./topics.ts";

/** How old the list may become while a stay is open: as old is `endedAt` of a stay that a restart ends. */
export const REFRESH_MS = 10_000;
/** Stays of the list, and its bytes; beyond it the newest are not listed. */
const MAX_LISTED = 500;
const MAX_LIST_BYTES = 256 * 1024;

export interface OpenStaysParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly topics: Pick<Topics, "stays" | "staysSent">;
  readonly instance: string;
  /** The run of the process. */
  readonly session: number;
  readonly thread: number;
  readonly link: Pick<Link, "connected" | "subscribe" | "unsubscribe">;
  readonly publish: (key: object, message: OutgoingMessage, done: DoneCallback) => void;
  readonly counts: MessageCounts;
  /** The open stays, as they are now. */
  readonly current: () => readonly Stay[];
  /** The number of the newest event of this run. */
  readonly lastNumber: () => number;
  /** What the broker retains was read. */
  readonly onRead: (found: Found) => void;
  /** From now on events may be published. */
  readonly onReady: () => void;
}

/**
 * The stays that have no end on the broker yet, retained there for the next run.
 *
 * The broker has the list before an event that it holds is published, and the event's number is written
 * directly behind it. So the list says what there is to publish and the number what was published, wherever the connection or the
 * process ends. Both are read back with every connection.
 */
export class OpenStays {
  readonly #parts: OpenStaysParts;
  /** From the start until the end was acknowledged. */
  readonly #stays = new Map<string, ListedStay>();
  readonly #reader: RetainedReader;
  readonly #listTopic: GuardedTopic;
  readonly #sentTopic: GuardedTopic;
  /** The newest event of the threads before this one. */
  #known = 0;
  /** The newest event that the broker has. */
  #upTo = 0;
  /** The same, with those that are in flight. */
  #sentUpTo = 0;
  /** The newest event that the list of this connection holds; null: it has none. */
  #listed: number | null = null;
  /** Whether a list is in flight that an event waits for. */
  #isListing = false;
  #newest = 0;
  #isReady = false;
  #wasReady = false;
  #isFirst = true;
  #isCut = false;
  #list: StaysPayload | null = null;
  #sent: SentPayload | null = null;
  #cancelRefresh: Cancel | null = null;

  constructor(parts: OpenStaysParts) {
    this.#parts = parts;
    const { clock, counts, link, log, publish, topics } = parts;
    const filters = [topics.stays, topics.staysSent];
    this.#reader = new RetainedReader({ clock, log, filters, link, onRead: () => this.#onRead() });
    const topic = { clock, counts, publish };
    this.#listTopic = new GuardedTopic({ ...topic, topic: topics.stays, qos: 1 });
    // A broker whose PUBACK does not arrive may read no further: this one needs none.
    this.#sentTopic = new GuardedTopic({ ...topic, topic: topics.staysSent, qos: 0 });
  }

  /** Whether the list of this connection was read back. */
  get isReady(): boolean {
    return this.#isReady && this.#parts.link.connected;
  }

  /** Messages neither published nor discarded yet. */
  get waiting(): number {
    return this.#listTopic.waiting + this.#sentTopic.waiting;
  }

  /** Continues the stays of a thread that was replaced. */
  resume(stays: readonly Stay[], lastNumber: number): void {
    for (const stay of stays) this.#stays.set(stay.id, { stay, started: 0, ended: null });
    this.#known = lastNumber;
  }

  /** An event is going to be published. */
  observe(number: number, { kind, stay }: StayEvent): void {
    const started = kind === "start" ? number : this.#stays.get(stay.id)?.started ?? 0;
    this.#stays.set(stay.id, { stay, started, ended: kind === "end" ? number : null });
    if (kind !== "update") this.#newest = number;
  }

  /** The broker has the event of that number. */
  published(number: number): void {
    this.#upTo = Math.max(this.#upTo, number);
  }

  /** The stay has its end, or will have none. */
  forget(stay: string): void {
    this.#stays.delete(stay);
  }

  /** Reads back: a connection was opened. */
  connected(): void {
    this.#isReady = false;
    if (this.#wasReady) this.#isFirst = false;
    this.#listed = null;
    this.#isListing = false;
    this.#sentUpTo = this.#upTo;
    this.#list = null;
    this.#sent = null;
    this.#reader.open();
  }

  /** The connection broke, or Orion stops. */
  disconnected(): void {
    this.#isReady = false;
    this.#reader.close();
    this.#cancelRefresh?.();
    this.#cancelRefresh = null;
  }

  /** @returns whether the message was one of these topics */
  receive({ topic, payload, retained }: IncomingMessage): boolean {
    const { topics } = this.#parts;
    if (topic !== topics.stays && topic !== topics.staysSent) return false;
    if (!this.#reader.isOpen || !retained || payload.byteLength > MAX_LIST_BYTES) return true;
    const text = new TextDecoder().decode(payload);
    const { instance } = this.#parts;
    if (topic === topics.stays) {
      const list = parseStays(text);
      if (list?.instance === instance) this.#list = list;
    } else {
      const sent = parseSent(text);
      if (sent?.instance === instance) this.#sent = sent;
    }
    if (this.#list === null || this.#sent === null) return true;
    if (this.#isReady) this.#report();
    else this.#reader.finish();
    return true;
  }

  /**
   * Whether the list on the broker holds an event, which may then be published; else it is published, and
   * `onReady` called when the broker has it.
   * @param number  of a start or an end; 0 for other events, whose number is that of a list of this thread
   */
  isListed(number: number): boolean {
    const isListed = () => this.#listed !== null && this.#listed >= number;
    if (!isListed() && !this.#isListing) {
      this.#isListing = true;
      this.#write(() => {
        this.#isListing = false;
        this.#parts.onReady();
      });
    }
    return isListed();
  }

  /** Publishes the number of an event, directly behind it. */
  sent(number: number): void {
    this.#sentUpTo = Math.max(this.#sentUpTo, number);
    // Where the list may not be published, its number may not either.
    if (!this.#listTopic.isBarred) {
      this.#sentTopic.publish(JSON.stringify(sentPayload(this.#writer())));
    }
  }

  #onRead(): void {
    this.#wasReady = true;
    this.#report();
  }

  #report(): void {
    const { lastNumber, onRead, onReady, session, thread } = this.#parts;
    const reader = { session, thread, known: this.#known, isFirst: this.#isFirst };
    const found = foundStays(this.#list, this.#sent, reader);
    // Anyone may have written what is there.
    this.published(Math.min(found.upTo, lastNumber()));
    this.#sentUpTo = Math.max(this.#sentUpTo, this.#upTo);
    // What comes late, after nothing had come in time, is still the first.
    if (this.#list !== null) this.#isFirst = false;
    // The list has to hold all that was found before the first of it is published.
    this.#isReady = false;
    // A thread before this one may have found them as well.
    onRead({ ...found, events: found.events.filter(({ stay }) => !this.#stays.has(stay.id)) });
    this.#isReady = true;
    onReady();
  }

  #writer() {
    const { instance, session, thread } = this.#parts;
    return { instance, session, thread, upTo: this.#sentUpTo };
  }

  /** Publishes the list as it is now. */
  #write(onDone: () => void): void {
    for (const stay of this.#parts.current()) {
      const listed = this.#stays.get(stay.id);
      if (listed?.ended === null) this.#stays.set(stay.id, { ...listed, stay });
    }
    const newest = this.#newest;
    this.#listTopic.publish(this.#text(), () => {
      this.#listed = newest;
      onDone();
    });
    this.#refreshLater();
  }

  #text(): string {
    const stays = [...this.#stays.values()];
    let kept = stays.slice(0, MAX_LISTED);
    let text = JSON.stringify(staysPayload(this.#writer(), kept));
    for (;;) {
      const bytes = new TextEncoder().encode(text).byteLength;
      if (bytes <= MAX_LIST_BYTES) break;
      kept = kept.slice(0, Math.floor(kept.length * MAX_LIST_BYTES / bytes));
      text = JSON.stringify(staysPayload(this.#writer(), kept));
    }
    const isCut = kept.length < stays.length;
    if (isCut && !this.#isCut) {
      this.#parts.log.warning("presence.list_cut", { stays: stays.length, listed: kept.length });
    }
    this.#isCut = isCut;
    return text;
  }

  #refreshLater(): void {
    this.#cancelRefresh?.();
    this.#cancelRefresh = this.#stays.size === 0
      ? null
      : this.#parts.clock.after(REFRESH_MS, () => {
        if (this.isReady) this.#write(() => {});
      });
  }
}
