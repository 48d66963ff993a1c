import assert from "node:assert/strict";
import { wallMs } from "../../src/core/clock.ts";
import type { PublisherPlan } from "../../src/core/publisher_types.ts";
import { discoveryOf } from "../../src/mqtt/home_assistant/discovery.ts";
import { ackSchema } from "../../src/mqtt/payloads.ts";
import { topicsOf } from "../../src/mqtt/topics.ts";
import { formerConfigs, homeAssistantPlan, presencePlan } from "../support/home_assistant/plans.ts";
import { tempFolder } from "../support/system/files.ts";
import { startEmbedded } from "../support/brokers/embedded.ts";
import {
  makeCertificates,
  Mosquitto,
  Subscriber,
  type TlsFiles,
} from "../support/brokers/mosquitto.ts";
import { retain } from "../support/brokers/retain.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";
import {
  type PublisherMessage,
  publisherPlan,
  type PublisherWorker,
  publisherWorker as startWorker,
} from "../support/workers/publisher_worker.ts";

const ignore = ignoreWithout("mosquitto");
const CONTROL = "orion/lobby-1/control";
const ACK = `${CONTROL}/ack`;

const isStopped = (message: PublisherMessage) => message.kind === "stopped";

function command(id: string, name: string, params?: unknown): string {
  return JSON.stringify({ schema: "orion.command/1", id, command: name, params });
}

/** Publishes any bytes with `mosquitto_pub`. */
async function publish(
  to: { readonly port: number; readonly tls?: TlsFiles },
  payload: string | Uint8Array,
  ...more: readonly string[]
): Promise<void> {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const { tls } = to;
  const secure = tls === undefined
    ? []
    : ["--cafile", tls.ca, "--cert", tls.cert, "--key", tls.key];
  const child = new Deno.Command(programPath("mosquitto_pub") ?? "mosquitto_pub", {
    args: [
      "-h",
      "127.0.0.1",
      "-p",
      `${to.port}`,
      "-q",
      "1",
      "-t",
      CONTROL,
      // mosquitto_pub sends nothing for an empty standard input.
      bytes.length === 0 ? "-n" : "-s",
      ...secure,
      ...more,
    ],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(bytes);
  await writer.close();
  assert.ok((await child.status).success, "mosquitto_pub failed");
}

/** Answers every command that the worker forwards with `data`. @returns the number of answers */
function answerAll(worker: PublisherWorker, data: unknown): () => number {
  let answered = 0;
  const answer = () => {
    for (
      const message of worker.messages.filter((each) => each.kind === "command").slice(answered)
    ) {
      answered += 1;
      const { request, command: { command } } = message.request;
      worker.send({
        kind: "answer",
        answer: { request, command, outcome: { data }, replayed: false },
      });
    }
  };
  void worker.waitFor((message) => {
    // The message is added to the list after this test.
    if (message.kind === "command") queueMicrotask(answer);
    return isStopped(message);
  });
  return () => answered;
}

async function subscribed(worker: PublisherWorker, broker: Mosquitto): Promise<void> {
  await worker.waitFor((message) => message.kind === "broker" && message.state.connected);
  await broker.waitForLog((line) => line.includes(`${CONTROL} (QoS 1)`), "the subscription");
}

async function stop(worker: PublisherWorker): Promise<void> {
  worker.send({ kind: "stop" });
  await worker.waitFor(isStopped);
}

Deno.test({
  name: "publisher: over TLS a command is forwarded and acknowledged with its id",
  ignore,
  async fn() {
    using folder = tempFolder();
    const { server, client } = await makeCertificates(folder);
    await using broker = await Mosquitto.start({ tls: server, clientCertificates: true });
    await using subscriber = await Subscriber.start({
      port: broker.port,
      topics: [ACK],
      tls: client,
    });
    using worker = startWorker(`127.0.0.1:${broker.port}`, [client.ca, client.cert, client.key]);
    worker.send({ kind: "start", plan: publisherPlan(broker.url, client) });
    answerAll(worker, { uptime: 7 });
    await subscribed(worker, broker);
    await publish({ port: broker.port, tls: client }, command("a1", "get_status"));
    const ack = await subscriber.waitFor(({ topic }) => topic === ACK);
    assert.ok(ack.qos === 1 && !ack.retained);
    const { id, status, data } = ackSchema.parse(ack.json);
    assert.deepEqual({ id, status, data }, { id: "a1", status: "ok", data: { uptime: 7 } });
    await stop(worker);
  },
});

Deno.test({
  name:
    "publisher: anything but a command on the control topic is refused once, and commands still work",
  ignore,
  async fn() {
    await using broker = await Mosquitto.start();
    await using subscriber = await broker.subscribe(ACK);
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    worker.send({ kind: "start", plan: publisherPlan(broker.url) });
    const answered = answerAll(worker, null);
    await subscribed(worker, broker);
    const deep = "[".repeat(30_000) + "]".repeat(30_000);
    const cases: readonly (readonly [payload: string | Uint8Array, code: string])[] = [
      ["", "CONTROL_NOT_JSON"],
      [new Uint8Array([0, 159, 146, 150, 255]), "CONTROL_NOT_UTF8"],
      [deep, "CONTROL_MALFORMED"],
      [command("b1", "pause", { camera: 7 }), "CONTROL_MALFORMED"],
      [command("b2", "set_rate", { detector: "person", rateHz: 1e300 }), "CONTROL_MALFORMED"],
      ['{"schema":"orion.command/1","id":"b3","id":"b4","command":"pause"}', "CONTROL_MALFORMED"],
      [
        '{"schema":"orion.command/1","id":"b5","command":"pause","__proto__":{}}',
        "CONTROL_MALFORMED",
      ],
      [command("b6", "../../etc/passwd"), "CONTROL_UNKNOWN_COMMAND"],
      ["x".repeat(1024 * 1024), "CONTROL_TOO_LARGE"],
      [command("b7", "pause", { camera: "x".repeat(1024 * 1024) }), "CONTROL_TOO_LARGE"],
    ];
    for (const [at, [payload, code]] of cases.entries()) {
      await publish(broker, payload);
      const ack = await subscriber.waitFor(() => true, { since: at, what: code });
      assert.equal(ackSchema.parse(ack.json).error?.code, code);
    }
    assert.equal(answered(), 0, "none was forwarded");
    await publish(broker, command("good", "get_status"));
    await subscriber.waitFor(({ json }) => json?.["id"] === "good" && json["status"] === "ok");
    assert.equal(subscriber.messages.length, cases.length + 1, "one acknowledgement each");
    await stop(worker);
  },
});

Deno.test({
  name: "publisher: commands work in MQTT 3.1.1, and a retained one is refused",
  ignore,
  async fn() {
    await using broker = await startEmbedded();
    await using subscriber = await Subscriber.start({ port: broker.port, topics: [ACK] });
    await publish(broker, command("old", "get_status"), "-r");
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    worker.send({ kind: "start", plan: publisherPlan(`mqtt://127.0.0.1:${broker.port}`) });
    const answered = answerAll(worker, null);
    const refused = await subscriber.waitFor(({ json }) => json?.["id"] === "old");
    assert.equal(ackSchema.parse(refused.json).error?.code, "CONTROL_RETAINED");
    await publish(broker, command("new", "get_status"));
    await subscriber.waitFor(({ json }) => json?.["id"] === "new" && json["status"] === "ok");
    assert.equal(answered(), 1);
    await stop(worker);
  },
});

Deno.test({
  name: "publisher: Receive Maximum and Maximum Packet Size of the broker are respected",
  ignore,
  async fn() {
    const extra = ["max_inflight_messages 2", "max_packet_size 3000"];
    await using broker = await Mosquitto.start({ extra });
    await using subscriber = await broker.subscribe(ACK);
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    worker.send({ kind: "start", plan: publisherPlan(broker.url) });
    answerAll(worker, { much: "x".repeat(10_000) });
    await subscribed(worker, broker);
    for (let camera = 0; camera < 50; camera++) {
      const status = { camera: `c${camera}`, state: "online", sinceMs: wallMs(0) } as const;
      worker.send({ kind: "camera", status: { ...status, reason: null, reconnects: 0 } });
    }
    await publish(broker, command("big", "get_status"));
    const ack = await subscriber.waitFor(({ json }) => json?.["id"] === "big");
    assert.equal(ackSchema.parse(ack.json).error?.code, "CONTROL_ANSWER_REFUSED");
    assert.ok(!worker.messages.some((each) => each.kind === "broker" && !each.state.connected));
    await stop(worker);
  },
});

Deno.test({
  name: "publisher: cameras are announced to Home Assistant, removed and former ones deleted",
  ignore,
  async fn() {
    await using broker = await Mosquitto.start();
    const plan = (...cameras: readonly string[]): PublisherPlan => ({
      ...publisherPlan(broker.url),
      homeAssistant: homeAssistantPlan(...cameras),
      presence: presencePlan(cameras),
    });
    const announced = async (): Promise<string[]> => {
      await using listener = await broker.subscribe("homeassistant/#", "orion/marker");
      await broker.publish("orion/marker", "now");
      await listener.waitFor(({ topic }) => topic === "orion/marker");
      return listener.messages.filter(({ retained }) => retained).map(({ topic }) => topic);
    };
    const both = [...discoveryOf(plan("gate", "shed"), topicsOf(plan()))?.configs.keys() ?? []];
    const former = [...formerConfigs("gate"), ...formerConfigs("shed")];
    for (const [topic, payload] of former) await retain(broker, topic, payload);
    {
      await using listener = await broker.subscribe("homeassistant/#");
      using worker = startWorker(`127.0.0.1:${broker.port}`);
      worker.send({ kind: "start", plan: plan("gate", "shed") });
      await listener.waitFor(({ topic }) => topic === both.at(-1));
      const live = listener.messages.filter(({ retained }) => !retained);
      const deleted = live.findLastIndex(({ payload }) => payload === "");
      const first = live.findIndex(({ topic }) => both.includes(topic));
      assert.ok(deleted < first, "the former ones are deleted before anything is announced");
      await stop(worker);
    }
    assert.deepEqual((await announced()).toSorted(), both.toSorted());
    await retain(broker, "homeassistant/sensor/lobby-1/thing/config", "{}");
    const gone = both.filter((topic) => topic.includes("/shed_"));
    {
      await using listener = await broker.subscribe("homeassistant/#");
      using worker = startWorker(`127.0.0.1:${broker.port}`);
      worker.send({ kind: "start", plan: plan("gate") });
      for (const name of gone) {
        await listener.waitFor(({ topic, payload }) => topic === name && payload === "");
      }
      await stop(worker);
    }
    const left = both.filter((topic) => !gone.includes(topic));
    assert.deepEqual(
      (await announced()).toSorted(),
      [...left, "homeassistant/sensor/lobby-1/thing/config"].toSorted(),
    );
  },
});
