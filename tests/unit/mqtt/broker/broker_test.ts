import assert from "node:assert/strict";
import { systemClock } from "../../../../src/core/clock.ts";
import { isLoopback } from "../../../../src/core/endpoint.ts";
import { BrokerError } from "../../../../src/core/errors.ts";
import { logTo } from "../../../../src/core/log.ts";
import { EmbeddedBroker } from "../../../../src/mqtt/broker/broker.ts";
import { MAX_CLIENTS, MAX_PENDING_CONNECTS } from "../../../../src/mqtt/broker/admission.ts";
import {
  published,
  publishPacket,
  RawMqtt,
  subscribePacket,
} from "../../../support/brokers/raw_mqtt.ts";

const log = logTo(() => {});
const OWN = { clientId: "orion-lobby-1", password: "proof", rootTopic: "orion/lobby-1" };

const startBroker = (own: typeof OWN | null = OWN) =>
  EmbeddedBroker.start({ hostname: "127.0.0.1", port: 0, own, clock: systemClock, log });

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
      EmbeddedBroker.start({ hostname, port: 0, own: null, clock: systemClock, log }),
      (error) => error instanceof BrokerError && error.code === "BROKER_NOT_LOOPBACK",
    );
  });
}

Deno.test("embedded broker: a port in use is an error with a remedy", async () => {
  await using first = await startBroker(null);
  const { port } = first;
  await assert.rejects(
    EmbeddedBroker.start({ hostname: "127.0.0.1", port, own: null, clock: systemClock, log }),
    (error) =>
      error instanceof BrokerError && error.code === "BROKER_PORT_IN_USE" && !error.retryable,
  );
});

Deno.test("embedded broker: closes connections without a CONNECT as well, and closing twice is harmless", async () => {
  const broker = await startBroker(null);
  using client = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
  const ended = readToEnd(client);
  await broker.close();
  await broker.close();
  await ended;
});

/** Closes its clients when it is disposed. */
class Clients implements Disposable {
  readonly all: RawMqtt[] = [];

  async open(port: number): Promise<RawMqtt> {
    const client = await RawMqtt.open(port);
    this.all.push(client);
    return client;
  }

  [Symbol.dispose](): void {
    for (const client of this.all) client[Symbol.dispose]();
  }
}

Deno.test("embedded broker: of connections without a CONNECT the oldest is closed, and Orion's own client is admitted", async () => {
  await using broker = await startBroker();
  using clients = new Clients();
  const first = await clients.open(broker.port);
  for (let each = 0; each < MAX_PENDING_CONNECTS; each++) await clients.open(broker.port);
  await first.closed();
  const own = await clients.open(broker.port);
  assert.equal(await own.login(OWN), 0);
});

Deno.test("embedded broker: admits a bounded number of clients, and always Orion's own", async () => {
  await using broker = await startBroker();
  using clients = new Clients();
  for (let each = 0; each < MAX_CLIENTS; each++) {
    const client = await clients.open(broker.port);
    assert.equal(await client.login({ clientId: `dashboard-${each}` }), 0);
  }
  const late = await clients.open(broker.port);
  assert.equal(await late.login({ clientId: "late" }), 3, "CONNACK: server unavailable");
  await late.closed();
  const own = await clients.open(broker.port);
  assert.equal(await own.login(OWN), 0);
  // A client that connects again replaces its own connection, and one that disconnects frees its place.
  const again = await clients.open(broker.port);
  assert.equal(await again.login({ clientId: "dashboard-0" }), 0);
  again[Symbol.dispose]();
  await clients.all[0]?.closed();
});

Deno.test("embedded broker: no other client gets Orion's own client id, nor ends its connection", async () => {
  await using broker = await startBroker();
  using clients = new Clients();
  const own = await clients.open(broker.port);
  assert.equal(await own.login(OWN), 0);
  for (const password of [undefined, "", "guess", `${OWN.password} `]) {
    const other = await clients.open(broker.port);
    const login = password === undefined ? {} : { password };
    assert.equal(
      await other.login({ clientId: OWN.clientId, ...login }),
      2,
      "CONNACK: identifier rejected",
    );
    await other.closed();
  }
  // It is still connected: its message arrives.
  const reader = await clients.open(broker.port);
  assert.equal(await reader.login({ clientId: "reader" }), 0);
  await reader.send(subscribePacket("orion/#", 0));
  await reader.receiveType(9);
  await own.send(publishPacket({ topic: "orion/lobby-1/status", payload: new Uint8Array([1]) }));
  assert.equal(published(await reader.receiveType(3)).topic, "orion/lobby-1/status");
});

Deno.test("embedded broker: only Orion's own client publishes below its topics, except for commands", async () => {
  await using broker = await startBroker();
  using clients = new Clients();
  const reader = await clients.open(broker.port);
  assert.equal(await reader.login({ clientId: "reader" }), 0);
  await reader.send(subscribePacket("#", 0));
  await reader.receiveType(9);
  const payload = new Uint8Array([1]);
  for (
    const topic of [
      "orion/lobby-1/status",
      "orion/lobby-1/inferences/gate/person",
      "orion/lobby-1/set",
      "$SYS/anything",
    ]
  ) {
    const other = await clients.open(broker.port);
    assert.equal(await other.login({ clientId: "other" }), 0);
    await other.send(publishPacket({ topic, payload }));
    await other.closed();
  }
  const other = await clients.open(broker.port);
  assert.equal(await other.login({ clientId: "other" }), 0);
  const allowed = [
    "orion/lobby-1/control",
    "orion/lobby-1/cameras/gate/detect/set",
    "orion/lobby-10/status",
    "home/light",
  ];
  for (const topic of allowed) await other.send(publishPacket({ topic, payload }));
  for (const topic of allowed) {
    assert.equal(
      published(await reader.receiveType(3)).topic,
      topic,
      "the refused ones were not forwarded",
    );
  }
});

Deno.test("embedded broker: a packet beyond the limit closes its connection at its header", async () => {
  await using broker = await startBroker();
  using clients = new Clients();
  const pending = await clients.open(broker.port);
  // The header of a CONNECT of 200 MB.
  await pending.send(new Uint8Array([0x10, 0x80, 0x84, 0xaf, 0x5f]));
  await pending.closed();
  const client = await clients.open(broker.port);
  assert.equal(await client.login({ clientId: "large" }), 0);
  await client.send(new Uint8Array([0x30, 0x80, 0x84, 0xaf, 0x5f]));
  await client.closed();
});

Deno.test("embedded broker: a client that does not read is disconnected, and delays no other", async () => {
  await using broker = await startBroker(null);
  using clients = new Clients();
  const [slow, reader, sender] = [
    await clients.open(broker.port),
    await clients.open(broker.port),
    await clients.open(broker.port),
  ];
  for (const [index, client] of [slow, reader, sender].entries()) {
    assert.equal(await client.login({ clientId: `client-${index}` }), 0);
  }
  await slow.send(subscribePacket("large", 1));
  await slow.receiveType(9);
  await reader.send(subscribePacket("large", 1));
  await reader.receiveType(9);
  const payload = payloadOf(1024 * 1024);
  // Beyond the limit and what both socket buffers hold.
  const count = 60;
  const sending = (async () => {
    for (let id = 1; id <= count; id++) {
      await sender.send(publishPacket({ topic: "large", payload, qos: 1, id }));
      await sender.receiveType(4);
    }
  })();
  for (let each = 0; each < count; each++) {
    const { id } = published(await reader.receiveType(3));
    await reader.send(new Uint8Array([0x40, 2, id >> 8, id & 0xff]));
  }
  await sending;
  let received = 0;
  for (let next = await slow.receive(); next !== null; next = await slow.receive()) received++;
  assert.ok(received < count, "it was disconnected before the last message");
});

/** The length and the SHA-256 of a payload. */
async function digest(payload: Uint8Array): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", payload.slice()));
  return `${payload.length} ${bytes.toHex()}`;
}

/** Bytes that differ between sizes from the beginning. */
function payloadOf(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + size * 7 + (at >> 8)) & 0xff;
  return bytes;
}

const SIZES = [1, 1_000, 65_536, 70_000, 200_000, 1_000_000, 8 * 1024 * 1024];

for (const qos of [0, 1, 2] as const) {
  Deno.test(`embedded broker: messages of 1 B to 8 MB at QoS ${qos} go both ways at once`, async () => {
    await using broker = await startBroker(null);
    using clients = new Clients();
    const one = await clients.open(broker.port);
    const two = await clients.open(broker.port);
    for (const [client, clientId] of [[one, "one"], [two, "two"]] as const) {
      assert.equal(await client.login({ clientId }), 0);
      await client.send(subscribePacket(`to/${clientId}`, qos));
      await client.receiveType(9);
    }
    const expected = await Promise.all(SIZES.map((size) => digest(payloadOf(size))));
    await Promise.all([
      exchange(one, { topic: "to/two", qos }, expected),
      exchange(two, { topic: "to/one", qos }, expected),
    ]);
  });
}

/** Sends a message of every size and receives one of every size, each acknowledged at once. */
async function exchange(
  client: RawMqtt,
  { topic, qos }: { readonly topic: string; readonly qos: 0 | 1 | 2 },
  expected: readonly string[],
): Promise<void> {
  const sending = (async () => {
    for (const [index, size] of SIZES.entries()) {
      await client.send(publishPacket({ topic, payload: payloadOf(size), qos, id: index + 1 }));
    }
  })();
  const received: string[] = [];
  let acknowledged = qos === 0 ? SIZES.length : 0;
  while (received.length < SIZES.length || acknowledged < SIZES.length) {
    const next = await client.receive();
    assert.ok(next !== null, "the broker has closed the connection");
    const id = next.body.subarray(0, 2);
    if (next.type === 3) {
      const { payload, id: number } = published(next);
      received.push(await digest(payload));
      const ack = [number >> 8, number & 0xff];
      // PUBACK, or PUBREC.
      if (qos > 0) await client.send(new Uint8Array([qos === 1 ? 0x40 : 0x50, 2, ...ack]));
    } else if (next.type === 4 || next.type === 7) acknowledged++;
    // PUBREC is answered by PUBREL, PUBREL by PUBCOMP.
    else if (next.type === 5) await client.send(new Uint8Array([0x62, 2, ...id]));
    else if (next.type === 6) await client.send(new Uint8Array([0x70, 2, ...id]));
  }
  await sending;
  assert.deepEqual(received.toSorted(), expected.toSorted());
}

/** Resolves when the other side has closed or reset the connection. */
async function readToEnd(connection: Deno.TcpConn): Promise<void> {
  try {
    while (await connection.read(new Uint8Array(64)) !== null);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}
