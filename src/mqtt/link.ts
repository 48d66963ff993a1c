import { Backoff } from "../core/backoff.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import { BrokerError, errorData, LifecycleError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { BrokerState } from "../core/publisher_types.ts";
import type {
  IncomingMessage,
  MqttVersion,
  OpenSession,
  OutgoingMessage,
  Session,
  SessionEnd,
  Settled,
} from "./client.ts";
import type { BrokerEndpoint } from "./target.ts";

/** What the link needs to know. */
export interface LinkPlan {
  readonly clientId: string;
  /** Tried first; with 5, a broker that refuses it is spoken to in 3.1.1. */
  readonly protocol: MqttVersion;
  /** Called before every attempt: what may have changed is read again. */
  loadEndpoint(): Promise<BrokerEndpoint>;
  /** Built for every attempt: what the broker says for us should we vanish, if anything. */
  will(): OutgoingMessage | null;
}

export interface LinkEvents {
  /** Connected, the first time or again. */
  connected(): void;
  state(state: BrokerState): void;
  message(message: IncomingMessage): void;
}

/** What the link works with. */
export interface LinkParts {
  readonly open: OpenSession;
  readonly clock: Clock;
  /** As `Math.random`. */
  readonly random: () => number;
  readonly log: Log;
}

/** What the publisher needs of a connection that comes and goes. */
export interface Link {
  readonly connected: boolean;
  start(): void;
  /** Every message is settled once, at the latest when the connection ends. */
  publish(message: OutgoingMessage, settled: Settled): void;
  /** For this connection: a later one has to subscribe again. Settled once, as a message is. */
  subscribe(filter: string, qos: 0 | 1, settled: Settled): void;
  /** In order, the broker forgets the last will. Called twice, it waits for the same end. */
  close(how: { readonly inOrder: boolean; readonly withinMs: number }): Promise<void>;
}

/** The upper bounds of the first wait and of every wait while the broker is not to be reached. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/**
 * The upper bound of the wait after a connection that broke soon: the broker is there, so it is worth
 * while to be quick, but one that accepts and hangs up must not be hammered.
 */
const LONGEST_WAIT_AFTER_BREAK_MS = 4_000;
/** A connection that lasted this long was a good one: the next wait begins small again. */
const STABLE_AFTER_MS = 2_000;

type Attempt = SessionEnd & { readonly acceptedAtMs: SteadyMs | null };

/** Keeps one connection to the broker: connects, waits, connects again, for as long as it takes. */
export class BrokerLink implements Link {
  readonly #plan: LinkPlan;
  readonly #events: LinkEvents;
  readonly #parts: LinkParts;
  readonly #stop = new AbortController();
  #session: Session | null = null;
  #running: Promise<void> | null = null;
  #protocol: MqttVersion;
  #state: BrokerState;
  #connections = 0;

  constructor(plan: LinkPlan, events: LinkEvents, parts: LinkParts) {
    this.#plan = plan;
    this.#events = events;
    this.#parts = parts;
    this.#protocol = plan.protocol;
    this.#state = {
      connected: false,
      sinceMs: parts.clock.wallMs(),
      error: null,
      protocol: null,
      reconnects: 0,
    };
  }

  get connected(): boolean {
    return this.#state.connected && this.#session !== null && this.#session.open;
  }

  start(): void {
    if (this.#running !== null) {
      throw new LifecycleError("the link to the broker was started twice");
    }
    this.#running = this.#run();
  }

  publish(message: OutgoingMessage, settled: Settled): void {
    if (this.#session === null || !this.connected) {
      throw new LifecycleError("a message was published while the broker is away");
    }
    this.#session.publish(message, settled);
  }

  subscribe(filter: string, qos: 0 | 1, settled: Settled): void {
    if (this.#session === null || !this.connected) {
      throw new LifecycleError("a topic was subscribed to while the broker is away");
    }
    this.#session.subscribe(filter, qos, settled);
  }

  async close(how: { readonly inOrder: boolean; readonly withinMs: number }): Promise<void> {
    this.#stop.abort();
    await this.#session?.end(how);
    await this.#running;
  }

  /** The one loop that connects, waits and ends. */
  async #run(): Promise<void> {
    const { clock, random } = this.#parts;
    const waits = { firstMs: FIRST_WAIT_MS, random };
    const unreached = new Backoff({ ...waits, maxMs: LONGEST_WAIT_MS });
    const broken = new Backoff({ ...waits, maxMs: LONGEST_WAIT_AFTER_BREAK_MS });
    while (!this.#stop.signal.aborted) {
      const attempt = await this.#attempt();
      if (this.#stop.signal.aborted) return;
      this.#lost(attempt.error);
      const { acceptedAtMs } = attempt;
      if (acceptedAtMs !== null) unreached.reset();
      if (acceptedAtMs !== null && clock.nowMs() - acceptedAtMs >= STABLE_AFTER_MS) broken.reset();
      if (this.#changeVersion(attempt)) continue;
      await this.#wait((acceptedAtMs === null ? unreached : broken).nextMs());
    }
  }

  /** One connection, from its opening to its end. */
  async #attempt(): Promise<Attempt> {
    let acceptedAtMs: SteadyMs | null = null;
    try {
      const endpoint = await this.#plan.loadEndpoint();
      const end = await new Promise<SessionEnd>((resolve, reject) => {
        if (this.#stop.signal.aborted) return reject(this.#stop.signal.reason);
        const { clientId } = this.#plan;
        const protocol = this.#protocol;
        this.#session = this.#parts.open(
          { endpoint, protocol, clientId, will: this.#plan.will() },
          {
            accepted: () => {
              acceptedAtMs = this.#parts.clock.nowMs();
              this.#found();
            },
            message: (message) => this.#events.message(message),
            ended: resolve,
          },
        );
      });
      return { ...end, acceptedAtMs };
    } catch (error) {
      // The files could not be read, or the library would not take the options.
      const failed = error instanceof BrokerError ? error : new BrokerError(errorData(error));
      return { error: failed, versionRefused: false, unanswered: false, acceptedAtMs };
    } finally {
      this.#session = null;
    }
  }

  /**
   * Whether to try at once in another version. A broker that hangs up without a word may not know
   * MQTT 5 either, or be down: so the versions then take turns, with the usual wait between.
   */
  #changeVersion(attempt: Attempt): boolean {
    if (this.#plan.protocol !== 5) return false;
    if (attempt.versionRefused && this.#protocol === 5) {
      this.#protocol = "3.1.1";
      this.#parts.log.info("mqtt.version_lowered", { protocol: "3.1.1" });
      return true;
    }
    if (attempt.unanswered || attempt.versionRefused) {
      this.#protocol = this.#protocol === 5 ? "3.1.1" : 5;
    }
    return false;
  }

  #found(): void {
    this.#connections += 1;
    this.#change({
      connected: true,
      sinceMs: this.#parts.clock.wallMs(),
      error: null,
      protocol: this.#protocol,
      reconnects: this.#connections - 1,
    });
    this.#parts.log.info("mqtt.connected", {
      protocol: this.#protocol,
      reconnects: this.#connections - 1,
    });
    this.#events.connected();
  }

  /** Tells a failure once, however often it repeats. */
  #lost(error: BrokerError): void {
    const before = this.#state;
    const same = before.error?.code === error.code && before.error.message === error.message;
    if (!before.connected && same) {
      this.#parts.log.debug("mqtt.connect_failed", { code: error.code });
      return;
    }
    this.#change({
      connected: false,
      sinceMs: before.connected ? this.#parts.clock.wallMs() : before.sinceMs,
      error: error.toData(),
      protocol: null,
      reconnects: before.reconnects,
    });
    const event = before.connected ? "mqtt.disconnected" : "mqtt.connect_failed";
    this.#parts.log.warning(event, { ...error.toData() });
  }

  #change(state: BrokerState): void {
    this.#state = state;
    this.#events.state(state);
  }

  async #wait(delayMs: number): Promise<void> {
    try {
      await this.#parts.clock.sleep(delayMs, this.#stop.signal);
    } catch (error) {
      // The wait was ended by `close`; anything else is a defect and goes on.
      if (!this.#stop.signal.aborted) throw error;
    }
  }
}
