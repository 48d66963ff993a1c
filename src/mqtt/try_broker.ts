import type { Clock } from "../core/clock.ts";
import { BrokerError } from "../core/errors.ts";
import { type Log, logTo } from "../core/log.ts";
import type { BrokerTarget } from "../core/publisher_types.ts";
import type { MqttVersion, OpenSession } from "./client.ts";
import { BrokerLink } from "./link.ts";
import { loadEndpoint } from "./target.ts";

/** How long the broker may take to close the connection. */
const CLOSE_MS = 1000;

/** What a try works with. */
export interface TryParts {
  readonly open: OpenSession;
  readonly clock: Clock;
  readonly readText: (path: string) => Promise<string>;
}

/**
 * Connects to a broker once, as a client of its own that says nothing: a service that runs with the
 * same configuration is not disturbed.
 * @returns the version that the broker spoke
 * @throws {BrokerError} why it could not be connected to
 */
export async function tryBroker(target: BrokerTarget, parts: TryParts): Promise<MqttVersion> {
  const answer = Promise.withResolvers<MqttVersion>();
  const silent: Log = logTo(() => undefined);
  let refusals = 0;
  const link = new BrokerLink(
    {
      clientId: `orion-check-${crypto.randomUUID()}`,
      protocol: target.protocol,
      loadEndpoint: () => loadEndpoint(target, parts.readText),
      will: () => null,
    },
    {
      connected: () => undefined,
      message: () => undefined,
      state: ({ connected, protocol, error }) => {
        if (connected && protocol !== null) return answer.resolve(protocol);
        if (error === null) return;
        // A broker of the older version refuses the newer one first, and is then asked again.
        if (error.code === "BROKER_PROTOCOL" && target.protocol === 5 && ++refusals === 1) return;
        answer.reject(new BrokerError(error));
      },
    },
    { open: parts.open, clock: parts.clock, random: () => 0, log: silent },
  );
  link.start();
  try {
    return await answer.promise;
  } finally {
    await link.close({ inOrder: true, withinMs: CLOSE_MS });
  }
}
