import assert from "node:assert/strict";
import type { FromPublisher } from "../../src/core/messages.ts";
import { tempFolder } from "../support/files.ts";
import { makeCertificates, Mosquitto } from "../support/mosquitto.ts";
import { ignoreWithout } from "../support/parts.ts";
import { publisherPlan, publisherWorker as startWorker } from "../support/publisher_worker.ts";

const ignore = ignoreWithout("mosquitto");

const isConnected = (message: FromPublisher) =>
  message.kind === "broker" && message.state.connected;
const isStopped = (message: FromPublisher) => message.kind === "stopped";
const failedWith = (code: string) => (message: FromPublisher) =>
  message.kind === "broker" && message.state.error?.code === code;

Deno.test({
  name: "publisher: a wrong password is told without the password, and never given up on",
  ignore,
  async fn() {
    const password = "Tr0ub4dor-wrong";
    await using broker = await Mosquitto.start({
      login: { username: "orion", password: "the-right-one" },
    });
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    const url = `mqtt://other:${password}@127.0.0.1:${broker.port}`;
    worker.send({ kind: "start", plan: publisherPlan(url, { username: "orion", password }) });
    const refused = await worker.waitFor(failedWith("BROKER_UNAUTHORISED"));
    assert.ok(refused.kind === "broker" && refused.state.error?.remedy.includes("mqtt.password"));
    await worker.waitFor((message) =>
      message.kind === "log" && message.record.event === "mqtt.still_away"
    );
    assert.equal(JSON.stringify(worker.messages).includes("Tr0ub4dor"), false);
    worker.send({ kind: "stop" });
    await worker.waitFor(isStopped);
  },
});

Deno.test({
  name: "publisher: the right password opens the door",
  ignore,
  async fn() {
    const login = { username: "orion", password: "p@ss:w/rd" };
    await using broker = await Mosquitto.start({ login });
    using worker = startWorker(`127.0.0.1:${broker.port}`);
    worker.send({ kind: "start", plan: publisherPlan(broker.url, login) });
    await worker.waitFor(isConnected);
  },
});

Deno.test({
  name: "publisher: TLS with an authority and a client certificate of one's own",
  ignore,
  async fn() {
    using folder = tempFolder();
    const { server, client, otherCa } = await makeCertificates(folder);
    await using broker = await Mosquitto.start({ tls: server, clientCertificates: true });
    const address = `127.0.0.1:${broker.port}`;
    {
      using worker = startWorker(address, [client.ca, client.cert, client.key]);
      worker.send({ kind: "start", plan: publisherPlan(broker.url, client) });
      await worker.waitFor(isConnected);
      worker.send({ kind: "stop" });
      await worker.waitFor(isStopped);
    }
    const wrong = [
      { ca: otherCa, cert: client.cert, key: client.key },
      { ca: client.ca },
      { ca: `${folder.path}/missing.pem` },
      { ca: client.ca, cert: folder.write("garbage.pem", "no certificate"), key: client.key },
    ];
    for (const target of wrong) {
      using worker = startWorker(address, Object.values(target));
      worker.send({ kind: "start", plan: publisherPlan(broker.url, target) });
      await worker.waitFor(failedWith("BROKER_TLS"), { what: JSON.stringify(target) });
    }
  },
});
