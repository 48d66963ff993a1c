import assert from "node:assert/strict";
import { systemClock } from "../../../../src/core/clock.ts";
import { logTo } from "../../../../src/core/log.ts";
import { EmbeddedBroker } from "../../../../src/mqtt/broker/broker.ts";
import { mqttSessions } from "../../../../src/mqtt/client.ts";
import type { OutgoingMessage, Session } from "../../../../src/mqtt/session.ts";
import { publisherPlan } from "../../../support/workers/publisher_worker.ts";

const log = logTo(() => {});

Deno.test("embedded broker: a wall clock that is set forward publishes the will of no connected client", async () => {
  const trueNow = Date.now;
  const readOften = Promise.withResolvers<void>();
  let reads = 0;
  let enough = Infinity;
  // With every read the clock is another hour ahead.
  Date.now = () => {
    if (++reads >= enough) readOften.resolve();
    return trueNow() + 3_600_000 * reads;
  };
  try {
    const where = { hostname: "127.0.0.1", port: 0, own: null, clock: systemClock };
    await using broker = await EmbeddedBroker.start({ ...where, log, heartbeatMs: 2 });
    const payloads: string[] = [];
    const received = Promise.withResolvers<void>();
    const other = await connected(broker.port, "other", null, (payload) => {
      payloads.push(payload);
      if (payload === "end") received.resolve();
    });
    await new Promise<void>((resolve) => other.subscribe(STATUS.topic, 1, () => resolve()));
    const alive = await connected(broker.port, "alive", { ...STATUS, payload: "offline" });
    enough = reads + 100;
    await readOften.promise;
    other.publish({ ...STATUS, payload: "end" }, () => undefined);
    await received.promise;
    assert.ok(alive.connected);
    assert.deepEqual(payloads, ["end"]);
    for (const session of [alive, other]) {
      await session.close({ graceful: true, timeoutMs: 60_000 });
    }
    // mqtt.js releases the rest in a timer of 0.
    await new Promise((resolve) => setTimeout(resolve, 0));
  } finally {
    Date.now = trueNow;
  }
});

const STATUS = { topic: "status", qos: 1, retain: false, expirySeconds: null } as const;

/** Opens a session, and waits for its CONNACK. */
async function connected(
  port: number,
  clientId: string,
  will: OutgoingMessage | null,
  onMessage: (payload: string) => void = () => undefined,
): Promise<Session> {
  const connack = Promise.withResolvers<void>();
  const session = mqttSessions(systemClock)({
    broker: publisherPlan(`mqtt://127.0.0.1:${port}`).broker,
    tls: { ca: null, cert: null, key: null },
    protocol: "3.1.1",
    clientId,
    will,
  }, {
    connected: connack.resolve,
    message: ({ payload }) => onMessage(new TextDecoder().decode(payload)),
    closed: ({ error }) => connack.reject(error),
  });
  await connack.promise;
  return session;
}
