/** A publisher over a broker that answers when the test says so. */
import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { PublisherPlan } from "../../../src/core/publisher_types.ts";
import type { OutgoingMessage, Settled } from "../../../src/mqtt/client.ts";
import type { Link, LinkEvents, LinkPlan } from "../../../src/mqtt/link.ts";
import { Publisher } from "../../../src/mqtt/publisher.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { inferenceResult, publisherPlan } from "../../support/workers/publisher_worker.ts";

export function failure(code: string): BrokerError {
  return new BrokerError({ code, message: code, retryable: true, remedy: "Wait." });
}

/** The connection, and what went over it. */
export class FakeLink implements Link {
  connected = false;
  readonly sent: { readonly message: OutgoingMessage; readonly settled: Settled }[] = [];
  readonly subscribed: { readonly filter: string; readonly settled: Settled }[] = [];
  readonly closed: boolean[] = [];
  /** Whether subscriptions are granted at once. */
  grants = true;
  readonly #events: LinkEvents;
  readonly #answersAtOnce: boolean;

  constructor(readonly plan: LinkPlan, events: LinkEvents, answersAtOnce: boolean) {
    this.#events = events;
    this.#answersAtOnce = answersAtOnce;
  }

  start(): void {}

  publish(message: OutgoingMessage, settled: Settled): void {
    assert.ok(this.connected, "nothing is published while the broker is away");
    this.sent.push({ message, settled });
    if (this.#answersAtOnce) settled(null);
  }

  subscribe(filter: string, _qos: 0 | 1, settled: Settled): void {
    assert.ok(this.connected, "nothing is subscribed to while the broker is away");
    this.subscribed.push({ filter, settled });
    if (this.grants) settled(null);
  }

  /** Somebody published. */
  receive(topic: string, payload: string | Uint8Array, retained = false): void {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    this.#events.message({ topic, payload: bytes, retained });
  }

  connect(): void {
    this.connected = true;
    this.#events.connected();
  }

  /** The connection breaks: what was on its way is lost. */
  lose(): void {
    this.connected = false;
    for (const { settled } of this.sent.splice(0)) settled(failure("BROKER_CLOSED"));
  }

  close({ inOrder }: { inOrder: boolean }): Promise<void> {
    this.closed.push(inOrder);
    this.connected = false;
    return Promise.resolve();
  }

  topics(): string[] {
    return this.sent.map(({ message }) => message.topic.replace("orion/lobby-1/", ""));
  }
}

/** Started, and not connected yet. */
export function rig(
  { answersAtOnce = true, qos = {}, plan = {} }: {
    answersAtOnce?: boolean;
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
      const link = new FakeLink(plan, events, answersAtOnce);
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
  const see = (seq: number, camera = "gate") =>
    publisher.inference(inferenceResult(seq, { camera }), clock.nowMs());
  return { clock, discarded, link, logged, posted, publisher, see };
}
