/** The publisher against brokers that answer with mutated packets, garbage, or nothing. */
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { logTo } from "../../../src/core/log.ts";
import type { FromPublisher } from "../../../src/core/messages.ts";
import { mqttSessions } from "../../../src/mqtt/client.ts";
import { BrokerLink } from "../../../src/mqtt/link.ts";
import { Publisher } from "../../../src/mqtt/publisher.ts";
import { type HostileAnswer, HostileBroker } from "../../support/brokers/hostile_broker.ts";
import { Mosquitto } from "../../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../../support/system/parts.ts";
import { freePort } from "../../support/system/ports.ts";
import {
  inferenceResult,
  publisherPlan,
  publisherWorker,
} from "../../support/workers/publisher_worker.ts";
import { BROKER_PACKETS, MQTT_WORDS } from "../corpus/mqtt.ts";
import { mutated, pick, type Random, seededRandom } from "../mutate.ts";
import { assertBoundedGrowth, fuzzRuns, fuzzSeed, measurePeak, reportFuzz } from "../runs.ts";

const ignore = ignoreWithout("mosquitto");
/** Connections in all, and the publishers that make them. */
const RUNS = fuzzRuns(240);
const PUBLISHERS = 4;
/** Connections of the real thread, whose back-off takes seconds. */
const THREAD_RUNS = 3;
const FIRST_SEED = fuzzSeed(13_401);
/** A hurried second of the back-off. */
const HURRIED_MS = 1;
/** The largest delay of a link. */
const MAX_DELAY_MS = 300_000;
const INFERENCE = "orion/lobby-1/inferences/gate/person";

/** An answer: mostly a CONNACK, then packets of which some are mutated. */
function answer(random: Random, isVersion5: boolean): HostileAnswer {
  const { connacks, answers } = BROKER_PACKETS[isVersion5 ? 5 : 4];
  const pieces: Uint8Array[] = [];
  const start = random(8);
  if (start > 2) pieces.push(connacks[0]);
  else if (start === 2) pieces.push(pick(random, connacks));
  else if (start === 1) pieces.push(mutated(random, connacks, MQTT_WORDS));
  for (let count = random(6); count > 0; count--) {
    pieces.push(random(4) === 0 ? pick(random, answers) : mutated(random, answers, MQTT_WORDS));
  }
  return { pieces, end: pick(random, ["close", "half-close", "silence"] as const) };
}

/** A publisher whose back-off passes a thousand times faster, and the delays that it would have waited. */
function hurriedPublisher() {
  const delays: number[] = [];
  const posted: FromPublisher[] = [];
  const clock: Clock = {
    ...systemClock,
    sleep(delayMs, signal) {
      delays.push(delayMs);
      return systemClock.sleep(delayMs / 1000 * HURRIED_MS, signal);
    },
  };
  const log = logTo(() => {});
  const openSession = mqttSessions(clock);
  const publisher = new Publisher({
    clock,
    log,
    session: 1,
    post(message) {
      posted.push(message);
      if (message.kind !== "command") return;
      const { request, command: { command } } = message.request;
      publisher.acknowledge({ request, command, outcome: { data: null }, replayed: false });
    },
    openLink: (plan, events) =>
      new BrokerLink(plan, events, { openSession, clock, random: Math.random, log }),
    readText: () => Promise.reject(new Error("no files here")),
  });
  return { publisher, delays, posted };
}

/** Lets one publisher meet hostile answers, and then an honest broker at the same address. */
async function fuzzPublisher(lane: number, runs: number): Promise<void> {
  const port = freePort();
  const { publisher, delays } = hurriedPublisher();
  const hostile = new HostileBroker(
    port,
    (index, isVersion5) => answer(seededRandom(FIRST_SEED + index * PUBLISHERS + lane), isVersion5),
  );
  publisher.start(publisherPlan(`mqtt://127.0.0.1:${port}`, {}, { inferences: 1 }));
  let seq = 0;
  const publish = () => publisher.publishInference(inferenceResult(++seq), systemClock.nowMs());
  const frames = setInterval(publish, 10);
  try {
    await hostile.reached(runs);
    await hostile[Symbol.asyncDispose]();
    await using honest = await Mosquitto.start({ port });
    await using subscriber = await honest.subscribe("orion/#");
    await subscriber.waitFor(({ json }) => json?.["state"] === "online", { what: "the status" });
    const since = subscriber.messages.length;
    await subscriber.waitFor(({ topic }) => topic === INFERENCE, { since, what: "an inference" });
    await publisher.stop();
    await subscriber.waitFor(({ json }) => json?.["state"] === "offline", { what: "offline" });
  } catch (cause) {
    const last = FIRST_SEED + (hostile.answered - 1) * PUBLISHERS + lane;
    throw new Error(`seeds up to ${last}, every ${PUBLISHERS}th`, { cause });
  } finally {
    clearInterval(frames);
    await publisher.stop();
    await hostile[Symbol.asyncDispose]();
  }
  assert.ok(delays.length >= runs / 4, `${delays.length} delays for ${runs} connections`);
  assert.ok(delays.every((delayMs) => delayMs > 0 && delayMs <= MAX_DELAY_MS));
}

Deno.test({
  name:
    "mqtt fuzz: whatever brokers answer, the publisher connects again, and publishes to an honest one",
  ignore,
  async fn() {
    const before = measurePeak();
    const lanes = Array.from({ length: PUBLISHERS }, (_, lane) => lane);
    const runs = Math.ceil(RUNS / PUBLISHERS);
    const ended = await Promise.allSettled(lanes.map((lane) => fuzzPublisher(lane, runs)));
    for (const each of ended) if (each.status === "rejected") throw each.reason;
    assertBoundedGrowth(before);
    reportFuzz("mqtt from a broker", runs * PUBLISHERS);
  },
});

Deno.test({
  name: "mqtt fuzz: the publisher's thread survives hostile brokers",
  ignore,
  async fn() {
    const port = freePort();
    const hostile = new HostileBroker(
      port,
      (index, isVersion5) => answer(seededRandom(FIRST_SEED + RUNS + index), isVersion5),
    );
    using worker = publisherWorker(`127.0.0.1:${port}`);
    try {
      worker.send({ kind: "start", plan: publisherPlan(`mqtt://127.0.0.1:${port}`) });
      await hostile.reached(THREAD_RUNS);
    } finally {
      await hostile[Symbol.asyncDispose]();
    }
    worker.send({ kind: "stop" });
    await worker.waitFor(({ kind }) => kind === "stopped");
    assert.ok(!worker.messages.some(({ kind }) => kind === "failed"));
  },
});
