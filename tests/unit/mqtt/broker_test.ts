import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { logTo } from "../../../src/core/log.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { EmbeddedBroker, isLoopback, MAX_CLIENTS } from "../../../src/mqtt/broker.ts";
import { mqttSessions, type OutgoingMessage, type Session } from "../../../src/mqtt/client.ts";
import { brokerAddress } from "../../../src/mqtt/target.ts";

const log = logTo(() => {});

for (
  const [hostname, loopback] of [
    ["127.0.0.1", true],
    ["127.8.9.255", true],
    ["localhost", true],
    ["::1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["192.0.2.1", false],
    ["127.0.0.1.example", false],
    ["127.0.0.256", false],
    ["", false],
  ] as const
) {
  Deno.test(`embedded broker: ${JSON.stringify(hostname)} ${loopback ? "is" : "is not"} loopback`, async () => {
    assert.equal(isLoopback(hostname), loopback);
    if (loopback) return;
    await assert.rejects(
      EmbeddedBroker.start({ hostname, port: 0, log }),
      (error) => error instanceof BrokerError && error.code === "BROKER_NOT_LOOPBACK",
    );
  });
}

Deno.test("embedded broker: a port that is taken is an error with a remedy", async () => {
  await using first = await EmbeddedBroker.start({ hostname: "127.0.0.1", port: 0, log });
  const { port } = first;
  await assert.rejects(
    EmbeddedBroker.start({ hostname: "127.0.0.1", port, log }),
    (error) =>
      error instanceof BrokerError && error.code === "BROKER_PORT_IN_USE" && !error.retryable,
  );
});

Deno.test("embedded broker: closing ends clients that never said who they are, and twice is harmless", async () => {
  const broker = await EmbeddedBroker.start({ hostname: "127.0.0.1", port: 0, log });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
  const ended = readToEnd(client);
  await broker.close();
  await broker.close();
  await ended;
});

Deno.test("embedded broker: takes a bounded number of clients", async () => {
  await using broker = await EmbeddedBroker.start({ hostname: "127.0.0.1", port: 0, log });
  const clients: Deno.TcpConn[] = [];
  try {
    for (let each = 0; each <= MAX_CLIENTS; each++) {
      clients.push(await Deno.connect({ hostname: "127.0.0.1", port: broker.port }));
    }
    const last = clients.at(-1);
    assert.ok(last !== undefined);
    await readToEnd(last);
  } finally {
    for (const client of clients) client.close();
  }
});

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
    const where = { hostname: "127.0.0.1", port: 0 };
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
    endpoint: {
      address: brokerAddress(`mqtt://127.0.0.1:${port}`),
      username: null,
      password: null,
      ca: null,
      cert: null,
      key: null,
    },
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

/** Returns when the other side has closed, in order or not. */
async function readToEnd(connection: Deno.TcpConn): Promise<void> {
  try {
    while (await connection.read(new Uint8Array(64)) !== null);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}
