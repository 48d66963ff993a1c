import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { logTo } from "../../../src/core/log.ts";
import { EmbeddedBroker, isLoopback, MAX_CLIENTS } from "../../../src/mqtt/broker.ts";

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

/** Returns when the other side has closed, in order or not. */
async function readToEnd(connection: Deno.TcpConn): Promise<void> {
  try {
    while (await connection.read(new Uint8Array(64)) !== null);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}
