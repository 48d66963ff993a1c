import type { BrokerAddress } from "../core/broker_address.ts";
import { BrokerError } from "../core/errors.ts";
import type { BrokerTarget } from "../core/messages.ts";

/** Everything the MQTT client needs to open a connection: the files' contents, not their paths. */
export interface BrokerEndpoint {
  readonly address: BrokerAddress;
  readonly username: string | null;
  readonly password: string | null;
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/**
 * Reads what a connection needs. Done for every attempt, so that a renewed certificate is used from
 * the next connection on.
 * @param readText reads a PEM file
 * @throws {BrokerError} `BROKER_TLS` when a file cannot be read
 */
export async function loadEndpoint(
  target: BrokerTarget,
  readText: (path: string) => Promise<string>,
): Promise<BrokerEndpoint> {
  const pem = async (name: "ca" | "cert" | "key") => {
    const path = target[name];
    if (path === null) return null;
    try {
      return await readText(path);
    } catch (cause) {
      const found = cause instanceof Error ? cause.name : "unreadable";
      throw new BrokerError({
        code: "BROKER_TLS",
        message: `Cannot read mqtt.${name} (${path}): ${found}`,
        retryable: true,
        remedy: `Point mqtt.${name} at a PEM file that Orion's user may read.`,
      }, { cause });
    }
  };
  const [ca, cert, key] = await Promise.all([pem("ca"), pem("cert"), pem("key")]);
  const { address, username, password } = target;
  return { address, username, password, ca, cert, key };
}
