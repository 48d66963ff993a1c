/** The whole product with a broker that restarts or refuses it. */
import assert from "node:assert/strict";
import { tempFolder } from "../support/system/files.ts";
import { makeCertificates, Mosquitto, type Subscriber } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { startOrion } from "../support/product/process.ts";
import { asReport, assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";

const ignore = ignoreWithout("libav", "mosquitto");
const CONFIG = [
  'cameras: [{ id: gate, url: "demo:" }]',
  "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5, classes: [person] }]",
].join("\n");
const RESTARTS = 4;
/** Above the usual variation: over twenty restarts it was between 257 and 327 MB. */
const GROWTH_BYTES = 80 * 1024 * 1024;

async function residentBytes(rig: Rig): Promise<number> {
  const text = await (await fetch(`${rig.httpUrl}/metrics`)).text();
  const value = /^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1];
  assert.ok(value !== undefined, text.slice(0, 400));
  return Number(value);
}

/** Waits until the memory falls below a limit: the threads collect garbage every twenty seconds. */
async function assertFalls(rig: Rig, limitBytes: number): Promise<void> {
  let bytes = NaN;
  const isBelow = async () => (bytes = await residentBytes(rig)) < limitBytes;
  await rig.until("the memory falls", isBelow).catch((cause: unknown) => {
    throw new Error(`it grew to ${bytes} bytes, ${limitBytes} at most`, { cause });
  });
}

/** Sends a command once Orion is subscribed, and waits for its acknowledgement. */
async function assertCommandWorks(
  broker: Mosquitto,
  subscriber: Subscriber,
  id: string,
): Promise<void> {
  await broker.waitForLog((line) => line.includes("orion/test/control (QoS 1)"), "a subscription");
  const command = { schema: "orion.command/1", id, command: "get_status" };
  await broker.publish("orion/test/control", JSON.stringify(command));
  const { json } = await subscriber.waitFor(
    ({ topic, json }) => topic === "orion/test/control/ack" && json?.["id"] === id,
    { what: `the acknowledgement of ${id}` },
  );
  assert.equal(json?.["status"], "ok");
  assertReportCloses(json["data"]);
}

Deno.test({
  name: "mqtt: Orion goes on while the broker is down, and publishes everything when it is back",
  ignore,
  async fn() {
    await using broker = await Mosquitto.start();
    await using rig = await Rig.start({
      config: CONFIG,
      broker,
      mqtt: [
        "  qos: { inferences: 1 }",
        "  outbox: { policy: queue, max: 1000 }",
        "  homeAssistant: { discoveryPrefix: ha }",
      ].join("\n"),
    });
    await rig.firstInference("gate");
    let before = Infinity;
    let processed = -1;
    for (let restart = 1; restart <= RESTARTS; restart++) {
      const since = rig.orion.stderr.all.length;
      await broker.stop();
      await rig.orion.waitFor("mqtt.disconnected", () => true, { since });
      assert.equal((await rig.get("/healthz")).status, 200);
      assert.equal((await rig.get("/readyz")).status, 503);
      const report = assertReportCloses((await rig.get("/status")).body);
      const now = report.workers[0]?.framesProcessed ?? 0;
      assert.ok(now > processed, "inference goes on");
      processed = now;
      await broker.start();
      await using subscriber = await broker.subscribe("orion/#", "ha/#");
      await subscriber.waitFor(({ topic, json }) =>
        topic === "orion/test/status" && json?.["state"] === "online"
      );
      await subscriber.waitFor(({ topic }) => topic === "orion/test/cameras/gate/status");
      await subscriber.waitFor(({ topic }) => topic.startsWith("orion/test/inferences/"));
      await subscriber.waitFor(({ topic }) => topic === "ha/switch/test/gate_detect/config");
      await assertCommandWorks(broker, subscriber, `restart-${restart}`);
      // Before the first restart it is still warming up.
      if (restart === 1) before = await residentBytes(rig);
    }
    const metrics = await (await fetch(`${rig.httpUrl}/metrics`)).text();
    const discarded = /orion_mqtt_discarded_total\{topic_kind="inference".*/.exec(metrics);
    assert.equal(discarded, null, "the queue lost nothing");
    const report = asReport((await rig.get("/status")).body);
    assert.equal(report.broker.reconnects, RESTARTS);
    assert.ok(report.workers.every(({ restarts }) => restarts === 0));
    await assertFalls(rig, before + GROWTH_BYTES);
    assert.equal(await rig.stop(), 0);
  },
});

Deno.test({
  name: "mqtt: after kill -9 the broker publishes the will, a retained offline",
  ignore,
  async fn() {
    await using rig = await Rig.start({ config: CONFIG });
    await rig.firstInference("gate");
    rig.orion.signal("SIGKILL");
    await rig.orion.status;
    await rig.subscriber.waitFor(({ topic, json }) =>
      topic === "orion/test/status" && json?.["state"] === "offline"
    );
    await using later = await rig.broker.subscribe("orion/test/status");
    const kept = await later.waitFor(() => true);
    assert.ok(kept.retained && kept.json?.["state"] === "offline");
  },
});

Deno.test({
  name: "mqtt: the reason of a refused connection is in the log, in /readyz and in /status",
  ignore,
  async fn() {
    using folder = tempFolder();
    const { server, client, otherCa } = await makeCertificates(folder);
    const login = { username: "orion", password: "the-right-one" };
    await using closed = await Mosquitto.start({ login });
    await using secure = await Mosquitto.start({ tls: server, clientCertificates: true });
    const cases: readonly (readonly [mqtt: readonly string[], code: string, says: RegExp])[] = [
      [
        [`url: ${closed.url}`, "username: orion", "password: 'no-such-pass'"],
        "BROKER_UNAUTHORISED",
        /refused the user or the password/,
      ],
      [
        [`url: ${secure.url}`, `ca: ${otherCa}`, `cert: ${client.cert}`, `key: ${client.key}`],
        "BROKER_TLS",
        /no authority that we trust/,
      ],
    ];
    for (const [mqtt, code, says] of cases) {
      const port = freePort();
      const health = `health: { listen: "127.0.0.1:${port}" }`;
      const lines = ["instance: test", CONFIG, "mqtt:", ...mqtt.map((line) => `  ${line}`), health];
      const config = folder.write("orion.yaml", lines.join("\n"));
      await using orion = startOrion(["run", "--config", config]);
      const failed = await orion.waitFor("mqtt.connect_failed", (event) => event["code"] === code);
      assert.match(String(failed["message"]), says);
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
      assert.equal(ready.status, 503);
      const reasons = await ready.text();
      assert.ok(reasons.includes(code) && says.test(reasons), reasons);
      const status = asReport(await (await fetch(`http://127.0.0.1:${port}/status`)).json());
      assert.ok(status.broker.error?.code === code && status.broker.error.remedy.includes("mqtt."));
      orion.signal("SIGTERM");
      assert.equal((await orion.exit()).code, 0);
      assert.ok(!orion.stderr.text().includes("no-such-pass"));
    }
  },
});
