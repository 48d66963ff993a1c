/**
 * One connection to a broker, from its opening to its end. The only file that knows the MQTT library.
 *
 * The library's own reconnecting is off: a session ends once, says why, and `link.ts` opens the next.
 */
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { shownBroker } from "../core/broker_address.ts";
import type { Clock } from "../core/clock.ts";
import { hostText } from "../core/endpoint.ts";
import type { BrokerError } from "../core/errors.ts";
import {
  connectionError,
  isVersionRefused,
  PACKET_TOO_LARGE,
  publishError,
  subscribeError,
} from "./failures.ts";
import type { BrokerEndpoint } from "./target.ts";

/** The versions of MQTT that Orion speaks. */
export type MqttVersion = 5 | "3.1.1";

/** A message for the broker. */
export interface OutgoingMessage {
  readonly topic: string;
  /** UTF-8 JSON. */
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** How long a broker may keep it for somebody who is away (MQTT 5), or null for ever. */
  readonly expirySeconds: number | null;
}

/** A message from the broker. */
export interface IncomingMessage {
  readonly topic: string;
  /** Whatever was published: not necessarily JSON, nor UTF-8. */
  readonly payload: Uint8Array;
  /** The broker kept it from before the subscription. */
  readonly retained: boolean;
}

/** Told once: null when the message was written (QoS 0) or acknowledged (QoS 1). */
export type Settled = (error: BrokerError | null) => void;

export interface SessionOptions {
  readonly endpoint: BrokerEndpoint;
  readonly protocol: MqttVersion;
  /**
   * The same for every connection of an instance: a broker then ends the one that broke before it
   * accepts the new one, so that a late last will never overwrites `online`.
   */
  readonly clientId: string;
  /** What the broker says for us should we vanish, or null for nothing. */
  readonly will: OutgoingMessage | null;
}

/** How a session ended. */
export interface SessionEnd {
  readonly error: BrokerError;
  /** The broker does not speak this version of MQTT; another may do. */
  readonly versionRefused: boolean;
  /** The broker hung up without any answer, as some do on a version they do not know. */
  readonly unanswered: boolean;
}

/** What happens to a session; `ended` comes exactly once, after every message was settled. */
export interface SessionEvents {
  accepted(): void;
  message(message: IncomingMessage): void;
  ended(end: SessionEnd): void;
}

export interface Session {
  /** Whether it can take messages: accepted by the broker and not ended. */
  readonly open: boolean;
  publish(message: OutgoingMessage, settled: Settled): void;
  /** What is published there comes as `message`, until the session ends. */
  subscribe(filter: string, qos: 0 | 1, settled: Settled): void;
  /**
   * Ends it, and waits until the connection is closed. In order, the broker forgets the last will;
   * otherwise it publishes it.
   * @param how.withinMs when the connection has not closed by then, it is cut and no longer waited for
   */
  end(how: { readonly inOrder: boolean; readonly withinMs: number }): Promise<void>;
}

export type OpenSession = (options: SessionOptions, events: SessionEvents) => Session;

/** Longer than a broker that is alive takes; short enough to notice one that is not. */
const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_SECONDS = 20;
/** A broker of MQTT 5 keeps larger messages to itself; what is larger than a command is refused anyhow. */
const MAX_INCOMING_BYTES = 16 * 1024 * 1024;
/** More than what stands before a payload in a PUBLISH packet, topic apart. */
const PACKET_OVERHEAD_BYTES = 64;

/** Opens sessions with the MQTT library. */
export function mqttSessions(clock: Clock): OpenSession {
  return (options, events) => new MqttSession(options, events, clock);
}

class MqttSession implements Session {
  readonly #client: MqttClient;
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #clock: Clock;
  /** Messages handed to the library and not settled: it forgets some callbacks when a link breaks. */
  readonly #pending = new Set<Settled>();
  /** Messages beyond what the broker takes at once; whoever publishes bounds them. */
  readonly #held: { readonly message: OutgoingMessage; readonly settled: Settled }[] = [];
  #unacknowledged = 0;
  /** How many messages of QoS 1 the broker takes before it acknowledged one, and how large. */
  #receiveMaximum = Infinity;
  #maximumBytes = Infinity;
  #accepted = false;
  #ended = false;
  /** The first thing that went wrong: what follows is a consequence. */
  #cause: { readonly code: string | number | null; readonly text: string } | null = null;
  #whenEnded = Promise.withResolvers<void>();
  #whenClosed = Promise.withResolvers<void>();

  constructor(options: SessionOptions, events: SessionEvents, clock: Clock) {
    this.#options = options;
    this.#events = events;
    this.#clock = clock;
    this.#client = mqtt.connect(clientOptions(options));
    this.#client.on("connect", ({ properties }) => {
      this.#accepted = true;
      this.#receiveMaximum = properties?.receiveMaximum ?? Infinity;
      this.#maximumBytes = properties?.maximumPacketSize ?? Infinity;
      this.#events.accepted();
    });
    this.#client.on("error", (error) => this.#failed(error));
    // The library passes on only errors that have a code; a denied permission has none.
    this.#client.stream.on("error", (error: Error) => this.#failed(error));
    this.#client.stream.once("close", () => this.#whenClosed.resolve());
    this.#client.on("disconnect", (packet) => {
      this.#cause ??= { code: packet.reasonCode ?? null, text: "the broker disconnected" };
    });
    this.#client.on("close", () => this.#finish());
    this.#client.on("message", (topic, payload, { retain }) => {
      if (!this.#ended) this.#events.message({ topic, payload, retained: retain });
    });
  }

  get open(): boolean {
    return this.#accepted && !this.#ended;
  }

  publish(message: OutgoingMessage, settled: Settled): void {
    if (this.#ended) return settled(this.#error());
    const { topic, payload, qos } = message;
    if (this.#maximumBytes < Infinity) {
      const bytes = new TextEncoder().encode(topic + payload).byteLength + PACKET_OVERHEAD_BYTES;
      const isTooLarge = bytes > this.#maximumBytes;
      if (isTooLarge) return settled(publishError(this.#where, topic, PACKET_TOO_LARGE));
    }
    const once = this.#once(settled);
    // Behind those that are held, also where an acknowledgement has just made room.
    const waits = this.#held.length > 0 || this.#unacknowledged >= this.#receiveMaximum;
    if (qos === 1 && waits) this.#held.push({ message, settled: once });
    else this.#write(message, once);
  }

  subscribe(filter: string, qos: 0 | 1, settled: Settled): void {
    if (this.#ended) return settled(this.#error());
    const once = this.#once(settled);
    this.#client.subscribe(filter, { qos }, (error) => {
      // As with a message: whatever is no refusal ends the session.
      if (error === null || error === undefined) once(null);
      else if (this.open) once(subscribeError(this.#where, filter));
    });
  }

  /** Settles once: now, or when the session ends. */
  #once(settled: Settled): Settled {
    const once: Settled = (error) => {
      if (this.#pending.delete(once)) settled(error);
    };
    this.#pending.add(once);
    return once;
  }

  #write(message: OutgoingMessage, settled: Settled): void {
    const { topic, payload, qos, retain } = message;
    const properties = messageProperties(message);
    this.#unacknowledged += qos;
    this.#client.publish(topic, payload, { qos, retain, properties }, (error) => {
      this.#unacknowledged -= qos;
      if (error === undefined || error === null) settled(null);
      else {
        // Only a broker's refusal carries a number. Whatever else goes wrong with a message ends the
        // session, and that settles it with the reason of the end.
        const code = codeOf(error);
        if (typeof code === "number") settled(publishError(this.#where, topic, code));
      }
      const next = this.#ended || qos === 0 ? undefined : this.#held.shift();
      if (next !== undefined) this.#write(next.message, next.settled);
    });
  }

  async end({ inOrder, withinMs }: { inOrder: boolean; withinMs: number }): Promise<void> {
    if (this.#ended) return;
    if (inOrder && this.#accepted) {
      const cancel = this.#clock.after(withinMs, () => this.#client.stream.destroy());
      this.#client.end(false, () => this.#finish());
      await this.#whenEnded.promise;
      cancel();
      return;
    }
    const cancel = this.#clock.after(withinMs, () => this.#whenClosed.resolve());
    this.#finish();
    await this.#whenClosed.promise;
    cancel();
  }

  #failed(error: Error): void {
    this.#cause ??= { code: codeOf(error), text: `${error.name}: ${error.message}` };
    // Before the broker accepted us any error is the end; afterwards the library closes when it is.
    if (!this.#accepted) this.#finish();
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#client.end(true);
    const error = this.#error();
    for (const settled of [...this.#pending]) settled(error);
    this.#whenEnded.resolve();
    this.#events.ended({
      error,
      versionRefused: isVersionRefused(this.#cause?.code ?? null),
      unanswered: !this.#accepted && error.code === "BROKER_CLOSED",
    });
  }

  get #where(): string {
    return shownBroker(this.#options.endpoint.address);
  }

  #error(): BrokerError {
    return connectionError({
      where: this.#where,
      accepted: this.#accepted,
      tls: ["mqtts", "wss"].includes(this.#options.endpoint.address.scheme),
      code: this.#cause?.code ?? null,
      text: this.#cause?.text ?? null,
      clientId: this.#options.clientId,
    });
  }
}

function codeOf(error: Error): string | number | null {
  if (!("code" in error)) return null;
  return typeof error.code === "string" || typeof error.code === "number" ? error.code : null;
}

function messageProperties(message: OutgoingMessage) {
  return {
    contentType: "application/json",
    payloadFormatIndicator: true,
    ...(message.expirySeconds === null ? {} : { messageExpiryInterval: message.expirySeconds }),
  };
}

/** The library's options: no queue, no session and no reconnecting of its own. */
function clientOptions({ endpoint, protocol, clientId, will }: SessionOptions): IClientOptions {
  const { address } = endpoint;
  const socket = address.scheme === "ws" || address.scheme === "wss";
  // The library writes web socket URLs by joining texts, so an IPv6 address needs its brackets there.
  return {
    protocol: address.scheme,
    hostname: socket ? hostText(address.hostname) : address.hostname,
    port: address.port,
    ...(socket ? { path: address.path } : {}),
    protocolVersion: protocol === 5 ? 5 : 4,
    clientId,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepalive: KEEPALIVE_SECONDS,
    queueQoSZero: false,
    resubscribe: false,
    timerVariant: "native",
    ...(endpoint.username === null ? {} : { username: endpoint.username }),
    ...(endpoint.password === null ? {} : { password: endpoint.password }),
    ...(endpoint.ca === null ? {} : { ca: endpoint.ca }),
    ...(endpoint.cert === null ? {} : { cert: endpoint.cert }),
    ...(endpoint.key === null ? {} : { key: endpoint.key }),
    ...(protocol === 5 ? { properties: { maximumPacketSize: MAX_INCOMING_BYTES } } : {}),
    ...(will === null ? {} : { will: willOptions(will, protocol) }),
  };
}

function willOptions(will: OutgoingMessage, protocol: MqttVersion): IClientOptions["will"] {
  const { topic, payload, qos, retain } = will;
  const properties = protocol === 5 ? { properties: messageProperties(will) } : {};
  return { topic, payload, qos, retain, ...properties };
}
