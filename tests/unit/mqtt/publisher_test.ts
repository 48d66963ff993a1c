import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { logTo } from "../../../src/core/log.ts";
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { OutgoingMessage, Settled } from "../../../src/mqtt/client.ts";
import type { Link, LinkEvents, LinkPlan } from "../../../src/mqtt/link.ts";
import { MAX_AGE_MS, MAX_IN_FLIGHT, MAX_WAITING, Publisher } from "../../../src/mqtt/publisher.ts";
import { HeldClock, settle } from "../../support/held_clock.ts";
import { inferenceResult, publisherPlan } from "../../support/publisher_worker.ts";

function failure(code: string): BrokerError {
  return new BrokerError({ code, message: code, retryable: true, remedy: "Wait." });
}

/** A broker that answers when the test says so. */
class FakeLink implements Link {
  connected = false;
  readonly sent: { readonly message: OutgoingMessage; readonly settled: Settled }[] = [];
  readonly closed: boolean[] = [];
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

function rig({ answersAtOnce = true, qos = {} }: { answersAtOnce?: boolean; qos?: object } = {}) {
  const clock = new HeldClock();
  const posted: FromPublisher[] = [];
  const links: FakeLink[] = [];
  const publisher = new Publisher({
    clock,
    log: logTo(() => {}),
    post: (message) => posted.push(message),
    openLink: (plan, events) => {
      const link = new FakeLink(plan, events, answersAtOnce);
      links.push(link);
      return link;
    },
    readText: () => Promise.reject(new Error("no files here")),
  });
  publisher.start(publisherPlan("mqtt://127.0.0.1:1883", {}, qos));
  const [link] = links;
  assert.ok(link !== undefined);
  const discarded = () =>
    posted.filter((each) => each.kind === "discarded").map((each) => each.reason);
  const see = (seq: number, camera = "gate") =>
    publisher.inference(inferenceResult(seq, { camera, arrivedAtMs: clock.nowMs() }));
  return { clock, discarded, link, posted, publisher, see };
}

Deno.test("publisher: says everything retained first, with every connection", () => {
  const { link, publisher, see } = rig();
  see(1);
  publisher.health({ schema: "orion.health/1" });
  publisher.camera({ camera: "gate", state: "online", sinceMs: 0, reason: null, reconnects: 0 });
  link.connect();
  const first = ["status", "health", "cameras/gate/status"];
  assert.deepEqual(link.topics(), [...first, "inferences/gate/person"]);
  assert.ok(link.sent.slice(0, 3).every(({ message }) => message.retain && message.qos === 1));
  link.lose();
  link.connect();
  assert.deepEqual(link.topics(), first);
});

Deno.test("publisher: the last will is what a stop would say, under the same topic", () => {
  const { link } = rig();
  const will = link.plan.will();
  assert.equal(will.topic, "orion/lobby-1/status");
  assert.ok(will.retain && will.qos === 1 && will.payload.includes('"state":"offline"'));
  assert.equal(link.plan.clientId, "orion-lobby-1", "always the same: see SessionOptions.clientId");
});

Deno.test("publisher: old inferences are not sent after a reconnect", async () => {
  const { clock, discarded, link, see } = rig();
  see(1, "gate");
  await clock.pass(MAX_AGE_MS);
  see(2, "yard");
  await clock.pass(1);
  link.connect();
  assert.deepEqual(link.topics(), ["status", "inferences/yard/person"]);
  assert.deepEqual(discarded(), ["stale"]);
});

Deno.test("publisher: no more than a bounded number of cameras and detectors waits", () => {
  const { discarded, see } = rig();
  for (let each = 0; each < MAX_WAITING + 3; each++) see(each, `camera-${each}`);
  assert.deepEqual(discarded(), ["full", "full", "full"]);
});

Deno.test("publisher: a broker that does not keep up gets the newest, not the backlog", () => {
  const { discarded, link, see } = rig({ answersAtOnce: false });
  link.connect();
  for (let seq = 0; seq < MAX_IN_FLIGHT + 10; seq++) see(seq);
  const inferences = () => link.sent.filter(({ message }) => !message.retain);
  assert.equal(inferences().length, MAX_IN_FLIGHT);
  assert.equal(discarded().length, 9, "all but the newest of those that waited");
  inferences()[0]?.settled(null);
  assert.equal(inferences().length, MAX_IN_FLIGHT + 1);
  const last = inferences().at(-1)?.message.payload ?? "";
  assert.ok(last.includes(`"seq":${MAX_IN_FLIGHT + 9},`), last);
});

Deno.test("publisher: what was on its way when the connection broke is counted as lost", () => {
  const { discarded, link, posted, see } = rig({ answersAtOnce: false });
  link.connect();
  see(1);
  see(2);
  link.lose();
  assert.deepEqual(discarded(), ["connection-lost", "connection-lost"]);
  assert.equal(posted.filter((each) => each.kind === "emitted").length, 2);
  link.connect();
  assert.deepEqual(link.topics(), ["status"], "the status is said again, the inferences are not");
});

Deno.test("publisher: a topic that the broker refuses is counted and not tried for ever", () => {
  const { discarded, link, publisher } = rig({ answersAtOnce: false });
  link.connect();
  publisher.health({ schema: "orion.health/1" });
  link.sent.at(-1)?.settled(failure("BROKER_REFUSED_MESSAGE"));
  assert.deepEqual(discarded(), ["refused"]);
  assert.deepEqual(link.topics(), ["status", "health"]);
});

Deno.test("publisher: of a retained topic one message is on its way and one waits at most", () => {
  const { discarded, link, publisher } = rig({ answersAtOnce: false });
  link.connect();
  for (const number of [1, 2, 3, 4]) publisher.health({ schema: "orion.health/1", number });
  assert.deepEqual(link.topics(), ["status", "health"]);
  assert.deepEqual(discarded(), ["superseded", "superseded"]);
  link.sent[1]?.settled(null);
  assert.deepEqual(link.topics(), ["status", "health", "health"]);
  assert.ok(link.sent[2]?.message.payload.includes('"number":4'));
});

Deno.test("publisher: totalMs ends where the message is handed over, waiting included", async () => {
  const { clock, link, posted, see } = rig();
  see(1);
  await clock.pass(1_500);
  link.connect();
  const emitted = posted.find((each) => each.kind === "emitted");
  assert.ok(emitted?.kind === "emitted" && emitted.totalMs === 1_500);
  assert.ok(emitted.json.includes('"totalMs":1500'));
});

Deno.test("publisher: a stop sends what is on its way, says offline, and leaves in order", async () => {
  const { discarded, link, publisher, see } = rig({ answersAtOnce: false });
  link.connect();
  see(1);
  const stopping = publisher.stop();
  see(2);
  assert.deepEqual(discarded(), ["shutdown"]);
  link.sent.at(-1)?.settled(null);
  await settle();
  const offline = link.sent.at(-1);
  assert.ok(offline?.message.retain && offline.message.payload.includes('"state":"offline"'));
  offline.settled(null);
  await stopping;
  await publisher.stop();
  assert.deepEqual(link.closed, [true]);
});

Deno.test("publisher: when offline is not acknowledged the last will is left to say it", async () => {
  const { clock, link, publisher, see } = rig({ answersAtOnce: false });
  link.connect();
  see(1);
  const stopping = publisher.stop();
  await clock.pass(1_500);
  await stopping;
  assert.deepEqual(link.closed, [false]);
});

Deno.test("publisher: a stop without a broker waits for nothing and counts what waited", async () => {
  const { clock, discarded, link, publisher, see } = rig();
  see(1);
  await publisher.stop();
  assert.deepEqual(discarded(), ["shutdown"]);
  assert.deepEqual([link.closed, clock.waitsMs], [[false], []]);
});
