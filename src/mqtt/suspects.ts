import { BrokerError } from "../core/errors.ts";
import { isClosedByBroker } from "./broker_errors.ts";
import type { Link } from "./link.ts";
import type { DoneCallback, OutgoingMessage } from "./session.ts";

/** The connections that may break while a message is in flight: it is sent again once. */
const MAX_BREAKS = 2;
/** The same for messages of presence, which no later ones replace. */
export const MAX_BREAKS_OF_PRESENCE = 5;

interface Waiting {
  readonly key: object;
  readonly message: OutgoingMessage;
  readonly done: DoneCallback;
}

/**
 * Finds the message on which the broker closes the connection, so that it is not sent with every
 * connection.
 *
 * Messages in flight when the broker closed the connection are suspects. A suspect is sent again alone, and
 * everything after it waits: when the connection breaks once more, it is the cause, and fails with
 * `BROKER_CLOSES_ON_MESSAGE`; one of presence after the fifth time. An acknowledgement clears it. Order
 * is kept.
 */
export class Suspects {
  readonly #publish: Link["publish"];
  /** Connections that broke while a message was in flight, by the caller's key. */
  readonly #breaks = new WeakMap<object, number>();
  /** Bounded by the callers: each bounds its messages in flight. */
  readonly #waiting: Waiting[] = [];
  #isSuspectInflight = false;

  constructor(publish: Link["publish"]) {
    this.#publish = publish;
  }

  /**
   * Publishes a message, as {@link Link.publish} does.
   * @param key  identifies the message when it is sent again
   */
  publish(key: object, message: OutgoingMessage, done: DoneCallback): void {
    const waiting = { key, message, done };
    if (this.#isSuspectInflight || this.#waiting.length > 0) this.#waiting.push(waiting);
    else this.#send(waiting);
  }

  #send({ key, message, done }: Waiting): void {
    const isSuspect = this.#breaks.has(key);
    if (isSuspect) this.#isSuspectInflight = true;
    this.#publish(message, (error) => {
      if (isSuspect) this.#isSuspectInflight = false;
      if (error === null) this.#breaks.delete(key);
      const isCause = error !== null && this.#isCause(key, error, message.maxBreaks ?? MAX_BREAKS);
      done(isCause ? cause(message, error) : error);
      if (isSuspect) this.#continue(error);
    });
  }

  /** Counts a break. @returns whether the message caused it */
  #isCause(key: object, error: BrokerError, maxBreaks: number): boolean {
    if (!isClosedByBroker(error)) return false;
    const breaks = Math.min(maxBreaks, (this.#breaks.get(key) ?? 0) + 1);
    this.#breaks.set(key, breaks);
    return breaks === maxBreaks;
  }

  /** Sends what waits, up to the next suspect; when the connection broke, all of it fails unsent. */
  #continue(error: BrokerError | null): void {
    const isBroken = error !== null && error.code !== "BROKER_REFUSED_MESSAGE";
    if (isBroken) {
      for (const { done } of this.#waiting.splice(0)) done(error);
      return;
    }
    while (!this.#isSuspectInflight) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#send(next);
    }
  }
}

function cause({ topic }: OutgoingMessage, error: BrokerError): BrokerError {
  return new BrokerError({
    code: "BROKER_CLOSES_ON_MESSAGE",
    message: `Cannot publish to ${topic}: the broker closed the connection on it, again and again`,
    retryable: false,
    remedy:
      "Look into the broker's log. It may allow no message of that size, or none to that topic.",
  }, { cause: error });
}
