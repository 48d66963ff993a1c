import type { Clock } from "../core/clock.ts";
import { BrokerError } from "../core/errors.ts";
import { type Log, logTo } from "../core/log.ts";
import type { BrokerTarget } from "../core/publisher_types.ts";
import { BrokerLink } from "./link.ts";
import type { MqttVersion, OpenSession } from "./session.ts";
import { readTlsFiles } from "./tls_files.ts";

/** How long the broker may take to close the connection. */
const CLOSE_TIMEOUT_MS = 1000;

export interface ConnectParts {
  readonly openSession: OpenSession;
  readonly clock: Clock;
  readonly readText: (path: string) => Promise<string>;
}

/**
 * Connects to a broker once, publishes nothing and disconnects. Its client id is random, so that a
 * service that runs with the same configuration stays connected.
 * @returns the version that the broker accepted
 * @throws {BrokerError} why the connection failed
 */
export async function connectOnce(
  target: BrokerTarget,
  parts: ConnectParts,
): Promise<MqttVersion> {
  const version = Promise.withResolvers<MqttVersion>();
  const silent: Log = logTo(() => undefined);
  let refusals = 0;
  const link = new BrokerLink(
    {
      clientId: `orion-check-${crypto.randomUUID()}`,
      broker: target,
      readTlsFiles: () => readTlsFiles(target, parts.readText),
      will: () => null,
    },
    {
      connected: () => undefined,
      message: () => undefined,
      stateChanged: ({ connected, protocol, error }) => {
        if (connected && protocol !== null) return version.resolve(protocol);
        if (error === null) return;
        // A broker of 3.1.1 refuses 5 first; the link then tries 3.1.1.
        if (error.code === "BROKER_PROTOCOL" && target.protocol === 5 && ++refusals === 1) return;
        version.reject(new BrokerError(error));
      },
    },
    { openSession: parts.openSession, clock: parts.clock, random: () => 0, log: silent },
  );
  link.start();
  try {
    return await version.promise;
  } finally {
    await link.close({ graceful: true, timeoutMs: CLOSE_TIMEOUT_MS });
  }
}
