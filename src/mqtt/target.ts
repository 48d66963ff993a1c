import { BrokerError } from "../core/errors.ts";
import type { BrokerTarget } from "../core/publisher_types.ts";

/** How the bytes travel. */
export type BrokerScheme = "mqtt" | "mqtts" | "ws" | "wss";

const DEFAULT_PORTS: Readonly<Record<BrokerScheme, number>> = {
  mqtt: 1883,
  mqtts: 8883,
  ws: 80,
  wss: 443,
};

/** A broker's URL taken apart. */
export interface BrokerAddress {
  readonly scheme: BrokerScheme;
  /** An IPv6 address stands without its brackets. */
  readonly hostname: string;
  readonly port: number;
  /** For web sockets: path and query. */
  readonly path: string;
  /** The URL without credentials and query, for messages. */
  readonly display: string;
}

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
 * Takes a broker's URL apart.
 * @throws {BrokerError} `BROKER_URL` when it is none
 */
export function brokerAddress(text: string): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  const scheme = schemeOf(url?.protocol ?? "");
  if (url === null || scheme === null || url.hostname === "") {
    // The text itself may hold a password, and not in a place where redaction would find it.
    throw new BrokerError({
      code: "BROKER_URL",
      message: "Cannot use mqtt.url: it is not an mqtt, mqtts, ws or wss URL",
      retryable: false,
      remedy: "Write mqtt.url as mqtts://broker.example:8883.",
    });
  }
  const port = url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port);
  return {
    scheme,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port,
    path: `${url.pathname === "" ? "/" : url.pathname}${url.search}`,
    display: `${scheme}://${url.hostname}:${port}`,
  };
}

function schemeOf(protocol: string): BrokerScheme | null {
  switch (protocol) {
    case "mqtt:":
      return "mqtt";
    case "mqtts:":
      return "mqtts";
    case "ws:":
      return "ws";
    case "wss:":
      return "wss";
    default:
      return null;
  }
}

/**
 * Reads what a connection needs. Done for every attempt, so that a renewed certificate is used from
 * the next connection on.
 * @param readText reads a PEM file
 * @throws {BrokerError} `BROKER_URL`, or `BROKER_TLS` when a file cannot be read
 */
export async function loadEndpoint(
  target: BrokerTarget,
  readText: (path: string) => Promise<string>,
): Promise<BrokerEndpoint> {
  const address = brokerAddress(target.url);
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
  const { username, password } = credentials(target);
  return { address, username, password, ca, cert, key };
}

/** The user and password: those named on their own, else those in the URL. */
function credentials(target: BrokerTarget): Pick<BrokerTarget, "username" | "password"> {
  if (target.username !== null) return { username: target.username, password: target.password };
  const url = new URL(target.url);
  if (url.username === "") return { username: null, password: target.password };
  const inUrl = url.password === "" ? null : decodeURIComponent(url.password);
  return {
    username: decodeURIComponent(url.username),
    password: target.password ?? inUrl,
  };
}
