/** How messages are written, over every transport: changed at the last moment, and without delay. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import type { Libav } from "../../src/libav/library.ts";
import { mqttSessions } from "../../src/mqtt/client.ts";
import { testLibav } from "../ffi/support.ts";
import { makeCertificates, Mosquitto } from "../support/brokers/mosquitto.ts";
import { tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { sendAtOnce } from "../support/system/tcp_sockets.ts";
import { publisherPlan } from "../support/workers/publisher_worker.ts";

/** Connects to the broker, publishes `early`, changes it to `later` when it is written, and disconnects. */
async function publishChanged(url: string, ca: string | null, libav: Libav | null): Promise<void> {
  const delayed = () => libav === null ? 0 : sendAtOnce(libav).filter((each) => !each).length;
  const before = delayed();
  const connected = Promise.withResolvers<void>();
  const session = mqttSessions(systemClock)({
    broker: publisherPlan(url).broker,
    tls: { ca, cert: null, key: null },
    protocol: 5,
    clientId: "orion-lobby-1",
    will: null,
  }, {
    connected: () => connected.resolve(),
    message: () => {},
    closed: ({ error }) => connected.reject(error),
  });
  await connected.promise;
  assert.ok(delayed() <= before, url);
  const published = Promise.withResolvers<void>();
  session.publish({
    ...{ topic: new URL(url).protocol, payload: "early" },
    ...{ qos: 0, retain: false, expirySeconds: null },
    beforeWrite: (bytes) => new TextEncoder().encodeInto("later", bytes),
  }, (error) => error === null ? published.resolve() : published.reject(error));
  await published.promise;
  await session.close({ graceful: true, timeoutMs: 10_000 });
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
    const ca = Deno.readTextFileSync(client.ca);
    const secure = [`mqtts://127.0.0.1:${mqtts}`, `wss://127.0.0.1:${wss}/mqtt`];
    using libav = ignoreWithout("libav") ? null : testLibav();
    for (const url of [broker.url, `ws://127.0.0.1:${ws}/mqtt`]) {
      await publishChanged(url, null, libav);
    }
    for (const url of secure) await publishChanged(url, ca, libav);
    for (const topic of ["mqtt:", "mqtts:", "ws:", "wss:"]) {
      const message = await subscriber.waitFor((each) => each.topic === topic);
      assert.equal(message.payload, "later", topic);
    }
  },
});
