/**
 * The embedded broker: for the demo and for a box that has no other. The only file that knows aedes.
 *
 * It has no users and no encryption, so it listens on the loopback interface alone; whoever wants more
 * runs a broker of their own. It speaks MQTT 3.1.1.
 */
import { Aedes, type PublishPacket } from "aedes";
import type { Clock } from "../core/clock.ts";
import { type Endpoint, endpointText, isLoopback } from "../core/endpoint.ts";
import { BrokerError, errorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { OwnClient } from "../core/publisher_types.ts";
import { TcpServer } from "../core/tcp_server.ts";
import type { TcpStream } from "../core/tcp_stream.ts";
import { BoundedMemory } from "./broker_memory.ts";
import {
  BrokerPlaces,
  CONNECT_TIMEOUT_MS,
  MAX_CONNECTIONS,
  type Refusal,
} from "./broker_places.ts";
import { MAX_PAYLOAD_BYTES, PacketBudget, readWhole } from "./broker_stream.ts";

/** A client that takes nothing for so long is cut off. */
const DRAIN_TIMEOUT_MS = 10_000;
/** What may wait to be written to one client, and to all of them. */
const MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024;
const MAX_UNWRITTEN_BYTES_IN_ALL = 64 * 1024 * 1024;
/** A client for which no more than this waits is not slow. */
const FEW_BYTES = 1024 * 1024;
/** Messages of QoS 2 that one client has begun to send. */
const MAX_INFLIGHT = 100;
/** Four of these apart, aedes looks for the last wills of other brokers that have gone. */
export const HEARTBEAT_MS = 60_000;

export interface EmbeddedBrokerOptions {
  /** A loopback address or `localhost`. */
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Orion's own client, whose place and name are kept for it; null keeps none. */
  readonly own: OwnClient | null;
  readonly clock: Clock;
  readonly log: Log;
  /** How often it does what it does from time to time; default {@link HEARTBEAT_MS}. */
  readonly heartbeatMs?: number;
}

/** A broker that listens, until it is disposed of. */
export class EmbeddedBroker implements AsyncDisposable {
  readonly hostname: string;
  /** The port it really listens on. */
  readonly port: number;
  readonly #server: TcpServer;
  readonly #aedes: Aedes;
  #closed: Promise<void> | null = null;

  private constructor(parts: { hostname: string; server: TcpServer; aedes: Aedes }) {
    this.hostname = parts.hostname;
    this.port = parts.server.port;
    this.#server = parts.server;
    this.#aedes = parts.aedes;
  }

  /**
   * Starts to listen.
   * @throws {BrokerError} `BROKER_NOT_LOOPBACK`, `BROKER_PORT_IN_USE`, or `BROKER_LISTEN`
   */
  static async start(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
    const { hostname, port, own, clock, log, heartbeatMs = HEARTBEAT_MS } = options;
    if (!isLoopback(hostname)) {
      throw new BrokerError({
        code: "BROKER_NOT_LOOPBACK",
        message:
          `Cannot start the embedded broker on ${hostname}: it has no users and no encryption`,
        retryable: false,
        remedy: "Let it listen on 127.0.0.1, or set mqtt.url to a broker of your own.",
      });
    }
    const places = new BrokerPlaces(own);
    const streams = new Set<TcpStream>();
    const aedes = await createAedes({ places, streams, heartbeatMs, log });
    const budget = new PacketBudget();
    try {
      const server = new TcpServer({
        hostname,
        port,
        clock,
        maxConnections: MAX_CONNECTIONS,
        // All of them come from this machine.
        maxPerAddress: MAX_CONNECTIONS,
        onConnection: (stream) => {
          streams.add(stream);
          stream.once("close", () => streams.delete(stream));
          readWhole(stream, budget);
          places.accepted(stream);
          aedes.handle(stream);
        },
        // Without a CONNECT there is nothing to answer.
        refusal: () => new Uint8Array(0),
        onAcceptFailed: (error) => log.error("broker.accept_failed", { ...errorData(error) }),
      });
      log.info("broker.started", {
        url: `mqtt://${endpointText({ hostname, port: server.port })}`,
        note:
          "for this machine alone: no users, no encryption; set mqtt.url to a broker of your own",
      });
      return new EmbeddedBroker({ hostname, server, aedes });
    } catch (cause) {
      await closeAedes(aedes);
      throw listenError({ hostname, port }, cause);
    }
  }

  /** Ends every connection and stops listening. Harmless when called twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#server.close();
    await closeAedes(this.#aedes);
    // Those that never said who they are are unknown to aedes.
    await this.#server.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** aedes within bounds: who may connect, what they may publish, and what is kept. */
async function createAedes({ places, streams, heartbeatMs, log }: {
  readonly places: BrokerPlaces;
  readonly streams: ReadonlySet<TcpStream>;
  readonly heartbeatMs: number;
  readonly log: Log;
}): Promise<Aedes> {
  const isFull = () => {
    let bytes = 0;
    for (const { writableLength } of streams) bytes += writableLength;
    return bytes > MAX_UNWRITTEN_BYTES_IN_ALL;
  };
  const memory = new BoundedMemory({
    isConnected: (clientId) => places.isHere(clientId),
    onDropped: (client) => log.debug("broker.message_dropped", { client, reason: "queue_full" }),
  });
  const aedes = new Aedes({
    persistence: memory,
    // One client that is slow to read would hold up all others.
    concurrency: 0,
    heartbeatInterval: heartbeatMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    drainTimeout: DRAIN_TIMEOUT_MS,
    maxInflightInbound: MAX_INFLIGHT,
    authenticate(client, _username, password, done) {
      const refusal = places.named(client.conn, client.id, password);
      if (refusal !== null) return done(refused(refusal), false);
      done(null, true);
    },
    authorizePublish(client, packet, done) {
      const isForeign = places.isOwnTopic(packet.topic) && !places.isOwn(client?.id ?? null);
      done(isForeign ? new Error("the topic is Orion's own") : refusal(packet, memory));
    },
    authorizeForward(client, packet) {
      const unwritten = client.conn.writableLength;
      if (unwritten <= FEW_BYTES) return packet;
      if (unwritten <= MAX_UNWRITTEN_BYTES && !isFull()) return packet;
      // What was promised cannot be left out: the client gets it when it comes back, if it has a session.
      if (packet.qos > 0) client.conn.destroy(new Error("the client reads too slowly"));
      return null;
    },
  });
  aedes.on(
    "clientError",
    (client, error) =>
      log.debug("broker.client_failed", { client: client.id, error: error.message }),
  );
  aedes.on(
    "connectionError",
    (_client, error) => log.debug("broker.connection_failed", { error: error.message }),
  );
  await aedes.listen();
  livesForEver(aedes);
  return aedes;
}

/** Why a message is too much, or null. */
function refusal(packet: PublishPacket, memory: BoundedMemory): Error | null {
  if (packet.payload.length > MAX_PAYLOAD_BYTES) return new Error("the message is too large");
  if (packet.topic.startsWith("$")) return new Error("the topic is the broker's own");
  return packet.retain && !memory.canRetain(packet)
    ? new Error("too many retained messages")
    : null;
}

/** What CONNACK says to a client that is refused. */
function refused(refusal: Refusal): Error & { readonly returnCode: number } {
  return refusal === "identifier"
    ? Object.assign(new Error("the client id is Orion's own"), { returnCode: 2 })
    : Object.assign(new Error("too many clients"), { returnCode: 3 });
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

function listenError(endpoint: Endpoint, cause: unknown): BrokerError {
  const at = endpointText(endpoint);
  if (cause instanceof Deno.errors.AddrInUse) {
    return new BrokerError({
      code: "BROKER_PORT_IN_USE",
      message: `Cannot start the embedded broker: another program listens on ${at}`,
      retryable: false,
      remedy: `Stop that program, or set mqtt.url to it: mqtt://${at}.`,
    }, { cause });
  }
  const found = errorData(cause).message;
  return new BrokerError({
    code: "BROKER_LISTEN",
    message: `Cannot start the embedded broker on ${at}: ${found}`,
    retryable: false,
    remedy: "Check that Orion may listen there, or set mqtt.url to a broker of your own.",
  }, { cause });
}

function closeAedes(aedes: Aedes): Promise<void> {
  return new Promise((resolve) => aedes.close(() => resolve()));
}
