import assert from "node:assert/strict";
import { Subscriber } from "../support/mosquitto.ts";
import { ignoreWithout } from "../support/parts.ts";
import { freePort } from "../support/ports.ts";
import {
  brokerWorker,
  inferenceResult,
  publisherPlan,
  publisherWorker,
} from "../support/publisher_worker.ts";

Deno.test({
  name: "broker worker: carries the publisher's messages to a subscriber, and stops in order",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    const port = freePort();
    using broker = brokerWorker(`127.0.0.1:${port}`);
    broker.send({ kind: "start", hostname: "127.0.0.1", port });
    const listening = await broker.waitFor((message) => message.kind === "listening");
    assert.deepEqual(listening, { kind: "listening", hostname: "127.0.0.1", port });
    const told = broker.messages.find((message) => message.kind === "log");
    assert.ok(told?.kind === "log" && told.record.event === "broker.embedded");
    assert.match(String(told.record.fields["note"]), /for this machine alone/);
    await using subscriber = await Subscriber.start({ port, topics: ["orion/#"] });
    using publisher = publisherWorker(`127.0.0.1:${port}`);
    publisher.send({ kind: "start", plan: publisherPlan(`mqtt://127.0.0.1:${port}`) });
    publisher.send({ kind: "inference", result: inferenceResult(3) });
    await subscriber.waitFor(({ topic }) => topic === "orion/lobby-1/inferences/gate/person");
    broker.send({ kind: "stop" });
    await broker.waitFor((message) => message.kind === "stopped");
    await publisher.waitFor((message) => message.kind === "broker" && message.state.error !== null);
    using again = Deno.listen({ hostname: "127.0.0.1", port });
    assert.equal(again.addr.port, port, "the port is free again");
  },
});

Deno.test("broker worker: a port that is taken is told with its remedy", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  using broker = brokerWorker(`127.0.0.1:${port}`);
  broker.send({ kind: "start", hostname: "127.0.0.1", port });
  const failed = await broker.waitFor((message) => message.kind === "failed");
  assert.ok(failed.kind === "failed");
  assert.equal(failed.error.code, "BROKER_PORT_IN_USE");
  assert.match(failed.error.remedy, new RegExp(`mqtt://127\\.0\\.0\\.1:${port}`));
  broker.send({ kind: "stop" });
  await broker.waitFor((message) => message.kind === "stopped");
});
