/**
 * `orion check --connect`: connects to the broker once, subscribes to the service's topics, and reads back
 * what it publishes there. A broker of MQTT 3.1.1 gives no other sign of a message that its rules forbid.
 */
import { shownBroker } from "../core/broker_address.ts";
import type { Clock } from "../core/clock.ts";
import { BrokerError } from "../core/errors.ts";
import type { BrokerCheck, CheckedTopic } from "../core/publisher_types.ts";
import { closedDuringCheck, connectionError, notReadBack } from "./broker_errors.ts";
import type { Link } from "./link.ts";
import { parseStatus } from "./payloads.ts";
import type { DoneCallback, IncomingMessage, OutgoingMessage } from "./session.ts";

/** How long a message may take to come back after its acknowledgement. */
export const ECHO_TIMEOUT_MS = 5_000;
/** Topics tried at once: fewer than brokers have in flight to one client, or queue for it. */
const BATCH = 16;
/** How every check's message begins, so that one which an aborted check left is recognised. */
const CHECK_PREFIX = '{"schema":"orion.check/1"';

export type CheckLink = Pick<Link, "connected" | "publish" | "subscribe">;

/** One check over one connection. */
export class TopicCheck {
  readonly #check: BrokerCheck;
  readonly #link: CheckLink;
  readonly #clock: Clock;
  /** What a check publishes to a topic that holds nothing: no consumer takes it for a message of Orion. */
  readonly #text = JSON.stringify({ schema: "orion.check/1", id: crypto.randomUUID() });
  /** The newest message of each topic that is no check's. */
  readonly #found = new Map<string, string>();
  /** The payloads that are awaited, by topic. */
  readonly #awaited = new Map<string, string>();
  #onAllRead: (() => void) | null = null;
  #ended: BrokerError | null = null;

  constructor(check: BrokerCheck, link: CheckLink, clock: Clock) {
    this.#check = check;
    this.#link = link;
    this.#clock = clock;
  }

  receive({ topic, payload, retained }: IncomingMessage): void {
    const text = new TextDecoder().decode(payload);
    if (!retained && this.#awaited.get(topic) === text) {
      this.#awaited.delete(topic);
      if (this.#awaited.size === 0) this.#onAllRead?.();
    } else if (text !== "" && !text.startsWith(CHECK_PREFIX)) this.#found.set(topic, text);
  }

  /** The connection ended. */
  disconnected(error: BrokerError): void {
    this.#ended = error;
    this.#onAllRead?.();
  }

  /**
   * Tries every topic. What it leaves retained is what it found.
   * @throws {BrokerError} which topics the broker refuses
   */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      const isEnd = error instanceof BrokerError && !this.#link.connected;
      throw isEnd && this.#awaited.size > 0 ? closedDuringCheck(error, this.#unread()) : error;
    }
  }

  async #run(): Promise<void> {
    const { topics, filters } = this.#check;
    await this.#each(
      [...topics.map(({ topic }) => topic), ...filters],
      (filter) => this.#subscribe(filter),
    );
    // Their echoes come after everything that is retained.
    await this.#tryAll(topics.filter(({ retain }) => !retain));
    // Writing there could undo what a running service publishes at this moment.
    if (this.#isOnline()) return;
    await this.#tryAll(topics.filter(({ retain }) => retain));
  }

  async #tryAll(topics: readonly CheckedTopic[]): Promise<void> {
    for (let at = 0; at < topics.length; at += BATCH) {
      const batch = topics.slice(at, at + BATCH);
      try {
        await this.#try(batch);
      } finally {
        await this.#clear(batch);
      }
    }
  }

  /** Removes what a check left on topics that held nothing. */
  async #clear(topics: readonly CheckedTopic[]): Promise<void> {
    if (!this.#link.connected) return;
    const empty = topics.filter(({ topic, retain }) => retain && !this.#found.has(topic));
    await this.#each(empty, (topic) => this.#publish({ ...topic, qos: 1 }, ""));
  }

  /** Publishes to some topics, and waits until all came back. */
  async #try(topics: readonly CheckedTopic[]): Promise<void> {
    for (const topic of topics) this.#awaited.set(topic.topic, this.#textFor(topic));
    await this.#each(topics, (topic) => this.#publish(topic, this.#textFor(topic)));
    await this.#allRead();
    if (this.#ended !== null) throw this.#ended;
    if (this.#awaited.size > 0) throw notReadBack(this.#check.broker.address, this.#unread());
  }

  /** Resolves when everything came back, when the connection ended, or at the deadline. */
  #allRead(): Promise<void> {
    if (this.#awaited.size === 0 || this.#ended !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ECHO_TIMEOUT_MS, resolve);
      this.#onAllRead = () => {
        cancel();
        resolve();
      };
    });
  }

  /** What the topic holds, so that nothing changes for its subscribers. */
  #textFor({ topic, retain }: CheckedTopic): string {
    return (retain ? this.#found.get(topic) : undefined) ?? this.#text;
  }

  #isOnline(): boolean {
    return parseStatus(this.#found.get(this.#check.status) ?? "")?.state === "online";
  }

  #unread(): string[] {
    return [...this.#awaited.keys()];
  }

  /** Runs an action for each, at the same time, and waits for all of them. */
  #each<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<unknown> {
    return Promise.all(items.map(act));
  }

  #publish({ topic, qos, retain }: CheckedTopic, payload: string): Promise<void> {
    const message: OutgoingMessage = { topic, payload, qos, retain, expirySeconds: null };
    return this.#settled((done) => this.#link.publish(message, done));
  }

  #subscribe(filter: string): Promise<void> {
    return this.#settled((done) => this.#link.subscribe(filter, 1, done));
  }

  #settled(act: (done: DoneCallback) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#link.connected) return reject(this.#ended ?? this.#closedError());
      act((error) => error === null ? resolve() : reject(error));
    });
  }

  /** The connection has ended, and the reason is not reported yet. */
  #closedError(): BrokerError {
    return connectionError({
      brokerUrl: shownBroker(this.#check.broker.address),
      connected: true,
      tls: false,
      code: null,
      text: null,
      clientId: "",
    });
  }
}
