/**
 * Watches the topic of our own status: whether what we publish arrives, whether the broker keeps it, and
 * whether another instance publishes under our name.
 *
 * With MQTT 3.1.1, and with QoS 0, a broker drops silently what its rules forbid.
 */
import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";
import type { BrokerError, ErrorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { finalReason, isClosedByBroker } from "./broker_errors.ts";
import { parseStatus } from "./payloads.ts";
import type { DoneCallback } from "./session.ts";

/** How often the retained status is read back. */
export const READ_BACK_MS = 60_000;
/** How long a broker may take to send it after the SUBACK. */
export const READ_BACK_TIMEOUT_MS = 10_000;
/** A status that is replaced more often than this waits for the next read-back. */
const MIN_REPEAT_MS = 1_000;
/** Another instance that was not noticed for this long has ended. */
export const DUPLICATE_ENDED_MS = 600_000;
/** Longer payloads are no status. */
const MAX_PAYLOAD_BYTES = 4_096;
/** Connections that may break before the SUBACK; some brokers close on a subscription they forbid. */
const MAX_BREAKS = 2;

export interface StatusWatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly topic: string;
  /** The session of this publisher: another one in a status is another publisher. */
  readonly session: number;
  /** The payload of the status as it has to be on the broker. */
  readonly current: () => string;
  readonly isConnected: () => boolean;
  readonly subscribe: (topic: string, done: DoneCallback) => void;
  /** Publishes the status again. */
  readonly repeat: () => void;
  /** Another instance uses our name. */
  readonly onDuplicate: () => void;
  /** What is wrong, or null; called when it changes. */
  readonly onProblem: (problem: ErrorData | null) => void;
}

type Problem = "unreadable" | "duplicate";

/** Subscribes to the status with every connection, and reads it back in intervals. */
export class StatusWatch {
  readonly #parts: StatusWatchParts;
  #isActive = false;
  #cancel: Cancel | null = null;
  #breaks = 0;
  /** Whether this session's status was ever acknowledged or seen on the broker. */
  #hasPublished = false;
  /** Whether what is retained may still be of an earlier run: brokers send it before or after a PUBACK. */
  #isFormerAwaited = true;
  /** What an earlier run left retained. */
  #former: string | null = null;
  /** Whether a PUBACK that can carry a refusal accepted the status on this connection. */
  #isAcknowledged = false;
  /** Whether the status is about to be published, because the connection is new. */
  #isFirstRead = true;
  /** Whether our status was seen since the last SUBSCRIBE. */
  #isSeen = false;
  #repeatedAtMs: SteadyMs | null = null;
  #duplicateAtMs: SteadyMs | null = null;
  #isUnreadable = false;
  #shown: Problem | null = null;

  constructor(parts: StatusWatchParts) {
    this.#parts = parts;
  }

  /** A connection was opened: call it before the status is published. */
  connected(): void {
    this.#isAcknowledged = false;
    this.#isActive = true;
    this.#isFirstRead = true;
    if (this.#hasPublished) this.#isFormerAwaited = false;
    this.#readBack();
  }

  /** The broker accepted or refused the status with a reason code, or the connection broke. */
  settled(error: BrokerError | null): void {
    this.#isAcknowledged = error === null;
    if (error === null) this.#hasPublished = true;
    else if (finalReason(error) === "refused") {
      this.#isUnreadable = true;
      this.#show();
    }
  }

  /** A message of the topic. */
  receive(payload: Uint8Array, { retained }: { readonly retained: boolean }): void {
    const { current, session, clock } = this.#parts;
    const status = statusOf(payload);
    if (status?.text === current()) {
      this.#hasPublished = true;
      this.#isSeen = true;
      this.#isUnreadable = false;
      return this.#show();
    }
    if (status !== null && status.session === session) return; // An earlier status of ours.
    if (retained && this.#isFormerAwaited) {
      this.#former = status?.text ?? null;
      return;
    }
    const isOnline = status?.state === "online";
    // Another instance with our client id ends our connection before it publishes: only what it left
    // retained shows it. A broker that was restored may have the status of an earlier run again.
    const isFormer = status?.text === this.#former;
    if (status !== null && !isFormer && (retained || isOnline)) {
      this.#duplicateAtMs = clock.nowMs();
      this.#show();
      this.#parts.onDuplicate();
    }
    // Two instances that answer each other's status at once would never end.
    if (isOnline && !retained) return;
    if (retained && this.#isFirstRead) return;
    this.#replace({ found: status === null ? "no status" : `${status.state} of another session` });
  }

  /** Stops to read back: the connection broke, or Orion stops. */
  disconnected(): void {
    this.#isActive = false;
    this.#cancel?.();
    this.#cancel = null;
  }

  #readBack(): void {
    if (this.#breaks >= MAX_BREAKS || !this.#parts.isConnected()) return;
    const { clock, log, subscribe, topic } = this.#parts;
    this.#isSeen = false;
    this.#cancel?.();
    subscribe(topic, (error) => {
      if (error === null) {
        this.#breaks = 0;
        if (!this.#isActive) return;
        this.#cancel = clock.after(READ_BACK_TIMEOUT_MS, () => this.#onTimeout());
        return;
      }
      this.#onSubscribeFailed(error);
      if (this.#breaks === MAX_BREAKS) {
        log.warning("mqtt.status_not_watched", { ...error.toData() });
      }
    });
  }

  #onSubscribeFailed(error: BrokerError): void {
    if (error.code === "BROKER_REFUSED_SUBSCRIPTION") this.#breaks = MAX_BREAKS;
    else if (isClosedByBroker(error)) this.#breaks += 1;
  }

  #onTimeout(): void {
    const { clock } = this.#parts;
    this.#isFirstRead = false;
    if (this.#hasPublished) this.#isFormerAwaited = false;
    this.#cancel = clock.after(READ_BACK_MS - READ_BACK_TIMEOUT_MS, () => this.#readBack());
    if (
      this.#duplicateAtMs !== null && clock.nowMs() - this.#duplicateAtMs >= DUPLICATE_ENDED_MS
    ) this.#duplicateAtMs = null;
    // Where the broker acknowledged it with a reason code, we only may not read it.
    this.#isUnreadable = !this.#isSeen && !this.#isAcknowledged;
    if (!this.#isSeen) this.#replace({ found: "nothing" });
    this.#show();
  }

  /** Publishes the status again where another one is on the broker, or none. */
  #replace(found: Readonly<Record<string, unknown>>): void {
    const { clock, log, repeat, isConnected, topic } = this.#parts;
    const nowMs = clock.nowMs();
    if (this.#repeatedAtMs !== null && nowMs - this.#repeatedAtMs < MIN_REPEAT_MS) return;
    this.#repeatedAtMs = nowMs;
    log.warning("mqtt.status_replaced", { topic, ...found });
    if (isConnected()) repeat();
  }

  /** Reports the problem that is worse, once. */
  #show(): void {
    const problem = this.#isUnreadable
      ? "unreadable"
      : this.#duplicateAtMs === null
      ? null
      : "duplicate";
    if (problem === this.#shown) return;
    this.#shown = problem;
    const { log, onProblem, topic } = this.#parts;
    if (problem === null) {
      log.info("mqtt.problem_ended", { topic });
      return onProblem(null);
    }
    const data = problem === "unreadable" ? unreadable(topic) : duplicate(topic);
    log.error(problem === "unreadable" ? "mqtt.status_refused" : "mqtt.duplicate_instance", {
      ...data,
    });
    onProblem(data);
  }
}

/** @returns null for what is no status */
function statusOf(payload: Uint8Array) {
  if (payload.byteLength > MAX_PAYLOAD_BYTES) return null;
  const text = new TextDecoder().decode(payload);
  const status = parseStatus(text);
  return status === null ? null : { text, state: status.state, session: status.session ?? null };
}

function unreadable(topic: string): ErrorData {
  return {
    code: "BROKER_STATUS_REFUSED",
    message: `Cannot read back what was published to ${topic}: the broker drops it`,
    retryable: true,
    remedy:
      "Allow the user in mqtt.username to publish and to subscribe to the topics under mqtt.topicPrefix.",
  };
}

function duplicate(topic: string): ErrorData {
  return {
    code: "BROKER_DUPLICATE_INSTANCE",
    message: `Another Orion of the same name publishes to ${topic}`,
    retryable: true,
    remedy: "Give every Orion on one broker an instance name of its own.",
  };
}
