/** Idle connections and readers of events: the process keeps its descriptors for cameras and broker. */
import assert from "node:assert/strict";
import { ROOT, tempFolder } from "../support/system/files.ts";
import { Subscriber } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { OrionProcess } from "../support/product/process.ts";

/** More than all limits together, and more than the process has descriptors. */
const IDLE = 400;
const DESCRIPTORS = 100;
const EVENTS = new TextEncoder().encode("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");

Deno.test({
  name: "descriptors: connections beyond the process's limit cause no failure, and it recovers",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    using folder = tempFolder();
    const [mqttPort, httpPort] = [freePort(), freePort()];
    folder.write(
      "orion.yaml",
      [
        "instance: lobby-1",
        "cameras: [{ id: gate, url: 'demo:' }]",
        "detectors: [{ id: person, model: builtin:person-int8, rateHz: 2 }]",
        `mqtt: { listen: 127.0.0.1:${mqttPort} }`,
        `health: { listen: 127.0.0.1:${httpPort} }`,
        "",
      ].join("\n"),
    );
    await using orion = new OrionProcess({
      name: "orion with few descriptors",
      command: "sh",
      args: [
        "-c",
        `ulimit -n ${DESCRIPTORS} && exec sh "$0" run --log-format json`,
        `${ROOT}/scripts/orion.sh`,
      ],
      cwd: folder.path,
      env: { NO_COLOR: "1" },
    });
    await orion.waitFor("detections");
    await using subscriber = await Subscriber.start({
      port: mqttPort,
      topics: ["orion/lobby-1/inferences/#"],
    });
    const idle: Deno.TcpConn[] = [];
    try {
      // The readers come first: no descriptor is free when the answers to them fail.
      for (const port of [httpPort, mqttPort]) {
        for (let each = 0; each < IDLE; each++) {
          const connection = await Deno.connect({ hostname: "127.0.0.1", port });
          idle.push(connection);
          if (port === httpPort) await connection.write(EVENTS);
        }
      }
      const since = subscriber.messages.length;
      await subscriber.waitFor(() => subscriber.messages.length >= since + 5);
    } finally {
      for (const connection of idle) connection.close();
    }
    // Once descriptors are free again it answers, and accepts clients.
    let code = 0;
    while (code !== 200) {
      assert.ok(orion.running, "it keeps running");
      const response = await fetch(`http://127.0.0.1:${httpPort}/healthz`).catch(() => null);
      await response?.body?.cancel();
      code = response?.status ?? 0;
    }
    await using late = await Subscriber.start({
      port: mqttPort,
      topics: ["orion/lobby-1/status"],
    });
    const status = await late.waitFor(({ json }) => json?.["state"] !== undefined);
    assert.equal(status.json?.["state"], "online");
    orion.signal("SIGTERM");
    assert.equal((await orion.exit()).code, 0);
  },
});
