/** How messages are written, over every transport: changed at the last moment, and without delay. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import type { Libav } from "../../src/libav/library.ts";
import { mqttSessions } from "../../src/mqtt/client.ts";
import type { Session } from "../../src/mqtt/session.ts";
import { testLibav } from "../ffi/support.ts";
import { makeCertificates, Mosquitto } from "../support/brokers/mosquitto.ts";
import { tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { sendAtOnce } from "../support/system/tcp_sockets.ts";
import { publisherPlan } from "../support/workers/publisher_worker.ts";

const SECURE: ReadonlySet<string> = new Set(["mqtts", "wss"]);

/** Whether the kernel sends what a client of a broker writes at once, without waiting for an acknowledgement. */
async function sendsAtOnce(broker: Mosquitto, clientId: string, libav: Libav): Promise<boolean> {
  const text = new RegExp(`New client connected from 127\\.0\\.0\\.1:(\\d+) as ${clientId} `);
  await broker.waitForLog((line) => text.test(line), clientId);
  const [first] = sendAtOnce(libav, Number(text.exec(broker.log())?.[1]));
  return first === true;
}

/** Connects to the broker. @returns its session, once it is connected */
async function connect(url: string, clientId: string, ca: string | null): Promise<Session> {
  const connected = Promise.withResolvers<void>();
  const session = mqttSessions(systemClock)({
    broker: publisherPlan(url).broker,
    tls: { ca, cert: null, key: null },
    protocol: 5,
    clientId,
    will: null,
  }, {
    connected: () => connected.resolve(),
    message: () => {},
    closed: ({ error }) => connected.reject(error),
  });
  await connected.promise;
  return session;
}

/** Publishes `early`, and changes it to `later` when it is written. */
async function publishChanged(session: Session, topic: string): Promise<void> {
  const published = Promise.withResolvers<void>();
  session.publish({
    ...{ topic, payload: "early" },
    ...{ qos: 0, retain: false, expirySeconds: null },
    beforeWrite: (bytes) => new TextEncoder().encodeInto("later", bytes),
  }, (error) => error === null ? published.resolve() : published.reject(error));
  await published.promise;
}

Deno.test({
  name: "session: what is changed when it is written reaches the broker, over every transport",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    using folder = tempFolder();
    const { server, client } = await makeCertificates(folder);
    const [mqtts, ws, wss] = [freePort(), freePort(), freePort()];
    const certificate = [`certfile ${server.cert}`, `keyfile ${server.key}`];
    await using broker = await Mosquitto.start({
      extra: [
        ...[`listener ${mqtts} 127.0.0.1`, ...certificate],
        ...[`listener ${ws} 127.0.0.1`, "protocol websockets"],
        ...[`listener ${wss} 127.0.0.1`, "protocol websockets", ...certificate],
      ],
    });
    await using subscriber = await broker.subscribe("#");
    using libav = ignoreWithout("libav") ? null : testLibav();
    const ca = Deno.readTextFileSync(client.ca);
    const urls: readonly (readonly [name: string, url: string])[] = [
      ["mqtt", broker.url],
      ["mqtts", `mqtts://127.0.0.1:${mqtts}`],
      ["ws", `ws://127.0.0.1:${ws}/mqtt`],
      ["wss", `wss://127.0.0.1:${wss}/mqtt`],
    ];
    for (const [name, url] of urls) {
      const session = await connect(url, `orion-${name}`, SECURE.has(name) ? ca : null);
      // Mosquitto logs no ports of WebSockets.
      if (libav !== null && name.startsWith("mqtt")) {
        assert.ok(await sendsAtOnce(broker, `orion-${name}`, libav), name);
      }
      await publishChanged(session, name);
      const message = await subscriber.waitFor((each) => each.topic === name);
      assert.equal(message.payload, "later", name);
      await session.close({ graceful: true, timeoutMs: 10_000 });
    }
  },
});
