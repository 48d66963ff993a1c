import { type Clock, plusMs, type SteadyMs } from "../core/clock.ts";
import { finalReason, lostReason } from "./broker_errors.ts";
import type { MessageCounts } from "./message_counts.ts";
import { BARRED_MS } from "./retained_messages.ts";
import type { DoneCallback, OutgoingMessage } from "./session.ts";
import { MAX_BREAKS_OF_PRESENCE } from "./suspects.ts";

export interface GuardedTopicParts {
  readonly clock: Clock;
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly publish: (key: object, message: OutgoingMessage, done: DoneCallback) => void;
  readonly counts: MessageCounts;
}

/**
 * A retained topic of which several messages may be in flight. None is sent again, because newer ones follow
 * with every connection; when the broker closes the connection on it again and again, it is left alone for ten minutes.
 */
export class GuardedTopic {
  readonly #parts: GuardedTopicParts;
  /** The key of a message that was in flight when a connection broke. */
  #suspect: object | null = null;
  #barredUntilMs: SteadyMs | null = null;
  #inflight = 0;

  constructor(parts: GuardedTopicParts) {
    this.#parts = parts;
  }

  /** Messages neither published nor discarded yet. */
  get waiting(): number {
    return this.#inflight;
  }

  /** Whether nothing is published for now. */
  get isBarred(): boolean {
    return this.#barredUntilMs !== null && this.#parts.clock.nowMs() < this.#barredUntilMs;
  }

  /**
   * Publishes to the topic. Only while the broker is connected.
   * @param onDone  called when it was published or will not be, unless the connection broke
   */
  publish(payload: string, onDone: () => void = () => {}): void {
    const { clock, counts, publish, qos, topic } = this.#parts;
    counts.produced("stays");
    if (this.isBarred) {
      counts.discarded("stays", "closes-connection");
      return onDone();
    }
    const key = this.#suspect ?? {};
    this.#inflight += 1;
    const message: OutgoingMessage = {
      ...{ topic, payload, qos, retain: true, expirySeconds: null, isOrdered: true },
      maxBreaks: MAX_BREAKS_OF_PRESENCE,
    };
    publish(key, message, (error) => {
      this.#inflight -= 1;
      if (error === null) {
        if (this.#suspect === key) this.#suspect = null;
        counts.published("stays");
        return onDone();
      }
      const reason = finalReason(error);
      if (reason === "closes-connection") this.#barredUntilMs = plusMs(clock.nowMs(), BARRED_MS);
      this.#suspect = reason === null ? this.#suspect ?? key : null;
      counts.discarded("stays", reason ?? lostReason(qos));
      if (reason !== null) onDone();
    });
  }
}
