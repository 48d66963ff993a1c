import type { Cancel, Clock } from "../core/clock.ts";
import type { BrokerError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { isClosedByBroker } from "./broker_errors.ts";
import type { Link } from "./link.ts";

/** How long retained messages are awaited after the SUBACK: some brokers send them a little later. */
export const SETTLE_MS = 500;
/** How long a subscription lasts: what comes late is read all the same. */
export const LISTEN_MS = 10_000;
/** Connections that may break before the first SUBACK; some brokers close on a subscription they forbid. */
const MAX_BREAKS = 3;

export interface RetainedReaderParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Topics that are known are best named: RabbitMQ sends nothing retained for a filter with a wildcard. */
  readonly filters: readonly string[];
  readonly link: Pick<Link, "connected" | "subscribe" | "unsubscribe">;
  /** What is retained was read, or cannot be; called once for each {@link RetainedReader.open}. */
  readonly onRead: () => void;
}

/** Reads what the broker retains: subscribes for a short time, so that our own messages do not come back. */
export class RetainedReader {
  readonly #parts: RetainedReaderParts;
  #isOpen = false;
  #isAwaited = false;
  /** Subscriptions without an answer; 0 after one that failed. */
  #pending = 0;
  /** Whether a broker has granted the subscriptions: then none forbids them. */
  #wasGranted = false;
  #breaks = 0;
  #cancel: Cancel | null = null;

  constructor(parts: RetainedReaderParts) {
    this.#parts = parts;
  }

  /** Whether messages of the filter are ours to read. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Subscribes: a connection was opened. */
  open(): void {
    const { clock, filters, link } = this.#parts;
    this.close();
    this.#isAwaited = true;
    if (this.#breaks >= MAX_BREAKS || !link.connected) return this.finish();
    this.#isOpen = true;
    this.#cancel = clock.after(LISTEN_MS, () => this.#end());
    this.#pending = filters.length;
    for (const filter of filters) {
      if (!link.connected) return;
      link.subscribe(filter, 1, (error) => this.#onSubscribed(filter, error));
    }
  }

  /** Nothing more is awaited; what still comes is read. */
  finish(): void {
    if (!this.#isAwaited) return;
    this.#isAwaited = false;
    this.#parts.onRead();
  }

  /** The connection broke, or Orion stops. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#isOpen = false;
    this.#isAwaited = false;
  }

  #onSubscribed(filter: string, error: BrokerError | null): void {
    if (this.#pending === 0) return;
    if (error !== null) return this.#onFailed(filter, error);
    this.#pending -= 1;
    if (this.#pending > 0) return;
    this.#wasGranted = true;
    if (!this.#isOpen) return;
    const { clock } = this.#parts;
    this.#cancel?.();
    this.#cancel = clock.after(SETTLE_MS, () => {
      this.#cancel = clock.after(LISTEN_MS - SETTLE_MS, () => this.#end());
      this.finish();
    });
  }

  #onFailed(filter: string, error: BrokerError): void {
    this.#pending = 0;
    const isRefused = error.code === "BROKER_REFUSED_SUBSCRIPTION";
    if (isRefused) this.#breaks = MAX_BREAKS;
    else if (isClosedByBroker(error) && !this.#wasGranted) this.#breaks += 1;
    if (this.#breaks === MAX_BREAKS) {
      this.#parts.log.warning("mqtt.retained_not_read", { filter, ...error.toData() });
    }
    if (isRefused) this.#end();
  }

  #end(): void {
    const { filters, link } = this.#parts;
    const isOpen = this.#isOpen;
    this.#cancel?.();
    this.#cancel = null;
    this.#isOpen = false;
    this.finish();
    for (const filter of filters) {
      if (isOpen && link.connected) link.unsubscribe(filter);
    }
  }
}
