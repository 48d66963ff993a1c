import type { Clock } from "../core/clock.ts";
import { type Log, logTo } from "../core/log.ts";
import type { BrokerCheck } from "../core/publisher_types.ts";
import { TopicCheck } from "./topic_check.ts";
import { BrokerLink } from "./link.ts";
import type { MqttVersion, OpenSession } from "./session.ts";
import { readTlsFiles } from "./tls_files.ts";

/** How long the broker may take to close the connection. */
const CLOSE_TIMEOUT_MS = 1000;

export interface CheckBrokerParts {
  readonly openSession: OpenSession;
  readonly clock: Clock;
  readonly readText: (path: string) => Promise<string>;
}

/**
 * Connects to a broker once, reads back what it publishes to the service's topics, and disconnects. Its
 * client id is random, so that a service that runs with the same configuration stays connected.
 * @returns the version that the broker accepted
 * @throws {BrokerError} why the connection failed, or which topics the broker refuses
 */
export async function checkBroker(
  check: BrokerCheck,
  parts: CheckBrokerParts,
): Promise<MqttVersion> {
  const { openSession, clock, readText } = parts;
  const target = check.broker;
  const outcome = Promise.withResolvers<MqttVersion>();
  const silent: Log = logTo(() => undefined);
  let isOther = false;
  let isConnected = false;
  const link = new BrokerLink(
    {
      clientId: `orion-check-${crypto.randomUUID()}`,
      broker: target,
      readTlsFiles: () => readTlsFiles(target, readText),
      will: () => null,
    },
    {
      connected: () => undefined,
      message: (message) => topics.receive(message),
      stateChanged: ({ connected, protocol }) => {
        if (!connected || protocol === null || isConnected) return;
        isConnected = true;
        topics.run().then(() => outcome.resolve(protocol), outcome.reject);
      },
      ended: (error, triesOther) => {
        // What fails from then on is the outcome of the check.
        if (isConnected) return topics.disconnected(error);
        // A broker of 3.1.1 refuses 5, or closes the connection; the link then tries 3.1.1, once.
        if (!triesOther || isOther) return outcome.reject(error);
        isOther = true;
      },
    },
    { openSession, clock, random: () => 0, log: silent },
  );
  const topics = new TopicCheck(check, link, clock);
  link.start();
  try {
    return await outcome.promise;
  } finally {
    await link.close({ graceful: true, timeoutMs: CLOSE_TIMEOUT_MS });
  }
}
