/**
 * The embedded broker, for the demo and for a box that has no other; the one file that imports aedes.
 *
 * Without users or encryption it listens on the loopback interface alone. It speaks MQTT 3.1.1.
 */
import { Aedes, type PublishPacket } from "aedes";
import type { Clock } from "../../core/clock.ts";
import { type Endpoint, endpointText, isLoopback } from "../../core/endpoint.ts";
import { BrokerError, errorData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { OwnClient } from "../../core/publisher_types.ts";
import { TcpServer } from "../../core/tcp_server.ts";
import type { TcpStream } from "../../core/tcp_stream.ts";
import {
  Admission,
  CONNECT_TIMEOUT_MS,
  MAX_CONNECTIONS,
  RETURN_CODE,
  type ReturnCode,
} from "./admission.ts";
import { limitPackets, MAX_PAYLOAD_BYTES, PacketBudget } from "./packet_limit.ts";
import { BoundedPersistence } from "./persistence.ts";

/** A client that reads nothing for this long is disconnected. */
const DRAIN_TIMEOUT_MS = 10_000;
/** Unsent bytes for one client, and for all of them. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;
const MAX_UNSENT_BYTES_TOTAL = 64 * 1024 * 1024;
/** A client with at most this many unsent bytes is not slow. */
const FEW_BYTES = 1024 * 1024;
/** Unfinished messages of QoS 2 from one client. */
const MAX_INBOUND_INFLIGHT = 100;
/** Every fourth heartbeat aedes publishes the wills of other brokers that have gone. */
export const HEARTBEAT_MS = 60_000;

export interface EmbeddedBrokerOptions {
  /** A loopback address or `localhost`. */
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Orion's own client, for which a connection, its client id and its topics are reserved; or null. */
  readonly own: OwnClient | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Default {@link HEARTBEAT_MS}. */
  readonly heartbeatMs?: number;
}

/** A broker that listens until it is closed. */
export class EmbeddedBroker implements AsyncDisposable {
  readonly hostname: string;
  /** The actual port. */
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
    const admission = new Admission(own);
    const streams = new Set<TcpStream>();
    const aedes = await createAedes({ admission, streams, heartbeatMs, log });
    const budget = new PacketBudget();
    try {
      const server = new TcpServer({
        hostname,
        port,
        clock,
        maxConnections: MAX_CONNECTIONS,
        // All clients have the same address.
        maxPerAddress: MAX_CONNECTIONS,
        onConnection: (stream) => {
          streams.add(stream);
          stream.once("close", () => streams.delete(stream));
          limitPackets(stream, budget);
          admission.addConnection(stream);
          aedes.handle(stream);
        },
        // MQTT has no answer before CONNECT.
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

  /** Stops listening and closes every connection. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#server.close();
    await closeAedes(this.#aedes);
    // aedes does not know connections without a CONNECT.
    await this.#server.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Creates aedes with bounds on connections, messages and stored state. */
async function createAedes({ admission, streams, heartbeatMs, log }: {
  readonly admission: Admission;
  readonly streams: ReadonlySet<TcpStream>;
  readonly heartbeatMs: number;
  readonly log: Log;
}): Promise<Aedes> {
  const isBufferFull = () => {
    let bytes = 0;
    for (const { writableLength } of streams) bytes += writableLength;
    return bytes > MAX_UNSENT_BYTES_TOTAL;
  };
  const persistence = new BoundedPersistence({
    isConnected: (clientId) => admission.isConnected(clientId),
    onDropped: (client) => log.debug("broker.message_dropped", { client, reason: "queue_full" }),
  });
  const aedes = new Aedes({
    persistence,
    // With a limit, one slow reader would hold up all others.
    concurrency: 0,
    heartbeatInterval: heartbeatMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    drainTimeout: DRAIN_TIMEOUT_MS,
    maxInflightInbound: MAX_INBOUND_INFLIGHT,
    authenticate(client, _username, password, done) {
      const returnCode = admission.addClient(client.conn, client.id, password);
      if (returnCode !== null) return done(connackError(returnCode), false);
      done(null, true);
    },
    authorizePublish(client, packet, done) {
      const isAllowed = admission.mayPublish(client?.id ?? null, packet.topic);
      done(isAllowed ? publishError(packet, persistence) : new Error("the topic is Orion's own"));
    },
    authorizeForward(client, packet) {
      const unsent = client.conn.writableLength;
      if (unsent <= FEW_BYTES) return packet;
      if (unsent <= MAX_UNSENT_BYTES && !isBufferFull()) return packet;
      // QoS 1 and 2 allow no drop: the client gets the message when it reconnects, if it has a session.
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
  neverExpires(aedes);
  return aedes;
}

/**
 * What a topic must not hold, or should not (MQTT 3.1.1, section 1.5.3). Clients such as mosquitto's close the
 * connection at such a topic: a retained message would disconnect them again and again.
 */
const UNSAFE_CHARACTER = /\p{Cc}|\p{Noncharacter_Code_Point}/u;

/** Why a message is refused, or null. */
function publishError(packet: PublishPacket, persistence: BoundedPersistence): Error | null {
  if (UNSAFE_CHARACTER.test(packet.topic)) return new Error("the topic holds a control character");
  if (packet.payload.length > MAX_PAYLOAD_BYTES) return new Error("the message is too large");
  if (packet.topic.startsWith("$")) return new Error("the topic is the broker's own");
  return packet.retain && !persistence.canRetain(packet)
    ? new Error("too many retained messages")
    : null;
}

/** The error that aedes turns into a CONNACK. */
function connackError(returnCode: ReturnCode): Error & { readonly returnCode: ReturnCode } {
  const message = returnCode === RETURN_CODE.identifierRejected
    ? "the client id is Orion's own"
    : "too many clients";
  return Object.assign(new Error(message), { returnCode });
}

/**
 * Keeps aedes from publishing the wills of connected clients. As one of several brokers it publishes the wills
 * of those whose heartbeat is overdue by the wall clock, and counts itself among them: when that clock is set
 * forward, its own heartbeat is overdue.
 */
function neverExpires(aedes: Aedes): void {
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
