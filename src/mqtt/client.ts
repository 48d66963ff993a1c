/**
 * One connection to a broker, from its opening to its end. The only file that knows the MQTT library.
 *
 * The library's own reconnecting is off: a session ends once, says why, and `link.ts` opens the next.
 */
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { Clock } from "../core/clock.ts";
import type { BrokerError } from "../core/errors.ts";
import {
  connectionError,
  isVersionRefused,
  PACKET_TOO_LARGE,
  publishError,
  subscribeError,
} from "./failures.ts";
import type {
  MqttVersion,
  OpenSession,
  OutgoingMessage,
  Session,
  SessionEvents,
  SessionOptions,
  Settled,
} from "./session.ts";

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
    return this.#options.broker.displayUrl;
  }

  #error(): BrokerError {
    const { scheme } = this.#options.broker;
    return connectionError({
      where: this.#where,
      accepted: this.#accepted,
      tls: scheme === "mqtts" || scheme === "wss",
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
function clientOptions({ broker, tls, protocol, clientId, will }: SessionOptions): IClientOptions {
  const isWebSocket = broker.scheme === "ws" || broker.scheme === "wss";
  // The library writes web socket URLs by joining texts, so an IPv6 address needs its brackets there.
  const isBracketed = isWebSocket && broker.hostname.includes(":");
  return {
    protocol: broker.scheme,
    hostname: isBracketed ? `[${broker.hostname}]` : broker.hostname,
    port: broker.port,
    ...(isWebSocket ? { path: broker.path } : {}),
    protocolVersion: protocol === 5 ? 5 : 4,
    clientId,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepalive: KEEPALIVE_SECONDS,
    queueQoSZero: false,
    resubscribe: false,
    timerVariant: "native",
    ...(broker.username === null ? {} : { username: broker.username }),
    ...(broker.password === null ? {} : { password: broker.password }),
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.cert === null ? {} : { cert: tls.cert }),
    ...(tls.key === null ? {} : { key: tls.key }),
    ...(protocol === 5 ? { properties: { maximumPacketSize: MAX_INCOMING_BYTES } } : {}),
    ...(will === null ? {} : { will: willOptions(will, protocol) }),
  };
}

function willOptions(will: OutgoingMessage, protocol: MqttVersion): IClientOptions["will"] {
  const { topic, payload, qos, retain } = will;
  const properties = protocol === 5 ? { properties: messageProperties(will) } : {};
  return { topic, payload, qos, retain, ...properties };
}
