import type { BrokerError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** Logs messages that the broker does not take. */
export class FailureLog {
  readonly #log: Log;
  #hasLoggedRefusal = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** A connection was opened. */
  connected(): void {
    this.#hasLoggedRefusal = false;
  }

  /** Logs the first refusal of a connection: each further message will be refused as well. */
  failed(error: BrokerError): void {
    if (error.code === "BROKER_CLOSES_ON_MESSAGE") {
      this.#log.error("mqtt.message_given_up", { ...error.toData() });
    }
    if (error.code !== "BROKER_REFUSED_MESSAGE" || this.#hasLoggedRefusal) return;
    this.#hasLoggedRefusal = true;
    this.#log.warning("mqtt.refused", { ...error.toData() });
  }
}
