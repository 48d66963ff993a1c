import assert from "node:assert/strict";
import type { BrokerTarget } from "../../src/core/publisher_types.ts";
import { type TempFolder, tempFolder } from "../support/system/files.ts";
import { makeCertificates, Mosquitto } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import {
  type PublisherMessage,
  publisherPlan,
  publisherWorker as startWorker,
} from "../support/workers/publisher_worker.ts";

const ignore = ignoreWithout("mosquitto");

const isConnected = (message: PublisherMessage) =>
  message.kind === "broker" && message.state.connected;
const isStopped = (message: PublisherMessage) => message.kind === "stopped";
const failedWith = (code: string) => (message: PublisherMessage) =>
  message.kind === "broker" && message.state.error?.code === code;
/** The first failure is a warning, every further one with the same reason is logged for debugging. */
const isRepeatedFailure = (message: PublisherMessage) =>
  message.kind === "log" && message.record.event === "mqtt.connect_failed" &&
  message.record.level === "debug";

Deno.test({
  name: "publisher: a wrong password is reported without it, and retried",
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
    await worker.waitFor(isRepeatedFailure);
    assert.equal(JSON.stringify(worker.messages).includes("Tr0ub4dor"), false);
    worker.send({ kind: "stop" });
    await worker.waitFor(isStopped);
  },
});

Deno.test({
  name: "publisher: the right password connects",
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
  name: "publisher: TLS with a private authority and a client certificate",
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
    const garbage = folder.write("garbage.pem", "no certificate");
    const wrong: readonly [target: Partial<BrokerTarget>, says: RegExp][] = [
      [{ ca: otherCa, cert: client.cert, key: client.key }, /no authority that we trust/],
      [{ cert: client.cert, key: client.key }, /no authority that we trust/],
      [{ ca: client.ca }, /did not accept our certificate/],
      [{ ca: `${folder.path}/missing.pem` }, /mqtt\.ca .*NotFound/],
      [{ ca: client.ca, cert: garbage, key: client.key }, /mqtt\.cert .*no complete PEM/],
    ];
    for (const [target, says] of wrong) {
      const files = [target.ca, target.cert, target.key].filter((file) => typeof file === "string");
      using worker = startWorker(address, files);
      worker.send({ kind: "start", plan: publisherPlan(broker.url, target) });
      const failed = await worker.waitFor(failedWith("BROKER_TLS"), { what: `${says}` });
      assert.match(messageOf(failed), says);
    }
  },
});

Deno.test({
  name: "publisher: a certificate for another host is rejected, with that reason",
  ignore,
  async fn() {
    using folder = tempFolder();
    const { server, client } = await makeCertificates(folder);
    const named = await certificateFor("DNS:other.example", folder);
    await using broker = await Mosquitto.start({ tls: { ...server, ...named } });
    using worker = startWorker(`127.0.0.1:${broker.port}`, [client.ca]);
    worker.send({ kind: "start", plan: publisherPlan(broker.url, { ca: client.ca }) });
    const failed = await worker.waitFor(failedWith("BROKER_TLS"));
    assert.match(messageOf(failed), /names another host/);
  },
});

Deno.test({
  name: "publisher: WebSockets, in clear text and over TLS, with a path",
  ignore,
  async fn() {
    using folder = tempFolder();
    const { server, client, otherCa } = await makeCertificates(folder);
    const plain = freePort();
    const secure = freePort();
    await using _broker = await Mosquitto.start({
      extra: [
        ...[`listener ${plain} 127.0.0.1`, "protocol websockets"],
        ...[`listener ${secure} 127.0.0.1`, "protocol websockets"],
        ...[`certfile ${server.cert}`, `keyfile ${server.key}`],
      ],
    });
    const { ca } = client;
    for (
      const [url, target] of [[`ws://127.0.0.1:${plain}/mqtt`, {}], [
        `wss://127.0.0.1:${secure}/mqtt`,
        { ca },
      ]] as const
    ) {
      using worker = startWorker(new URL(url).host, [ca]);
      worker.send({ kind: "start", plan: publisherPlan(url, target) });
      const connected = await worker.waitFor(isConnected, { what: url });
      assert.ok(connected.kind === "broker" && connected.state.protocol === 5);
      worker.send({ kind: "stop" });
      await worker.waitFor(isStopped);
    }
    using worker = startWorker(`127.0.0.1:${secure}`, [otherCa]);
    const url = `wss://127.0.0.1:${secure}/mqtt`;
    worker.send({ kind: "start", plan: publisherPlan(url, { ca: otherCa }) });
    assert.match(messageOf(await worker.waitFor(failedWith("BROKER_TLS"))), /we trust/);
  },
});

Deno.test("publisher: a listener that closes at once is reported, and retried after a delay", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const closing = (async () => {
    for await (const connection of listener) {
      connections += 1;
      connection.close();
    }
  })();
  const address = `127.0.0.1:${listener.addr.port}`;
  using worker = startWorker(address);
  worker.send({ kind: "start", plan: publisherPlan(`mqtt://${address}`) });
  const failed = await worker.waitFor(failedWith("BROKER_CLOSED"));
  assert.match(messageOf(failed), /closed the connection without an answer/);
  await worker.waitFor(isRepeatedFailure);
  assert.ok(connections >= 2 && connections < 20, `${connections} connections`);
  worker.send({ kind: "stop" });
  await worker.waitFor(isStopped);
  listener.close();
  await closing;
});

Deno.test("publisher: a listener that does not speak MQTT is reported", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    for await (const connection of listener) {
      await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      connection.close();
    }
  })();
  const address = `127.0.0.1:${listener.addr.port}`;
  using worker = startWorker(address);
  worker.send({ kind: "start", plan: publisherPlan(`mqtt://${address}`) });
  const failed = await worker.waitFor(failedWith("BROKER_PROTOCOL"));
  assert.match(messageOf(failed), /does not speak MQTT/);
  worker.send({ kind: "stop" });
  await worker.waitFor(isStopped);
  listener.close();
  await answering;
});

/** Makes a certificate for another name than 127.0.0.1, signed by the authority in `folder`. */
async function certificateFor(
  name: string,
  folder: TempFolder,
): Promise<{ readonly cert: string; readonly key: string }> {
  const at = (file: string) => `${folder.path}/${file}`;
  const openssl = async (...args: string[]) => {
    const { success } = await new Deno.Command("openssl", {
      args,
      stdout: "null",
      stderr: "null",
    }).output();
    assert.ok(success, `openssl ${args[0]}`);
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const request = ["-subj", "/CN=named", "-keyout", at("named.key"), "-out", at("named.csr")];
  await openssl("req", ...key, ...request);
  const extensions = folder.write("named.san", `subjectAltName=${name}\n`);
  const authority = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"];
  await openssl(
    ...["x509", "-req", "-in", at("named.csr"), "-days", "2", "-out", at("named.pem")],
    ...[...authority, "-extfile", extensions],
  );
  return { cert: at("named.pem"), key: at("named.key") };
}

function messageOf(message: PublisherMessage): string {
  return message.kind === "broker" ? message.state.error?.message ?? "" : "";
}
