/**
 * `orion check --connect`: connects to the broker once, subscribes to the service's topics, and reads back
 * what it publishes there. A broker of MQTT 3.1.1 gives no other sign of a message that its rules forbid.
 */
import type { Clock } from "../core/clock.ts";
import { BrokerError } from "../core/errors.ts";
import type { BrokerCheck, CheckedTopic } from "../core/publisher_types.ts";
import { closedDuringCheck, notReadBack } from "./broker_errors.ts";
import type { Link } from "./link.ts";
import { statusSchema } from "./payloads.ts";
import type { IncomingMessage, OutgoingMessage } from "./session.ts";
import { parseStrictJson } from "./strict_json.ts";

/** How long a message may take to come back after its acknowledgement. */
export const ECHO_TIMEOUT_MS = 5_000;
/** Topics tried at once: fewer than brokers have in flight to one client, or queue for it. */
const BATCH = 16;
const MAX_DEPTH = 8;

export type CheckLink = Pick<Link, "connected" | "publish" | "subscribe">;

/** One check over one connection. */
export class TopicCheck {
  readonly #check: BrokerCheck;
  readonly #link: CheckLink;
  readonly #clock: Clock;
  /** What a check publishes to a topic that holds nothing: no consumer takes it for a message of Orion. */
  readonly #text = JSON.stringify({ schema: "orion.check/1", id: crypto.randomUUID() });
  /** The newest message of each topic that is not this check's. */
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
    } else if (text !== this.#text) this.#found.set(topic, text);
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
    const retained = topics.filter(({ retain }) => retain);
    const empty = retained.filter(({ topic }) => (this.#found.get(topic) ?? "") === "");
    try {
      await this.#tryAll(retained);
    } finally {
      if (this.#link.connected) {
        await this.#each(empty, (topic) => this.#publish({ ...topic, qos: 1 }, ""));
      }
    }
  }

  async #tryAll(topics: readonly CheckedTopic[]): Promise<void> {
    for (let at = 0; at < topics.length; at += BATCH) {
      await this.#try(topics.slice(at, at + BATCH));
    }
  }

  /** Publishes to some topics, and waits until all came back. */
  async #try(topics: readonly CheckedTopic[]): Promise<void> {
    for (const { topic } of topics) this.#awaited.set(topic, this.#textFor(topic));
    await this.#each(topics, (topic) => this.#publish(topic, this.#textFor(topic.topic)));
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
  #textFor(topic: string): string {
    const found = this.#found.get(topic) ?? "";
    const isRetained = this.#check.topics.some((each) => each.topic === topic && each.retain);
    return isRetained && found !== "" ? found : this.#text;
  }

  #isOnline(): boolean {
    const parsed = parseStrictJson(this.#found.get(this.#check.status) ?? "", MAX_DEPTH);
    const status = statusSchema.safeParse(parsed.value);
    return status.success && status.data.state === "online";
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
    return settled((done) => this.#link.publish(message, done));
  }

  #subscribe(filter: string): Promise<void> {
    return settled((done) => this.#link.subscribe(filter, 1, done));
  }
}

function settled(act: (done: (error: BrokerError | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    act((error) => error === null ? resolve() : reject(error));
  });
}
