import assert from "node:assert/strict";
import type { StoredPacket } from "../../../../src/mqtt/broker/aedes_persistence.d.ts";
import {
  BoundedPersistence,
  MAX_QUEUED_BYTES,
  MAX_QUEUED_MESSAGES,
  MAX_RETAINED_BYTES,
  MAX_RETAINED_TOPICS,
  MAX_SESSIONS,
} from "../../../../src/mqtt/broker/persistence.ts";

let counter = 0;

function message(topic: string, sizeBytes: number): StoredPacket {
  const brokerCounter = ++counter;
  return { cmd: "publish", brokerId: "b", brokerCounter, topic, payload: "x".repeat(sizeBytes) };
}

function bounded(connected: ReadonlySet<string> = new Set()) {
  const dropped: string[] = [];
  const persistence = new BoundedPersistence({
    isConnected: (id) => connected.has(id),
    onDropped: (id) => dropped.push(id),
  });
  return { persistence, dropped };
}

async function queueOf(persistence: BoundedPersistence, id: string): Promise<StoredPacket[]> {
  const all: StoredPacket[] = [];
  for await (const packet of persistence.outgoingStream({ id })) all.push(packet);
  return all;
}

Deno.test("persistence: the queue of a disconnected client is bounded in messages", async () => {
  const { persistence, dropped } = bounded();
  for (let each = 0; each < MAX_QUEUED_MESSAGES + 7; each++) {
    await persistence.outgoingEnqueue({ clientId: "away" }, message("t", 1));
  }
  assert.equal((await queueOf(persistence, "away")).length, MAX_QUEUED_MESSAGES);
  assert.deepEqual(dropped, new Array(7).fill("away"));
});

Deno.test("persistence: the queues of all clients are bounded in bytes, and an acknowledgement makes room", async () => {
  const { persistence, dropped } = bounded();
  const megabyte = 1024 * 1024;
  for (let each = 0; dropped.length === 0; each++) {
    await persistence.outgoingEnqueue({ clientId: `away-${each % 5}` }, message("t", megabyte));
    assert.ok(persistence.queuedBytes <= MAX_QUEUED_BYTES);
  }
  const [first] = await queueOf(persistence, "away-0");
  assert.ok(first !== undefined);
  await persistence.outgoingUpdate({ id: "away-0" }, { ...first, messageId: 7 });
  const cleared = await persistence.outgoingClearMessageId({ id: "away-0" }, {
    ...first,
    messageId: 7,
  });
  assert.equal(cleared?.brokerCounter, first.brokerCounter);
  await persistence.outgoingEnqueue({ clientId: "away-1" }, message("t", megabyte));
  assert.equal(dropped.length, 1);
  for (let each = 0; each < 5; each++) await persistence.cleanSubscriptions({ id: `away-${each}` });
  assert.equal(persistence.queuedBytes, 0);
});

Deno.test("persistence: a PUBREL that replaces a message releases its bytes when it is cleared", async () => {
  const { persistence } = bounded();
  const packet = message("t", 1000);
  await persistence.outgoingEnqueue({ clientId: "two" }, packet);
  await persistence.outgoingUpdate({ id: "two" }, { ...packet, messageId: 3 });
  await persistence.outgoingUpdate({ id: "two" }, {
    cmd: "pubrel",
    brokerId: "",
    brokerCounter: 0,
    messageId: 3,
  });
  assert.equal((await queueOf(persistence, "two"))[0]?.cmd, "pubrel");
  await persistence.outgoingClearMessageId({ id: "two" }, { ...packet, messageId: 3 });
  assert.equal(persistence.queuedBytes, 0);
});

Deno.test("persistence: sessions are bounded; the oldest of a disconnected client is deleted with its queue", async () => {
  const { persistence } = bounded(new Set(["s0"]));
  for (let each = 0; each <= MAX_SESSIONS; each++) {
    await persistence.addSubscriptions({ id: `s${each}` }, [{ topic: "t", qos: 1 }]);
    if (each === 1) await persistence.outgoingEnqueue({ clientId: "s1" }, message("t", 10));
  }
  assert.equal((await queueOf(persistence, "s1")).length, 0);
  assert.equal(persistence.queuedBytes, 0);
  const { clientsCount } = await persistence.countOffline();
  assert.equal(clientsCount, MAX_SESSIONS);
});

Deno.test("persistence: retained messages are bounded in topics and in bytes, and an empty one makes room", async () => {
  const { persistence } = bounded();
  for (let each = 0; each < MAX_RETAINED_TOPICS; each++) {
    await persistence.storeRetained(message(`t/${each}`, 1));
  }
  assert.equal(persistence.canRetain({ topic: "one/more", payload: "x" }), false);
  assert.equal(persistence.canRetain({ topic: "t/1", payload: "y" }), true, "a topic that has one");
  await persistence.storeRetained(message("t/0", 0));
  assert.equal(persistence.canRetain({ topic: "one/more", payload: "x" }), true);
  const large = "x".repeat(MAX_RETAINED_BYTES);
  assert.equal(persistence.canRetain({ topic: "one/more", payload: large }), false);
});
