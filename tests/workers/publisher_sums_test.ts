/** What a publisher counts, compared with what a subscriber of another program receives. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import { logTo } from "../../src/core/log.ts";
import type { FromPublisher } from "../../src/core/messages.ts";
import type { OutboxPlan } from "../../src/core/publisher_types.ts";
import { mqttSessions } from "../../src/mqtt/client.ts";
import { MAX_INFLIGHT } from "../../src/mqtt/inference_queue.ts";
import { BrokerLink } from "../../src/mqtt/link.ts";
import { Publisher } from "../../src/mqtt/publisher.ts";
import { Mosquitto, type Subscriber } from "../support/brokers/mosquitto.ts";
import { Relay } from "../support/brokers/relay.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { inferenceResult, publisherPlan } from "../support/workers/publisher_worker.ts";

const CUTS = 12;
/** More than may be in flight at once. */
const BURST = 40;
/** Within the second inference message of a burst, and further into the burst with every cut. */
const FIRST_CUT_BYTES = 900;
const CUT_STEP_BYTES = 1_711;

/** A publisher in this thread, with short delays, that counts the frames of what it posts. */
class Counted {
  readonly publisher: Publisher;
  readonly published: number[] = [];
  readonly discarded: string[] = [];
  produced = 0;
  connections = 0;
  #waiters: (() => void)[] = [];

  constructor(url: string, plan: { readonly qos: 0 | 1; readonly outbox: OutboxPlan }) {
    const log = logTo(() => {});
    const openSession = mqttSessions(systemClock);
    this.publisher = new Publisher({
      clock: systemClock,
      log,
      session: 1,
      post: (message) => this.#count(message),
      openLink: (linkPlan, events) =>
        new BrokerLink(linkPlan, events, {
          openSession,
          clock: systemClock,
          random: () => 0.01,
          log,
        }),
      readText: () => Promise.reject(new Error("no files here")),
    });
    const { outbox, qos } = plan;
    this.publisher.start({ ...publisherPlan(url, {}, { inferences: qos }), outbox });
  }

  infer(seq: number): void {
    this.publisher.publishInference(inferenceResult(seq), systemClock.nowMs());
  }

  /** Waits until a condition holds; it is tested whenever something is counted. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
      // The publisher counts first and posts then, or the other way round: let it finish.
      await Promise.resolve();
    }
  }

  /** The inferences, all other messages and what waits of both. */
  assertCloses(): void {
    const { produced, published, others, discarded, publisher } = this;
    assert.equal(published.length + others + discarded.length + publisher.waiting, produced);
  }

  others = 0;

  #count(message: FromPublisher): void {
    if (message.kind === "produced") this.produced += 1;
    else if (message.kind === "emitted") this.published.push(message.seq);
    else if (message.kind === "published") this.others += 1;
    else if (message.kind === "discarded") this.discarded.push(message.reason);
    else if (message.kind === "broker" && message.state.connected) this.connections += 1;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

/** The frames that a subscriber received, in order, once `last` is among them. */
async function delivered(subscriber: Subscriber, last: number): Promise<number[]> {
  const seqOf = (payload: string) => Number(/"seq":(\d+)/.exec(payload)?.[1]);
  const isInference = ({ topic }: { topic: string }) => topic.includes("/inferences/");
  await subscriber.waitFor((message) => isInference(message) && seqOf(message.payload) === last, {
    what: `frame ${last}`,
  });
  return subscriber.messages.filter(isInference).map(({ payload }) => seqOf(payload));
}

for (
  const { qos, outbox } of [
    { qos: 1, outbox: { policy: "queue", max: 10_000 } },
    { qos: 1, outbox: { policy: "latest", max: 16 } },
    { qos: 0, outbox: { policy: "latest", max: 16 } },
  ] as const
) {
  Deno.test({
    name: `publisher: the sums close over cuts in mid-packet, QoS ${qos}, ${outbox.policy}`,
    ignore: ignoreWithout("mosquitto"),
    async fn() {
      await using broker = await Mosquitto.start();
      await using subscriber = await broker.subscribe("orion/#");
      await using relay = Relay.start({ hostname: "127.0.0.1", to: broker.port });
      const counted = new Counted(`mqtt://${relay.host}`, { qos, outbox });
      let seq = 0;
      for (let cut = 0; cut < CUTS; cut++) {
        await counted.until(() => counted.connections > cut && counted.publisher.waiting === 0);
        const isCut = relay.cutAfter(FIRST_CUT_BYTES + cut * CUT_STEP_BYTES);
        const connections = counted.connections;
        while (counted.connections === connections) {
          for (let each = 0; each < BURST; each++) counted.infer(++seq);
          counted.assertCloses();
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await isCut;
        counted.assertCloses();
      }
      await counted.until(() => counted.publisher.waiting === 0);
      const calm = seq;
      for (let each = 0; each < 10; each++) {
        counted.infer(++seq);
        await counted.until(() => counted.publisher.waiting === 0);
      }
      const received = await delivered(subscriber, seq);
      await counted.publisher.stop();
      counted.assertCloses();
      assert.equal(counted.publisher.waiting, 0);
      const reasons = new Set(counted.discarded);
      const unique = [...new Set(received)];
      const published = counted.published.toSorted((a, b) => a - b);
      assert.equal(new Set(published).size, published.length, "each is published once");
      const repeated = received.length - unique.length;
      if (qos === 1) {
        assert.deepEqual(unique.toSorted((a, b) => a - b), published);
        assert.ok(repeated <= CUTS * MAX_INFLIGHT, `${repeated} repeated`);
        assert.equal(reasons.has("unacknowledged"), false, "all were sent again");
      } else {
        assert.ok(unique.every((each) => published.includes(each)), "what arrived is published");
        assert.equal(repeated, 0);
        const ofCalm = (all: readonly number[]) => all.filter((each) => each > calm);
        assert.deepEqual(ofCalm(received), ofCalm(published), "without a cut they are the same");
      }
      if (outbox.policy === "queue") assert.deepEqual(unique, range(seq), "all, in order");
      assert.equal(reasons.has("closes-connection"), false);
    },
  });
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}
