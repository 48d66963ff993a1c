/**
 * The embedded broker: for the demo and for a box that has no other. The only file that knows aedes.
 *
 * It has no users and no encryption, so it listens on the loopback interface alone; whoever wants more
 * runs a broker of their own. It speaks MQTT 3.1.1.
 */
import { createServer, type Server, type Socket } from "node:net";
import { Aedes, type PublishPacket } from "aedes";
import { BrokerError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** Clients at once: dashboards and tools on the same machine. */
export const MAX_CLIENTS = 64;
/** Bytes of one message; a snapshot in an acknowledgement is the largest. */
export const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;
/** Four of these apart, aedes looks for the last wills of other brokers that have gone. */
export const HEARTBEAT_MS = 60_000;
/** Topics whose last message is kept. */
export const MAX_RETAINED_TOPICS = 4_096;

export interface EmbeddedBrokerOptions {
  /** A loopback address or `localhost`. */
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly log: Log;
  /** How often it does what it does from time to time; default {@link HEARTBEAT_MS}. */
  readonly heartbeatMs?: number;
}

/** A broker that listens, until it is disposed of. */
export class EmbeddedBroker implements AsyncDisposable {
  readonly hostname: string;
  /** The port it really listens on. */
  readonly port: number;
  readonly #server: Server;
  readonly #aedes: Aedes;
  readonly #sockets: ReadonlySet<Socket>;
  #closed: Promise<void> | null = null;

  private constructor(
    parts: { hostname: string; port: number; server: Server; aedes: Aedes; sockets: Set<Socket> },
  ) {
    this.hostname = parts.hostname;
    this.port = parts.port;
    this.#server = parts.server;
    this.#aedes = parts.aedes;
    this.#sockets = parts.sockets;
  }

  /**
   * Starts to listen.
   * @throws {BrokerError} `BROKER_NOT_LOOPBACK`, `BROKER_PORT_IN_USE`, or `BROKER_LISTEN`
   */
  static async start(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
    const { hostname, port, log, heartbeatMs = HEARTBEAT_MS } = options;
    if (!isLoopback(hostname)) {
      throw new BrokerError({
        code: "BROKER_NOT_LOOPBACK",
        message:
          `Cannot start the embedded broker on ${hostname}: it has no users and no encryption`,
        retryable: false,
        remedy: "Let it listen on 127.0.0.1, or set mqtt.url to a broker of your own.",
      });
    }
    const aedes = await Aedes.createBroker({ ...bounds(), heartbeatInterval: heartbeatMs });
    livesForEver(aedes);
    aedes.on(
      "clientError",
      (client, error) =>
        log.debug("broker.client_error", { client: client.id, error: error.message }),
    );
    aedes.on(
      "connectionError",
      (_client, error) => log.debug("broker.connection_error", { error: error.message }),
    );
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      aedes.handle(socket);
    });
    server.maxConnections = MAX_CLIENTS;
    try {
      const listening = await listen(server, hostname, port);
      log.info("broker.embedded", {
        url: `mqtt://${hostname.includes(":") ? `[${hostname}]` : hostname}:${listening}`,
        note:
          "for this machine alone: no users, no encryption; set mqtt.url to a broker of your own",
      });
      return new EmbeddedBroker({ hostname, port: listening, server, aedes, sockets });
    } catch (cause) {
      await closeAedes(aedes);
      throw listenError(hostname, port, cause);
    }
  }

  /** Ends every connection and stops listening. Harmless when called twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await closeAedes(this.#aedes);
    // Those that never said who they are are unknown to aedes.
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Whether a name or an address stays on this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" ||
    /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(hostname);
}

/** What a client may ask of the broker. */
function bounds(): ConstructorParameters<typeof Aedes>[0] {
  const retained = new Set<string>();
  return {
    authorizePublish(_client, packet, callback) {
      callback(refusal(packet, retained));
    },
  };
}

/** Why a message is too much, or null; remembers which topics are kept. */
function refusal(packet: PublishPacket, retained: Set<string>): Error | null {
  if (packet.payload.length > MAX_PAYLOAD_BYTES) return new Error("the message is too large");
  if (packet.topic.startsWith("$")) return new Error("the topic is the broker's own");
  if (!packet.retain) return null;
  // An empty message is how a topic is forgotten.
  if (packet.payload.length === 0) retained.delete(packet.topic);
  else if (retained.size >= MAX_RETAINED_TOPICS && !retained.has(packet.topic)) {
    return new Error("too many retained topics");
  } else retained.add(packet.topic);
  return null;
}

/**
 * aedes can be one of several brokers, and publishes the last wills of those that it has not heard of for
 * a while. It hears of itself as of the others, and goes by the wall clock: when that is set forward it
 * takes itself for gone, and says `offline` for clients that are connected. There is no other broker
 * here, and this one lives as long as it looks.
 */
function livesForEver(aedes: Aedes): void {
  Object.defineProperty(aedes.brokers, aedes.id, {
    get: () => Infinity,
    set: () => undefined,
    enumerable: true,
  });
}

function listen(server: Server, hostname: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: hostname, port }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : port);
    });
  });
}

function listenError(hostname: string, port: number, cause: unknown): BrokerError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  if (code === "EADDRINUSE") {
    return new BrokerError({
      code: "BROKER_PORT_IN_USE",
      message: `Cannot start the embedded broker: another program listens on ${hostname}:${port}`,
      retryable: false,
      remedy: `Stop that program, or set mqtt.url to it: mqtt://${hostname}:${port}.`,
    }, { cause });
  }
  const found = cause instanceof Error ? cause.message : code;
  return new BrokerError({
    code: "BROKER_LISTEN",
    message: `Cannot start the embedded broker on ${hostname}:${port}: ${found}`,
    retryable: false,
    remedy: "Check that Orion may listen there, or set mqtt.url to a broker of your own.",
  }, { cause });
}

function closeAedes(aedes: Aedes): Promise<void> {
  return new Promise((resolve) => aedes.close(() => resolve()));
}
