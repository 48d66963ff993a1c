import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import { logTo } from "../../../src/core/log.ts";
import { EmbeddedBroker } from "../../../src/mqtt/broker.ts";
import { mqttSessions } from "../../../src/mqtt/client.ts";
import type { OutgoingMessage, Session } from "../../../src/mqtt/session.ts";
import { brokerTarget } from "../../support/brokers/address.ts";

const log = logTo(() => {});

Deno.test("embedded broker: a wall clock that is set forward gives no client up", async () => {
  const trueNow = Date.now;
  const lookedOften = Promise.withResolvers<void>();
  let looks = 0;
  let enough = Infinity;
  // Each look at the clock finds it another hour ahead.
  Date.now = () => {
    if (++looks >= enough) lookedOften.resolve();
    return trueNow() + 3_600_000 * looks;
  };
  try {
    const where = { hostname: "127.0.0.1", port: 0, own: null, clock: systemClock };
    await using broker = await EmbeddedBroker.start({ ...where, log, heartbeatMs: 2 });
    const payloads: string[] = [];
    const ended = Promise.withResolvers<void>();
    const other = await connected(broker.port, "other", null, (payload) => {
      payloads.push(payload);
      if (payload === "end") ended.resolve();
    });
    await new Promise<void>((resolve) => other.subscribe(STATUS.topic, 1, () => resolve()));
    const alive = await connected(broker.port, "alive", { ...STATUS, payload: "offline" });
    enough = looks + 100;
    await lookedOften.promise;
    other.publish({ ...STATUS, payload: "end" }, () => undefined);
    await ended.promise;
    assert.ok(alive.open);
    assert.deepEqual(payloads, ["end"]);
    for (const session of [alive, other]) await session.end({ inOrder: true, withinMs: 60_000 });
    // The library lets go of what it had for them in a timer of 0.
    await new Promise((resolve) => setTimeout(resolve, 0));
  } finally {
    Date.now = trueNow;
  }
});

const STATUS = { topic: "status", qos: 1, retain: false, expirySeconds: null } as const;

/** A client, once the broker has accepted it. */
async function connected(
  port: number,
  clientId: string,
  will: OutgoingMessage | null,
  onMessage: (payload: string) => void = () => undefined,
): Promise<Session> {
  const accepted = Promise.withResolvers<void>();
  const session = mqttSessions(systemClock)({
    broker: brokerTarget(`mqtt://127.0.0.1:${port}`),
    tls: { ca: null, cert: null, key: null },
    protocol: "3.1.1",
    clientId,
    will,
  }, {
    accepted: accepted.resolve,
    message: ({ payload }) => onMessage(new TextDecoder().decode(payload)),
    ended: ({ error }) => accepted.reject(error),
  });
  await accepted.promise;
  return session;
}
