import assert from "node:assert/strict";
import { isoTime, wallMs } from "../../src/core/clock.ts";
import { inferenceSchema } from "../../src/mqtt/payloads.ts";
import { startEmbedded } from "../support/brokers/embedded.ts";
import { Mosquitto, Subscriber } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import {
  inferenceResult,
  type PublisherMessage,
  publisherPlan,
  publisherWorker as startWorker,
  resultsTo,
} from "../support/workers/publisher_worker.ts";

const ignore = ignoreWithout("mosquitto");
const STATUS = "orion/lobby-1/status";
const CAMERA = "orion/lobby-1/cameras/gate/status";
const INFERENCE = "orion/lobby-1/inferences/gate/person";
const HEALTH = "orion/lobby-1/health";

const SINCE = wallMs(1_795_345_361_640);

const isConnected = (message: PublisherMessage) =>
  message.kind === "broker" && message.state.connected;
const isStopped = (message: PublisherMessage) => message.kind === "stopped";
const failedWith = (code: string) => (message: PublisherMessage) =>
  message.kind === "broker" && message.state.error?.code === code;
const camera = (state: "online" | "stalled") =>
  ({
    kind: "camera",
    status: { camera: "gate", state, sinceMs: SINCE, reason: null, reconnects: 0 },
  }) as const;

Deno.test({
  name:
    "publisher: publishes online, retained with QoS 1, speaks MQTT 5, and disconnects gracefully",
  ignore,
  async fn() {
    await using broker = await Mosquitto.start();
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    worker.send({ kind: "start", plan: publisherPlan(broker.url) });
    const connected = await worker.waitFor(isConnected, { what: "the connection" });
    assert.ok(connected.kind === "broker" && connected.state.protocol === 5);
    await worker.waitFor((message) => message.kind === "published", { what: "the status" });

    await using late = await broker.subscribe("orion/#");
    const online = await late.waitFor(({ topic }) => topic === STATUS);
    assert.deepEqual({ ...online.json, since: null, session: null }, {
      schema: "orion.status/1",
      state: "online",
      since: null,
      version: "0.1.0",
      session: null,
    });
    assert.equal(typeof online.json?.["session"], "number");
    assert.ok(online.retained && online.qos === 1);

    worker.send({ kind: "stop" });
    await worker.waitFor(isStopped, { what: "its end" });
    await late.waitFor(({ json }) => json?.["state"] === "offline");
    await broker.waitForLog((line) => line.includes("Received DISCONNECT"), "a DISCONNECT");
    await using after = await broker.subscribe(STATUS);
    const offline = await after.waitFor(({ topic }) => topic === STATUS);
    assert.ok(offline.retained && offline.json?.["state"] === "offline");
    // The will was discarded: it would have come before the marker.
    await broker.publish("orion/marker", "now");
    await late.waitFor(({ topic }) => topic === "orion/marker");
    const statuses = late.messages.filter(({ topic }) => topic === STATUS);
    assert.deepEqual(statuses.map(({ json }) => json?.["state"]), ["online", "offline"]);
  },
});

Deno.test({
  name: "publisher: when its thread dies the broker publishes its will, a retained offline",
  ignore,
  async fn() {
    await using broker = await Mosquitto.start();
    await using subscriber = await broker.subscribe(STATUS);
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    worker.send({ kind: "start", plan: publisherPlan(broker.url) });
    await subscriber.waitFor(({ json }) => json?.["state"] === "online");
    worker.terminate();
    await subscriber.waitFor(({ json }) => json?.["state"] === "offline", { what: "the will" });
    await using after = await broker.subscribe(STATUS);
    const kept = await after.waitFor(({ topic }) => topic === STATUS);
    assert.ok(kept.retained && kept.json?.["state"] === "offline" && kept.qos === 1);
  },
});

Deno.test({
  name: "publisher: publishes an inference, and reports it",
  ignore,
  async fn() {
    await using broker = await Mosquitto.start();
    await using subscriber = await broker.subscribe("orion/#");
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    worker.send({ kind: "start", plan: publisherPlan(broker.url, {}, { inferences: 1 }) });
    await worker.waitFor(isConnected);
    using results = resultsTo(worker);
    results.send(inferenceResult(1041));
    worker.send({ kind: "health", health: { schema: "orion.health/1", instance: "lobby-1" } });
    worker.send(camera("online"));
    const message = await subscriber.waitFor(({ topic }) => topic === INFERENCE);
    assert.ok(!message.retained && message.qos === 1);
    const payload = inferenceSchema.parse(message.json);
    assert.equal(payload.frame.ptsSeconds, 41.64);
    assert.equal(payload.frame.capturedAt, isoTime(wallMs(1_795_345_361_640)));
    assert.deepEqual(payload.detections[0]?.box, {
      x: 512.5,
      y: 200.1,
      width: 88.1,
      height: 190.4,
    });

    const emitted = await worker.waitFor((each) => each.kind === "emitted");
    const { totalMs } = payload.timing;
    const who = { camera: "gate", detector: "person", worker: "person-0" };
    assert.deepEqual(emitted, { kind: "emitted", ...who, seq: 1041, totalMs });
    await worker.waitFor((each) => each.kind === "published" && each.topicKind === "camera");
    await using late = await broker.subscribe(HEALTH, CAMERA, INFERENCE);
    await late.waitFor(({ topic, retained }) => topic === HEALTH && retained);
    await late.waitFor(({ topic, retained }) => topic === CAMERA && retained);
    assert.equal(late.messages.some(({ topic }) => topic === INFERENCE), false);
  },
});

Deno.test({
  name: "publisher: a broker that starts late is connected, and gets only the newest of each key",
  ignore,
  async fn() {
    const port = freePort();
    using worker = startWorker(`127.0.0.1:${port}`);
    worker.send({ kind: "start", plan: publisherPlan(`mqtt://127.0.0.1:${port}`) });
    const refused = await worker.waitFor(failedWith("BROKER_REFUSED"));
    assert.ok(refused.kind === "broker" && (refused.state.error?.remedy.length ?? 0) > 10);
    using results = resultsTo(worker);
    for (const seq of [1, 2, 3]) results.send(inferenceResult(seq));
    results.send(inferenceResult(1, { camera: "yard" }));
    worker.send(camera("online"));
    worker.send(camera("stalled"));
    const superseded = () =>
      worker.messages.filter((message) => message.kind === "discarded")
        .map(({ topicKind, reason }) => `${topicKind} ${reason}`).toSorted();
    const all = ["camera superseded", "inference superseded", "inference superseded"];
    await worker.waitFor(() => superseded().length >= all.length, {
      what: "the superseded messages",
    });

    await using broker = await Mosquitto.start({ port });
    await using subscriber = await broker.subscribe("orion/#");
    await worker.waitFor(isConnected, { what: "the connection" });
    await subscriber.waitFor(({ json }) => json?.["state"] === "stalled");
    await worker.waitFor((message) => message.kind === "emitted" && message.camera === "yard");
    const emitted = worker.messages.filter((message) => message.kind === "emitted");
    assert.deepEqual(emitted.map(({ seq }) => seq), [3, 1]);
    assert.deepEqual(superseded(), all);
  },
});

Deno.test({
  name: "publisher: after a restart of the broker all retained messages are published again",
  ignore,
  async fn() {
    await using broker = await Mosquitto.start();
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    worker.send({ kind: "start", plan: publisherPlan(broker.url) });
    worker.send(camera("online"));
    worker.send({ kind: "health", health: { schema: "orion.health/1" } });
    await worker.waitFor((each) => each.kind === "published" && each.topicKind === "camera");
    await broker.stop();
    await worker.waitFor((message) => message.kind === "broker" && message.state.error !== null);
    await broker.start();
    await worker.waitFor((message) =>
      message.kind === "broker" && message.state.connected && message.state.reconnects === 1
    );
    await using subscriber = await broker.subscribe("orion/#");
    await subscriber.waitFor(({ topic, json }) => topic === STATUS && json?.["state"] === "online");
    await subscriber.waitFor(({ topic, json }) => topic === CAMERA && json?.["state"] === "online");
    await subscriber.waitFor(({ topic }) => topic === HEALTH);
  },
});

Deno.test({
  name: "publisher: a broker that speaks only MQTT 3.1.1 gets 3.1.1, and the will",
  ignore,
  async fn() {
    await using broker = await startEmbedded();
    await using subscriber = await Subscriber.start({ port: broker.port, topics: ["orion/#"] });
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    worker.send({ kind: "start", plan: publisherPlan(`mqtt://127.0.0.1:${broker.port}`) });
    const connected = await worker.waitFor(isConnected);
    assert.ok(connected.kind === "broker" && connected.state.protocol === "3.1.1");
    using results = resultsTo(worker);
    results.send(inferenceResult(7));
    await subscriber.waitFor(({ topic }) => topic === INFERENCE);
    worker.terminate();
    await subscriber.waitFor(({ json }) => json?.["state"] === "offline", { what: "the will" });
  },
});

Deno.test({
  name:
    "publisher: a stop is prompt while the broker is disconnected, and while it does not answer",
  ignore,
  async fn() {
    const port = freePort();
    using unconnected = startWorker(`127.0.0.1:${port}`);
    unconnected.send({ kind: "start", plan: publisherPlan(`mqtt://127.0.0.1:${port}`) });
    await unconnected.waitFor(failedWith("BROKER_REFUSED"));
    {
      using results = resultsTo(unconnected);
      results.send(inferenceResult(1));
    }
    // `tests/unit/mqtt` shows on a held clock that it waits for nothing.
    unconnected.send({ kind: "stop" });
    await unconnected.waitFor(isStopped, { what: "the end of a stop without a broker" });
    assert.ok(
      unconnected.messages.some((each) => each.kind === "discarded" && each.reason === "shutdown"),
    );

    await using broker = await Mosquitto.start();
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    const plan = publisherPlan(broker.url, {}, { inferences: 1 });
    worker.send({ kind: "start", plan });
    await worker.waitFor((each) => each.kind === "published");
    broker.freeze();
    {
      using results = resultsTo(worker);
      results.send(inferenceResult(1));
    }
    await worker.waitFor((each) => each.kind === "produced" && each.topicKind === "inference");
    worker.send({ kind: "stop" });
    // Every step of a stop has a deadline: without them it would last as long as the broker is frozen.
    await worker.waitFor(isStopped, { what: "the end of a stop without answers" });
    await using subscriber = await thawed(broker);
    await subscriber.waitFor(({ json }) => json?.["state"] === "offline", { what: "the will" });
  },
});

async function thawed(broker: Mosquitto): Promise<Subscriber> {
  broker.thaw();
  return await broker.subscribe(STATUS);
}
