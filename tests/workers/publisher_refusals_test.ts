/** Two publishers of one name on one broker, and brokers that drop a message or close on it. */
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { logTo } from "../../src/core/log.ts";
import type { BrokerState } from "../../src/core/publisher_types.ts";
import { mqttSessions } from "../../src/mqtt/client.ts";
import { BrokerLink } from "../../src/mqtt/link.ts";
import { Publisher } from "../../src/mqtt/publisher.ts";
import { READ_BACK_MS, READ_BACK_TIMEOUT_MS } from "../../src/mqtt/status_watch.ts";
import { startEmbedded } from "../support/brokers/embedded.ts";
import { Mosquitto } from "../support/brokers/mosquitto.ts";
import { HeldClock } from "../support/clocks/held_clock.ts";
import { tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { inferenceResult, publisherPlan } from "../support/workers/publisher_worker.ts";

/** A publisher in this thread, with short delays, and the last state that it posted. */
class Observed {
  readonly publisher: Publisher;
  readonly events: string[] = [];
  state: BrokerState | null = null;
  /** Messages so far, and those of them that were retained. */
  received = 0;
  retained = 0;
  #waiters: (() => void)[] = [];

  /** @param clock  of the publisher; the connection has the system's */
  constructor(url: string, session: number, protocol: 5 | "3.1.1", clock: Clock = systemClock) {
    const log = logTo(({ event }) => {
      this.events.push(event);
      this.#changed();
    });
    const openSession = mqttSessions(systemClock);
    const link = { openSession, clock: systemClock, random: () => 0.01, log };
    this.publisher = new Publisher({
      clock,
      log,
      session,
      post: (message) => {
        if (message.kind === "broker") this.state = message.state;
        this.#changed();
      },
      openLink: (plan, events) =>
        new BrokerLink(plan, {
          ...events,
          message: (message) => {
            events.message(message);
            this.received += 1;
            if (message.retained) this.retained += 1;
            this.#changed();
          },
        }, link),
      readText: () => Promise.reject(new Error("no files here")),
    });
    this.publisher.start(publisherPlan(url, { protocol }));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  get problem(): string | null {
    return this.state?.problem?.code ?? null;
  }

  /** Its retained status is published. */
  async isConnected(): Promise<void> {
    await this.until(() => this.state?.connected === true && this.publisher.waiting === 0);
  }

  #changed(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

/**
 * Waits for the answer to a subscription to the status, and to those to what is retained: these wait as
 * long before it, and shorter after it.
 */
async function armed(clock: HeldClock): Promise<void> {
  const isArmed = () => clock.waitsMs.filter((ms) => ms === READ_BACK_TIMEOUT_MS).length === 1;
  while (!isArmed()) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const protocol of [5, "3.1.1"] as const) {
  Deno.test({
    name: `publisher: each of two of one name notices the other, MQTT ${protocol}`,
    ignore: ignoreWithout("mosquitto"),
    async fn() {
      await using broker = await Mosquitto.start();
      const first = new Observed(broker.url, 1, protocol);
      await first.isConnected();
      const second = new Observed(broker.url, 2, protocol);
      const both = [first, second];
      for (const each of both) {
        await each.until(() => each.problem === "BROKER_DUPLICATE_INSTANCE");
        assert.ok(each.events.includes("mqtt.duplicate_instance"));
      }
      for (const each of both) await each.publisher.stop();
    },
  });
}

Deno.test({
  name: "publisher: a broker whose rules drop the status silently is noticed",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    using folder = tempFolder();
    const acl = folder.write("acl", "topic read orion/#\n");
    await using broker = await Mosquitto.start({ extra: [`acl_file ${acl}`] });
    const clock = new HeldClock();
    const observed = new Observed(broker.url, 1, "3.1.1", clock);
    await armed(clock);
    assert.equal(observed.problem, null);
    await clock.pass(READ_BACK_TIMEOUT_MS);
    assert.equal(observed.problem, "BROKER_STATUS_REFUSED");
    await observed.publisher.stop();
  },
});

Deno.test({
  name:
    "publisher: a message on which the broker closes the connection is given up, all others arrive",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    await using broker = await Mosquitto.start({ extra: ["max_packet_size 4000"] });
    await using subscriber = await broker.subscribe("orion/#");
    const observed = new Observed(broker.url, 1, "3.1.1");
    await observed.isConnected();
    observed.publisher.publishHealth({ schema: "orion.health/1", text: "x".repeat(8_000) });
    await observed.until(() => observed.events.includes("mqtt.message_given_up"));
    await observed.isConnected();
    assert.equal(observed.state?.reconnects, 2, "it was sent twice");
    observed.publisher.publishInference(inferenceResult(1), systemClock.nowMs());
    await subscriber.waitFor(({ topic }) => topic.includes("/inferences/"));
    await observed.publisher.stop();
    assert.equal(observed.publisher.waiting, 0);
    assert.equal(observed.state?.reconnects, 2, "nor with a later connection");
  },
});

for (const name of ["mosquitto", "the embedded broker"]) {
  Deno.test({
    name: `publisher: ${name} sends the retained status again when it is read back`,
    ignore: ignoreWithout("mosquitto"),
    async fn() {
      await using mosquitto = await Mosquitto.start();
      await using embedded = await startEmbedded();
      const { port } = name === "mosquitto" ? mosquitto : embedded;
      const clock = new HeldClock();
      const observed = new Observed(`mqtt://127.0.0.1:${port}`, 1, "3.1.1", clock);
      await observed.until(() => observed.received > 0);
      // Nothing is retained at the first.
      for (let readBack = 0; readBack < 3; readBack++) {
        await observed.until(() => observed.retained === readBack);
        await armed(clock);
        assert.equal(clock.waitsMs.at(-1), READ_BACK_TIMEOUT_MS);
        await clock.pass(READ_BACK_TIMEOUT_MS);
        await clock.pass(READ_BACK_MS - READ_BACK_TIMEOUT_MS);
      }
      await observed.publisher.stop();
      assert.equal(observed.events.includes("mqtt.status_replaced"), false);
    },
  });
}
