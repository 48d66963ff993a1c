import { Backoff } from "../core/backoff.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import { BrokerError, errorData, LifecycleError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { BrokerState, BrokerTarget } from "../core/publisher_types.ts";
import type {
  CloseOptions,
  DoneCallback,
  IncomingMessage,
  MqttVersion,
  OpenSession,
  OutgoingMessage,
  Session,
  SessionEnd,
} from "./session.ts";
import type { TlsFiles } from "./tls_files.ts";

/** The broker to connect to, and the client that connects. */
export interface LinkPlan {
  readonly clientId: string;
  /** Its `protocol` is tried first; where that is 5, a broker that refuses it is tried in 3.1.1. */
  readonly broker: BrokerTarget;
  /** Called before every attempt, so that renewed files are used. */
  readTlsFiles(): Promise<TlsFiles>;
  /** Called for every attempt; null for no will. */
  will(): OutgoingMessage | null;
}

/** The state of the connection itself. */
export type LinkState = Omit<BrokerState, "problem">;

export interface LinkEvents {
  /** Connected, for the first time or again. */
  connected(): void;
  stateChanged(state: LinkState): void;
  message(message: IncomingMessage): void;
  /** A connection failed or ended. `triesOther`: the next one is tried in the other version. */
  ended?(error: BrokerError, triesOther: boolean): void;
}

export interface LinkParts {
  readonly openSession: OpenSession;
  readonly clock: Clock;
  /** As `Math.random`. */
  readonly random: () => number;
  readonly log: Log;
}

/** A connection to the broker that is established again whenever it breaks. */
export interface Link {
  readonly connected: boolean;
  start(): void;
  /** Calls back once, at the latest when the connection breaks. Only while it is connected. */
  publish(message: OutgoingMessage, done: DoneCallback): void;
  /** For this connection: the next one has to subscribe again. Calls back as `publish` does. */
  subscribe(filter: string, qos: 0 | 1, done: DoneCallback): void;
  /** Only while it is connected. */
  unsubscribe(filter: string): void;
  /**
   * Another client uses our client id, so that each connection ends the other's: delays grow to minutes,
   * until a connection has lasted.
   */
  contested(): void;
  /** Stops reconnecting and closes the connection. Idempotent. */
  close(options: CloseOptions): Promise<void>;
}

/** The upper bounds of the first delay, and of every delay while no connection is accepted. */
const FIRST_DELAY_MS = 1_000;
const MAX_CONNECT_DELAY_MS = 30_000;
/**
 * The upper bound of the delay after a connection that broke soon: the broker is up, so a short delay
 * pays, but one that accepts and closes must not be hammered.
 */
const MAX_RECONNECT_DELAY_MS = 4_000;
/** The same after a connection that another client with our client id ended. */
const FIRST_TAKEOVER_DELAY_MS = 4_000;
const MAX_TAKEOVER_DELAY_MS = 300_000;
/** A connection that lasted this long shows that the other client has ended. */
const UNCONTESTED_AFTER_MS = 600_000;
/** After a connection that lasted this long the delays begin small again. */
const STABLE_AFTER_MS = 2_000;

type Attempt = SessionEnd & { readonly connectedAtMs: SteadyMs | null };

/** Connects, backs off and connects again, until it is closed. */
export class BrokerLink implements Link {
  readonly #plan: LinkPlan;
  readonly #events: LinkEvents;
  readonly #parts: LinkParts;
  readonly #abort = new AbortController();
  #session: Session | null = null;
  #running: Promise<void> | null = null;
  #protocol: MqttVersion;
  #state: LinkState;
  #connections = 0;
  #isContested = false;

  constructor(plan: LinkPlan, events: LinkEvents, parts: LinkParts) {
    this.#plan = plan;
    this.#events = events;
    this.#parts = parts;
    this.#protocol = plan.broker.protocol;
    this.#state = {
      connected: false,
      sinceMs: parts.clock.wallMs(),
      error: null,
      protocol: null,
      reconnects: 0,
    };
  }

  get connected(): boolean {
    return this.#state.connected && this.#session !== null && this.#session.connected;
  }

  start(): void {
    if (this.#running !== null) {
      throw new LifecycleError("the link to the broker was started twice");
    }
    this.#running = this.#run();
  }

  publish(message: OutgoingMessage, done: DoneCallback): void {
    this.#connectedSession("publish").publish(message, done);
  }

  subscribe(filter: string, qos: 0 | 1, done: DoneCallback): void {
    this.#connectedSession("subscribe").subscribe(filter, qos, done);
  }

  unsubscribe(filter: string): void {
    this.#connectedSession("unsubscribe").unsubscribe(filter);
  }

  contested(): void {
    this.#isContested = true;
  }

  async close(options: CloseOptions): Promise<void> {
    this.#abort.abort();
    await this.#session?.close(options);
    await this.#running;
  }

  #connectedSession(action: string): Session {
    if (this.#session !== null && this.connected) return this.#session;
    throw new LifecycleError(`cannot ${action}: the broker is not connected`);
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#parts;
    const delays = { firstMs: FIRST_DELAY_MS, random };
    const connect = new Backoff({ ...delays, maxMs: MAX_CONNECT_DELAY_MS });
    const reconnect = new Backoff({ ...delays, maxMs: MAX_RECONNECT_DELAY_MS });
    const takeover = new Backoff({
      firstMs: FIRST_TAKEOVER_DELAY_MS,
      maxMs: MAX_TAKEOVER_DELAY_MS,
      random,
    });
    while (!this.#abort.signal.aborted) {
      const attempt = await this.#attempt();
      if (this.#abort.signal.aborted) return;
      this.#onDisconnected(attempt.error);
      const { connectedAtMs, error } = attempt;
      if (connectedAtMs !== null) {
        const lastedMs = clock.nowMs() - connectedAtMs;
        connect.reset();
        if (lastedMs >= STABLE_AFTER_MS) reconnect.reset();
        if (lastedMs >= UNCONTESTED_AFTER_MS) {
          takeover.reset();
          this.#isContested = false;
        }
        if (error.code === "BROKER_TAKEN_OVER") this.#isContested = true;
      }
      const protocol = this.#protocol;
      const isAtOnce = this.#switchVersion(attempt);
      this.#events.ended?.(error, this.#protocol !== protocol);
      if (isAtOnce) continue;
      const afterConnection = this.#isContested ? takeover : reconnect;
      await this.#sleep((connectedAtMs === null ? connect : afterConnection).nextMs());
    }
  }

  /** Opens one session, and waits until it is closed. */
  async #attempt(): Promise<Attempt> {
    let connectedAtMs: SteadyMs | null = null;
    try {
      const tls = await this.#plan.readTlsFiles();
      const end = await new Promise<SessionEnd>((resolve, reject) => {
        if (this.#abort.signal.aborted) return reject(this.#abort.signal.reason);
        const { broker, clientId } = this.#plan;
        const protocol = this.#protocol;
        this.#session = this.#parts.openSession(
          { broker, tls, protocol, clientId, will: this.#plan.will() },
          {
            connected: () => {
              connectedAtMs = this.#parts.clock.nowMs();
              this.#onConnected();
            },
            message: (message) => this.#events.message(message),
            closed: resolve,
          },
        );
      });
      return { ...end, connectedAtMs };
    } catch (cause) {
      // The files could not be read, or mqtt.js rejected the options.
      const error = cause instanceof BrokerError ? cause : new BrokerError(errorData(cause));
      return { error, versionRefused: false, withoutConnack: false, connectedAtMs };
    } finally {
      this.#session = null;
    }
  }

  /**
   * Picks the version for the next attempt. A broker that sends no CONNACK may not know MQTT 5, or may be
   * down: the versions then alternate, with the usual delay.
   * @returns whether to connect without a delay
   */
  #switchVersion(attempt: Attempt): boolean {
    if (this.#plan.broker.protocol !== 5) return false;
    if (attempt.versionRefused && this.#protocol === 5) {
      this.#protocol = "3.1.1";
      this.#parts.log.info("mqtt.version_lowered", { protocol: "3.1.1" });
      return true;
    }
    if (attempt.withoutConnack || attempt.versionRefused) {
      this.#protocol = this.#protocol === 5 ? "3.1.1" : 5;
    }
    return false;
  }

  #onConnected(): void {
    this.#connections += 1;
    const protocol = this.#protocol;
    const reconnects = this.#connections - 1;
    const sinceMs = this.#parts.clock.wallMs();
    this.#setState({ connected: true, sinceMs, error: null, protocol, reconnects });
    this.#parts.log.info("mqtt.connected", { protocol, reconnects });
    this.#events.connected();
  }

  /** Reports an error once, however often it repeats. */
  #onDisconnected(error: BrokerError): void {
    const before = this.#state;
    const same = before.error?.code === error.code && before.error.message === error.message;
    if (!before.connected && same) {
      this.#parts.log.debug("mqtt.connect_failed", { code: error.code });
      return;
    }
    this.#setState({
      connected: false,
      sinceMs: before.connected ? this.#parts.clock.wallMs() : before.sinceMs,
      error: error.toData(),
      protocol: null,
      reconnects: before.reconnects,
    });
    const event = before.connected ? "mqtt.disconnected" : "mqtt.connect_failed";
    this.#parts.log.warning(event, { ...error.toData() });
  }

  #setState(state: LinkState): void {
    this.#state = state;
    this.#events.stateChanged(state);
  }

  async #sleep(delayMs: number): Promise<void> {
    try {
      await this.#parts.clock.sleep(delayMs, this.#abort.signal);
    } catch (error) {
      // `close` ends the delay; any other error is a defect.
      if (!this.#abort.signal.aborted) throw error;
    }
  }
}
