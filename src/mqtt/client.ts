/**
 * The sessions of mqtt.js, the one file that imports it.
 *
 * Its own reconnecting is off: a session is closed once, with a reason, and `link.ts` opens the next.
 */
import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import mqtt, { type IClientOptions, type IClientPublishOptions, type MqttClient } from "mqtt";
import { shownBroker } from "../core/broker_address.ts";
import type { Clock } from "../core/clock.ts";
import { hostText } from "../core/endpoint.ts";
import type { BrokerError } from "../core/errors.ts";
import { AckWatch } from "./ack_watch.ts";
import { brokerLimits, NO_LIMITS } from "./broker_limits.ts";
import {
  connectionError,
  isVersionRefused,
  PACKET_TOO_LARGE,
  publishError,
  subscribeError,
} from "./broker_errors.ts";
import { defuse } from "./malformed_packet.ts";
import type {
  CloseOptions,
  DoneCallback,
  MqttVersion,
  OpenSession,
  OutgoingMessage,
  Session,
  SessionEvents,
  SessionOptions,
} from "./session.ts";
import { TimeSlice } from "./time_slice.ts";
import { WriteTracker } from "./write_tracker.ts";

/** Longer than a live broker takes; short enough to notice a dead one. */
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_SECONDS = 20;
/** The Maximum Packet Size that a broker of MQTT 5 keeps to; larger payloads are no commands. */
const MAX_PACKET_BYTES = 16 * 1024 * 1024;
/** Upper bound of a PUBLISH packet's bytes beside topic and payload. */
const PUBLISH_OVERHEAD_BYTES = 64;

/** Opens sessions with mqtt.js. */
export function mqttSessions(clock: Clock): OpenSession {
  return (options, events) => new MqttSession(options, events, clock);
}

class MqttSession implements Session {
  readonly #client: MqttClient;
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #clock: Clock;
  /** Callbacks not called yet: mqtt.js drops some of its own when a connection breaks. */
  readonly #pending = new Set<DoneCallback>();
  /** Messages of QoS 1 beyond the broker's Receive Maximum, and those that are to stay behind them. */
  readonly #queued: { readonly message: OutgoingMessage; readonly done: DoneCallback }[] = [];
  readonly #writes: WriteTracker;
  readonly #acks: AckWatch;
  #limits = NO_LIMITS;
  #hasConnack = false;
  #isClosed = false;
  /** The first error: those after it are consequences. */
  #cause: { readonly code: string | number | null; readonly text: string } | null = null;
  #closed = Promise.withResolvers<void>();
  #socketClosed = Promise.withResolvers<void>();

  constructor(options: SessionOptions, events: SessionEvents, clock: Clock) {
    this.#options = options;
    this.#events = events;
    this.#clock = clock;
    this.#client = mqtt.connect(clientOptions(options));
    // Else a message waits for the acknowledgement of the one before: 40 ms. The `ws` package sees to its own.
    if (this.#client.stream instanceof Socket) this.#client.stream.setNoDelay(true);
    this.#writes = new WriteTracker(this.#client.stream, new TimeSlice(clock));
    this.#acks = new AckWatch(clock, (error) => this.#onError(error));
    this.#client.on("connect", ({ properties }) => {
      if (this.#isClosed) return;
      this.#limits = brokerLimits(properties);
      if (this.#limits.lack !== null) return this.#onError(this.#limits.lack);
      this.#hasConnack = true;
      this.#events.connected();
    });
    this.#client.on("error", (error) => this.#onError(error));
    // mqtt.js emits only errors that have a code; a denied permission has none.
    this.#client.stream.on("error", (error: Error) => this.#onError(error));
    this.#client.stream.once("close", () => this.#socketClosed.resolve());
    this.#client.on("packetreceive", (packet) => {
      if (defuse(packet)) this.#onError(new Error("a malformed packet"));
    });
    this.#client.on("disconnect", (packet) => {
      this.#cause ??= { code: packet.reasonCode ?? null, text: "the broker disconnected" };
    });
    this.#client.on("close", () => this.#onClosed());
    this.#client.on("message", (topic, payload, { retain }) => {
      if (!this.#isClosed) this.#events.message({ topic, payload, retained: retain });
    });
  }

  get connected(): boolean {
    return this.#hasConnack && !this.#isClosed;
  }

  publish(message: OutgoingMessage, done: DoneCallback): void {
    if (this.#isClosed) return done(this.#closeError());
    const { topic, payload, jpeg, qos } = message;
    if (this.#limits.maximumPacketBytes < Infinity) {
      const bytes = new TextEncoder().encode(topic + payload).byteLength + (jpeg?.byteLength ?? 0) +
        PUBLISH_OVERHEAD_BYTES;
      const isTooLarge = bytes > this.#limits.maximumPacketBytes;
      if (isTooLarge) return done(publishError(this.#brokerUrl, topic, PACKET_TOO_LARGE));
    }
    const once = this.#once(done);
    // Behind the queued ones, also where a PUBACK has just made room.
    const isOrdered = qos === 1 || message.isOrdered === true;
    const mustQueue = this.#queued.length > 0 || !this.#hasRoomFor(message);
    if (isOrdered && mustQueue) this.#queued.push({ message, done: once });
    else this.#send(message, once);
  }

  subscribe(filter: string, qos: 0 | 1, done: DoneCallback): void {
    if (this.#isClosed) return done(this.#closeError());
    const once = this.#once(done);
    this.#client.subscribe(filter, { qos }, (error) => {
      // As with a message: an error that is no refusal closes the session.
      if (error === null || error === undefined) once(null);
      else if (this.connected) once(subscribeError(this.#brokerUrl, filter));
    });
  }

  unsubscribe(filter: string): void {
    if (!this.#isClosed) this.#client.unsubscribe(filter);
  }

  async close({ graceful, timeoutMs }: CloseOptions): Promise<void> {
    if (this.#isClosed) return;
    if (graceful && this.#hasConnack) {
      const cancel = this.#clock.after(timeoutMs, () => this.#client.stream.destroy());
      this.#client.end(false, () => this.#onClosed());
      await this.#closed.promise;
      cancel();
      return;
    }
    const cancel = this.#clock.after(timeoutMs, () => this.#socketClosed.resolve());
    this.#onClosed();
    await this.#socketClosed.promise;
    cancel();
  }

  /** Makes a callback run once: with its own outcome, or when the session is closed. */
  #once(done: DoneCallback): DoneCallback {
    const once: DoneCallback = (error) => {
      if (this.#pending.delete(once)) done(error);
    };
    this.#pending.add(once);
    return once;
  }

  #send(message: OutgoingMessage, done: DoneCallback): void {
    if (message.qos === 1) this.#sendAcknowledged(message, done);
    else this.#sendUnacknowledged(message, done);
  }

  /** Whether the broker's Receive Maximum allows to send a message now. */
  #hasRoomFor({ qos }: OutgoingMessage): boolean {
    return qos === 0 || this.#acks.count < this.#limits.receiveMaximum;
  }

  #sendQueued(): void {
    while (!this.#isClosed) {
      const next = this.#queued[0];
      if (next === undefined || !this.#hasRoomFor(next.message)) return;
      this.#queued.shift();
      this.#send(next.message, next.done);
    }
  }

  #sendAcknowledged(message: OutgoingMessage, done: DoneCallback): void {
    this.#acks.sent();
    this.#client.publish(message.topic, this.#bodyOf(message), publishOptions(message), (error) => {
      this.#acks.settled();
      if (error === undefined || error === null) done(null);
      else {
        // Only a refusal by the broker carries a number. Any other error closes the session, which
        // calls back with the reason.
        const code = codeOf(error);
        if (typeof code === "number") done(publishError(this.#brokerUrl, message.topic, code));
      }
      this.#sendQueued();
    });
  }

  /** mqtt.js calls back when the stream has accepted a message: it may be far from written then. */
  #sendUnacknowledged(message: OutgoingMessage, done: DoneCallback): void {
    // Without a write the connection is about to close.
    this.#writes.call(
      () => this.#client.publish(message.topic, this.#bodyOf(message), publishOptions(message)),
      () => done(null),
    );
  }

  #bodyOf({ payload, jpeg, beforeWrite }: OutgoingMessage): string | Buffer {
    if (jpeg !== undefined) return Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
    if (beforeWrite === undefined) return payload;
    const bytes = Buffer.from(payload);
    this.#writes.before(bytes, () => beforeWrite(bytes));
    return bytes;
  }

  /** Closes the session: every error is final, and mqtt.js leaves the connection open after a malformed packet. */
  #onError(error: Error): void {
    this.#cause ??= { code: codeOf(error), text: `${error.name}: ${error.message}` };
    this.#onClosed();
  }

  #onClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#acks.stop();
    this.#client.end(true);
    const error = this.#closeError();
    for (const done of [...this.#pending]) done(error);
    this.#closed.resolve();
    this.#events.closed({
      error,
      versionRefused: isVersionRefused(this.#cause?.code ?? null),
      withoutConnack: !this.#hasConnack && error.code === "BROKER_CLOSED",
    });
  }

  get #brokerUrl(): string {
    return shownBroker(this.#options.broker.address);
  }

  #closeError(): BrokerError {
    const { scheme } = this.#options.broker.address;
    return connectionError({
      brokerUrl: this.#brokerUrl,
      connected: this.#hasConnack,
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

function publishOptions(message: OutgoingMessage): IClientPublishOptions {
  const { qos, retain, isRepeated } = message;
  return { qos, retain, dup: isRepeated === true, properties: messageProperties(message) };
}

function messageProperties(message: OutgoingMessage) {
  const isJpeg = message.jpeg !== undefined;
  return {
    contentType: isJpeg ? "image/jpeg" : message.contentType ?? "application/json",
    payloadFormatIndicator: !isJpeg,
    ...(message.expirySeconds === null ? {} : { messageExpiryInterval: message.expirySeconds }),
  };
}

/** The options of mqtt.js: no queue, no session state and no reconnecting of its own. */
function clientOptions({ broker, tls, protocol, clientId, will }: SessionOptions): IClientOptions {
  const { scheme, hostname, port, path } = broker.address;
  const isWebSocket = scheme === "ws" || scheme === "wss";
  return {
    protocol: scheme,
    // mqtt.js concatenates WebSocket URLs, so an IPv6 address needs its brackets there.
    hostname: isWebSocket ? hostText(hostname) : hostname,
    port,
    ...(isWebSocket ? { path } : {}),
    protocolVersion: protocol === 5 ? 5 : 4,
    clientId,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepalive: KEEP_ALIVE_SECONDS,
    queueQoSZero: false,
    resubscribe: false,
    timerVariant: "native",
    ...(broker.username === null ? {} : { username: broker.username }),
    ...(broker.password === null ? {} : { password: broker.password }),
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.cert === null ? {} : { cert: tls.cert }),
    ...(tls.key === null ? {} : { key: tls.key }),
    ...(protocol === 5 ? { properties: { maximumPacketSize: MAX_PACKET_BYTES } } : {}),
    ...(will === null ? {} : { will: willOptions(will, protocol) }),
  };
}

function willOptions(will: OutgoingMessage, protocol: MqttVersion): IClientOptions["will"] {
  const { topic, payload, qos, retain } = will;
  const properties = protocol === 5 ? { properties: messageProperties(will) } : {};
  return { topic, payload, qos, retain, ...properties };
}
