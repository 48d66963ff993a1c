import assert from "node:assert/strict";
import { testLibav } from "../ffi/support.ts";
import { Child } from "../support/system/children.ts";
import { tempFolder } from "../support/system/files.ts";
import { Subscriber } from "../support/brokers/mosquitto.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { sendAtOnce } from "../support/system/tcp_sockets.ts";
import {
  brokerWorker,
  inferenceResult,
  publisherPlan,
  publisherWorker,
  resultsTo,
} from "../support/workers/publisher_worker.ts";

Deno.test({
  name: "broker worker: forwards the publisher's messages to a subscriber, and stops gracefully",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    const port = freePort();
    using broker = brokerWorker(`127.0.0.1:${port}`);
    broker.send({ kind: "start", hostname: "127.0.0.1", port, own: null });
    const listening = await broker.waitFor((message) => message.kind === "listening");
    assert.deepEqual(listening, { kind: "listening" });
    const started = broker.messages.find((message) => message.kind === "log");
    assert.ok(started?.kind === "log" && started.record.event === "broker.started");
    assert.match(String(started.record.fields["note"]), /for this machine alone/);
    await using subscriber = await Subscriber.start({ port, topics: ["orion/#"] });
    using publisher = publisherWorker(`127.0.0.1:${port}`);
    publisher.send({ kind: "start", plan: publisherPlan(`mqtt://127.0.0.1:${port}`) });
    using results = resultsTo(publisher);
    results.send(inferenceResult(3));
    await subscriber.waitFor(({ topic }) => topic === "orion/lobby-1/inferences/gate/person");
    using libav = ignoreWithout("libav") ? null : testLibav();
    if (libav !== null) {
      const clients = sendAtOnce(libav, port);
      assert.ok(clients.length >= 2 && clients.every(Boolean), `${clients}`);
    }
    broker.send({ kind: "stop" });
    await broker.waitFor((message) => message.kind === "stopped");
    await publisher.waitFor((message) => message.kind === "broker" && message.state.error !== null);
    using again = Deno.listen({ hostname: "127.0.0.1", port });
    assert.equal(again.addr.port, port, "the port is free again");
  },
});

Deno.test("broker worker: a port in use is reported with a remedy", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  using broker = brokerWorker(`127.0.0.1:${port}`);
  broker.send({ kind: "start", hostname: "127.0.0.1", port, own: null });
  const failed = await broker.waitFor((message) => message.kind === "failed");
  assert.ok(failed.kind === "failed");
  assert.equal(failed.error.code, "BROKER_PORT_IN_USE");
  assert.match(failed.error.remedy, new RegExp(`mqtt://127\\.0\\.0\\.1:${port}`));
  broker.send({ kind: "stop" });
  await broker.waitFor((message) => message.kind === "stopped");
});

/** Starts a client of mosquitto for a broker on this machine. */
function mosquittoClient(name: "mosquitto_pub" | "mosquitto_sub", args: readonly string[]): Child {
  return new Child({
    name,
    command: programPath("stdbuf") ?? "stdbuf",
    args: ["-oL", programPath(name) ?? name, "-h", "127.0.0.1", ...args],
  });
}

Deno.test({
  name:
    "broker worker: clients of other processes send and receive 1 B to 8 MB at once, at every QoS",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    using folder = tempFolder();
    const port = freePort();
    using broker = brokerWorker(`127.0.0.1:${port}`);
    broker.send({ kind: "start", hostname: "127.0.0.1", port, own: null });
    await broker.waitFor((message) => message.kind === "listening");
    const sizes = [1, 1_000, 60_000, 100_000, 200_000, 400_000, 1_000_000, 8 * 1024 * 1024];
    const messages = sizes.flatMap((size) => ["0", "1", "2"].map((qos) => ({ size, qos })));
    const expected = messages.map(({ size, qos }) => `size/${size}/${qos} ${size}`).toSorted();
    for (const size of sizes) folder.write(`${size}`, "A".repeat(size));
    const to = ["-p", `${port}`];
    await using subscriber = mosquittoClient(
      "mosquitto_sub",
      [...to, "-d", "-q", "2", "-t", "size/#", "-F", "%t %l"],
    );
    await subscriber.stdout.waitFor((line) => line.startsWith("Subscribed"), { what: "SUBACK" });
    await Promise.all(messages.map(async ({ size, qos }) => {
      const topic = `size/${size}/${qos}`;
      const file = `${folder.path}/${size}`;
      await using sender = mosquittoClient(
        "mosquitto_pub",
        [...to, "-q", qos, "-t", topic, "-f", file],
      );
      // With QoS 1 and 2 it ends when the broker has acknowledged the message.
      assert.ok((await sender.status).success, `${topic}: ${sender.stderr.text()}`);
      await subscriber.stdout.waitFor((line) => line === `${topic} ${size}`, { what: topic });
    }));
    const received = subscriber.stdout.all.filter((line) => line.startsWith("size/")).toSorted();
    assert.deepEqual(received, expected, "each came once");
  },
});
