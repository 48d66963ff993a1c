/** A publisher over a link whose broker acknowledges when the test wants it. */
import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { PublisherPlan } from "../../../src/core/publisher_types.ts";
import type { CloseOptions, DoneCallback, OutgoingMessage } from "../../../src/mqtt/session.ts";
import type { Link, LinkEvents, LinkPlan } from "../../../src/mqtt/link.ts";
import { Publisher } from "../../../src/mqtt/publisher.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { inferenceResult, publisherPlan } from "../../support/workers/publisher_worker.ts";

export function failure(code: string): BrokerError {
  return new BrokerError({ code, message: code, retryable: true, remedy: "Wait." });
}

/** A link that records what is published and subscribed. */
export class FakeLink implements Link {
  connected = false;
  readonly sent: { readonly message: OutgoingMessage; readonly done: DoneCallback }[] = [];
  readonly subscribed: { readonly filter: string; readonly done: DoneCallback }[] = [];
  /** Of every close: whether it was graceful. */
  readonly closes: boolean[] = [];
  /** Whether a SUBACK follows at once. */
  grantsSubscriptions = true;
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
    if (this.#acknowledges) done(null);
  }

  subscribe(filter: string, _qos: 0 | 1, done: DoneCallback): void {
    assert.ok(this.connected, "nothing is subscribed to while the broker is disconnected");
    this.subscribed.push({ filter, done });
    if (this.grantsSubscriptions) done(null);
  }

  /** Another client published. */
  receive(topic: string, payload: string | Uint8Array, retained = false): void {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    this.#events.message({ topic, payload: bytes, retained });
  }

  connect(): void {
    this.connected = true;
    this.#events.connected();
  }

  /** The connection breaks, and messages in flight fail. */
  disconnect(): void {
    this.connected = false;
    for (const { done } of this.sent.splice(0)) done(failure("BROKER_CLOSED"));
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
  { acknowledges = true, qos = {}, plan = {} }: {
    acknowledges?: boolean;
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
    post: (message) => posted.push(message),
    openLink: (plan, events) => {
      const link = new FakeLink(plan, events, acknowledges);
      links.push(link);
      return link;
    },
    readText: () => Promise.reject(new Error("no files here")),
  });
  publisher.start({ ...publisherPlan("mqtt://127.0.0.1:1883", {}, qos), ...plan });
  const [link] = links;
  assert.ok(link !== undefined);
  const discarded = () =>
    posted.filter((each) => each.kind === "discarded").map((each) => each.reason);
  const infer = (seq: number, camera = "gate") =>
    publisher.publishInference(inferenceResult(seq, { camera }), clock.nowMs());
  return { clock, discarded, infer, link, logged, posted, publisher };
}
