/** The embedded broker's own thread under mutated clients, beside Orion's client and honest ones. */
import assert from "node:assert/strict";
import { isGone } from "../../support/cameras/faulty_camera/wire.ts";
import {
  published,
  publishPacket,
  RawMqtt,
  subscribePacket,
} from "../../support/brokers/raw_mqtt.ts";
import { Subscriber } from "../../support/brokers/mosquitto.ts";
import { OpenConnections, writeAll } from "../../support/system/connections.ts";
import { ignoreWithout } from "../../support/system/parts.ts";
import { freePort } from "../../support/system/ports.ts";
import {
  brokerWorker,
  inferenceResult,
  publisherPlan,
  publisherWorker,
  resultsTo,
} from "../../support/workers/publisher_worker.ts";
import { clientStream } from "../corpus/mqtt.ts";
import { pick, type Random } from "../mutate.ts";
import { assertBoundedGrowth, fuzz, fuzzRuns, measurePeak, shownBytes } from "../runs.ts";

const RUNS = fuzzRuns(400);
const AT_ONCE = 8;
/** Hostile connections that are left open, half of them with a client. */
const MAX_OPEN = 24;
/** Inputs between two messages of the honest clients. */
const HONEST_EVERY = 20;
const OWN = { clientId: "orion-lobby-1", password: "proof", rootTopic: "orion/lobby-1" };
const HONEST = "honest/a";
const STATUS = "orion/lobby-1/status";
const INFERENCE = "orion/lobby-1/inferences/gate/person";
/** Packet types of MQTT. */
const PUBLISH = 3;
const PUBACK = 4;

/** Sends a stream, in one piece or in many, until the broker closes the connection. */
async function send(to: Deno.TcpConn, bytes: Uint8Array, random: Random): Promise<void> {
  const stepBytes = pick(random, [100_000, 100_000, 1, 3, 50]);
  try {
    await writeAll(to, bytes, stepBytes);
    // An answer, or the end: the broker has read the stream by then, or its first part.
    if (random(3) === 0) await to.closeWrite();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** The sequence number in an inference message. */
function seqOf(json: Readonly<Record<string, unknown>> | null): unknown {
  const frame = json?.["frame"];
  return typeof frame === "object" && frame !== null && "seq" in frame ? frame.seq : null;
}

/** What a client gets that subscribes after all: whether it is retained, and the state. */
async function retainedStatus(port: number): Promise<readonly [boolean, unknown]> {
  for (;;) {
    using client = await RawMqtt.open(port);
    // The places of hostile clients become free when the broker reads their ends.
    if (await client.login({ clientId: "late" }) !== 0) continue;
    await client.send(subscribePacket(STATUS, 1));
    const message = await client.receiveType(PUBLISH);
    const { payload } = published(message);
    return [(message.flags & 1) === 1, JSON.parse(new TextDecoder().decode(payload))["state"]];
  }
}

interface HonestParts {
  readonly subscriber: Subscriber;
  readonly client: RawMqtt;
  readonly results: ReturnType<typeof resultsTo>;
}

/** Orion's publisher, a client, and a subscriber to both, at the broker's thread. */
class HonestClients {
  /** Messages that each of the two has sent. */
  sent = 0;
  readonly #parts: HonestParts;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: HonestParts) {
    this.#parts = parts;
  }

  /** Sends one more message from both, after all earlier ones. */
  send(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      this.sent++;
      const { client, results } = this.#parts;
      results.send(inferenceResult(this.sent));
      const payload = new TextEncoder().encode(`${this.sent}`);
      const id = this.sent % 65_000 + 1;
      await client.send(publishPacket({ topic: HONEST, payload, qos: 1, id }));
      await client.receiveType(PUBACK);
    });
    return this.#turn;
  }

  /** Asserts that the subscriber gets all messages, each once and in order, and no other status. */
  async assertReceived(): Promise<void> {
    const { subscriber } = this.#parts;
    const last = this.sent;
    await subscriber.waitFor(({ topic, payload }) => topic === HONEST && payload === `${last}`);
    await subscriber.waitFor(({ topic, json }) => topic === INFERENCE && seqOf(json) === last);
    const all = Array.from({ length: last }, (_, index) => index + 1);
    const of = (name: string) => subscriber.messages.filter(({ topic }) => topic === name);
    assert.deepEqual(of(HONEST).map(({ payload }) => Number(payload)), all);
    assert.deepEqual(of(INFERENCE).map(({ json }) => seqOf(json)), all);
    assert.deepEqual([...new Set(of(STATUS).map(({ json }) => json?.["state"]))], ["online"]);
  }
}

/** Runs mutated clients against a port, and `every` now and then beside them. */
async function attack(port: number, every: () => Promise<void>): Promise<void> {
  using open = new OpenConnections();
  let tried = 0;
  await fuzz({
    name: "mqtt to the broker",
    seed: 13_301,
    runs: RUNS,
    atOnce: AT_ONCE,
    input: clientStream,
    shown: shownBytes,
    async check(bytes, random) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      open.add(connection);
      await send(connection, bytes, random);
      open.keep(MAX_OPEN);
      tried++;
      if (tried % HONEST_EVERY === 0) await every();
    },
  });
  await every();
}

Deno.test({
  name: "mqtt fuzz: whatever clients send, the embedded broker serves Orion and honest clients",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    const port = freePort();
    using broker = brokerWorker(`127.0.0.1:${port}`);
    broker.send({ kind: "start", hostname: "127.0.0.1", port, own: OWN });
    await broker.waitFor((message) => message.kind === "listening");
    await using subscriber = await Subscriber.start({ port, topics: ["orion/#", HONEST] });
    using publisher = publisherWorker(`127.0.0.1:${port}`);
    const url = `mqtt://${OWN.clientId}:${OWN.password}@127.0.0.1:${port}`;
    const plan = publisherPlan(url, { protocol: "3.1.1" }, { inferences: 1 });
    publisher.send({ kind: "start", plan });
    await subscriber.waitFor(({ topic }) => topic === STATUS, { what: "the status" });
    using results = resultsTo(publisher);
    using client = await RawMqtt.open(port);
    assert.equal(await client.login({ clientId: "honest" }), 0);
    const honest = new HonestClients({ subscriber, client, results });
    const before = measurePeak();
    await attack(port, () => honest.send());
    await honest.assertReceived();
    assert.deepEqual(await retainedStatus(port), [true, "online"]);
    const states = publisher.messages.flatMap((each) => each.kind === "broker" ? [each.state] : []);
    assert.deepEqual(
      states.filter(({ error, reconnects }) => error !== null || reconnects > 0),
      [],
    );
    assert.ok(!broker.messages.some(({ kind }) => kind === "failed"));
    assertBoundedGrowth(before);
    for (const worker of [publisher, broker]) {
      worker.send({ kind: "stop" });
      await worker.waitFor(({ kind }) => kind === "stopped");
    }
  },
});
