/** A publisher over a link whose broker acknowledges when the test wants it. */
import assert from "node:assert/strict";
import { wallMs } from "../../../src/core/clock.ts";
import { BrokerError } from "../../../src/core/errors.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { Stay } from "../../../src/core/presence_types.ts";
import type { PublisherPlan } from "../../../src/core/publisher_types.ts";
import type { CloseOptions, DoneCallback, OutgoingMessage } from "../../../src/mqtt/session.ts";
import type { Link, LinkEvents, LinkPlan } from "../../../src/mqtt/link.ts";
import { Publisher } from "../../../src/mqtt/publisher.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { inferenceResult, publisherPlan } from "../../support/workers/publisher_worker.ts";

export function failure(code: string): BrokerError {
  return new BrokerError({ code, message: code, retryable: true, remedy: "Wait." });
}

/** The session of the publisher under test. */
export const SESSION = 7;

const STATUS = "orion/lobby-1/status";

/** A link that records what is published and subscribed; its broker forwards and keeps the status. */
export class FakeLink implements Link {
  connected = false;
  readonly sent: { readonly message: OutgoingMessage; readonly done: DoneCallback }[] = [];
  readonly subscribed: { readonly filter: string; readonly done: DoneCallback }[] = [];
  /** Of every close: whether it was graceful. */
  readonly closes: boolean[] = [];
  /** Whether a SUBACK follows at once. */
  grantsSubscriptions = true;
  /** What the broker retains, but for the status, also from earlier runs, by topic. */
  readonly retained = new Map<string, string>();
  /** Short subscriptions to what is retained, which every connection has. */
  readonly reads: { readonly filter: string; readonly done: DoneCallback }[] = [];
  /** Whether their SUBACK follows at once. */
  grantsReads = true;
  readonly unsubscribed: string[] = [];
  /** Subscriptions to the status, which every connection has beside those of {@link subscribed}. */
  readonly watched: DoneCallback[] = [];
  /** The status that the broker retains, also from other clients. */
  retainedStatus: string | null = null;
  /** What comes in place of its SUBACK. */
  failsWatch: BrokerError | null = null;
  /** Whether the broker's rules forbid to publish the status; it acknowledges all the same. */
  dropsStatus = false;
  isContested = false;
  readonly #events: LinkEvents;
  /** Whether a PUBACK follows at once. */
  readonly #acknowledges: boolean;

  constructor(readonly plan: LinkPlan, events: LinkEvents, acknowledges: boolean) {
    this.#events = events;
    this.#acknowledges = acknowledges;
  }

  start(): void {}

  publish(message: OutgoingMessage, done: DoneCallback): void {
    assert.ok(this.connected, "nothing is published while the broker is disconnected");
    this.sent.push({ message, done });
    if (message.topic === STATUS && !this.dropsStatus) {
      this.retainedStatus = message.payload;
      this.receive(STATUS, message.payload);
    }
    if (this.#acknowledges) done(null);
  }

  subscribe(filter: string, _qos: 0 | 1, done: DoneCallback): void {
    assert.ok(this.connected, "nothing is subscribed to while the broker is disconnected");
    if (filter === STATUS) return this.#watch(done);
    if (/\/(#|stays|stays\/sent)$|\/cameras\/\+\/(status|detect)$/.test(filter)) {
      return this.#read(filter, done);
    }
    this.subscribed.push({ filter, done });
    if (this.grantsSubscriptions) done(null);
  }

  unsubscribe(filter: string): void {
    this.unsubscribed.push(filter);
  }

  #read(filter: string, done: DoneCallback): void {
    this.reads.push({ filter, done });
    if (!this.grantsReads) return;
    done(null);
    const [start = "", end] = filter.split(/\/#|\+/);
    for (const [topic, payload] of this.retained) {
      const isMatch = end === undefined
        ? topic === filter
        : topic.startsWith(start) && topic.endsWith(end);
      if (isMatch) this.receive(topic, payload, true);
    }
  }

  #watch(done: DoneCallback): void {
    this.watched.push(done);
    done(this.failsWatch);
    if (this.failsWatch !== null) return;
    if (this.retainedStatus !== null) this.receive(STATUS, this.retainedStatus, true);
  }

  /** Another client published. */
  receive(topic: string, payload: string | Uint8Array, retained = false): void {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    this.#events.message({ topic, payload: bytes, retained });
  }

  /** The link reports a state. */
  stateChanged(connected: boolean, protocol: 5 | "3.1.1" = "3.1.1"): void {
    const state = { connected, sinceMs: wallMs(0), error: null, reconnects: 0 };
    this.#events.stateChanged({ ...state, protocol: connected ? protocol : null });
  }

  connect(): void {
    this.connected = true;
    this.#events.connected();
  }

  /** The connection breaks, and messages in flight fail. */
  disconnect(code = "BROKER_CLOSED"): void {
    this.connected = false;
    for (const { done } of this.sent.splice(0)) done(failure(code));
  }

  contested(): void {
    this.isContested = true;
  }

  close({ graceful }: CloseOptions): Promise<void> {
    this.closes.push(graceful);
    this.connected = false;
    return Promise.resolve();
  }

  topics(): string[] {
    return this.sent.map(({ message }) => message.topic.replace("orion/lobby-1/", ""));
  }
}

/** A publisher that is started and not connected. */
export function rig(
  { acknowledges = true, qos = {}, plan = {}, session = SESSION, openStays }: {
    acknowledges?: boolean;
    session?: number;
    openStays?: () => readonly Stay[];
    qos?: Partial<PublisherPlan["qos"]>;
    plan?: Partial<PublisherPlan>;
  } = {},
) {
  const clock = new HeldClock();
  const posted: FromPublisher[] = [];
  const logged: LogRecord[] = [];
  const links: FakeLink[] = [];
  const publisher = new Publisher({
    clock,
    log: logTo((record) => logged.push(record)),
    session,
    post: (message) => posted.push(message),
    openLink: (plan, events) => {
      const link = new FakeLink(plan, events, acknowledges);
      links.push(link);
      return link;
    },
    readText: () => Promise.reject(new Error("no files here")),
  });
  publisher.start({ ...publisherPlan("mqtt://127.0.0.1:1883", {}, qos), ...plan }, openStays);
  const [link] = links;
  assert.ok(link !== undefined);
  const discarded = () =>
    posted.filter((each) => each.kind === "discarded").map((each) => each.reason);
  const infer = (seq: number, camera = "gate") =>
    publisher.publishInference(inferenceResult(seq, { camera }), clock.nowMs());
  return { clock, discarded, infer, link, logged, posted, publisher };
}
