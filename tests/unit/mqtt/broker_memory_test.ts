import assert from "node:assert/strict";
import fc from "fast-check";
import type { KeptPacket } from "../../../src/mqtt/aedes_memory.d.ts";
import {
  BoundedMemory,
  MAX_QUEUED_BYTES,
  MAX_QUEUED_MESSAGES,
  MAX_RETAINED_BYTES,
  MAX_RETAINED_TOPICS,
  MAX_SESSIONS,
} from "../../../src/mqtt/broker_memory.ts";
import { MAX_BYTES_IN_ALL, PacketBudget, PacketGuard } from "../../../src/mqtt/broker_stream.ts";
import { publishPacket } from "../../support/brokers/raw_mqtt.ts";

let counter = 0;

function message(topic: string, sizeBytes: number): KeptPacket {
  const brokerCounter = ++counter;
  return { cmd: "publish", brokerId: "b", brokerCounter, topic, payload: "x".repeat(sizeBytes) };
}

function memoryOf(here: ReadonlySet<string> = new Set()) {
  const dropped: string[] = [];
  const memory = new BoundedMemory({
    isConnected: (id) => here.has(id),
    onDropped: (id) => dropped.push(id),
  });
  return { memory, dropped };
}

async function queueOf(memory: BoundedMemory, id: string): Promise<KeptPacket[]> {
  const all: KeptPacket[] = [];
  for await (const packet of memory.outgoingStream({ id })) all.push(packet);
  return all;
}

Deno.test("broker memory: what waits for a client that is away is bounded in messages", async () => {
  const { memory, dropped } = memoryOf();
  for (let each = 0; each < MAX_QUEUED_MESSAGES + 7; each++) {
    await memory.outgoingEnqueue({ clientId: "away" }, message("t", 1));
  }
  assert.equal((await queueOf(memory, "away")).length, MAX_QUEUED_MESSAGES);
  assert.deepEqual(dropped, new Array(7).fill("away"));
});

Deno.test("broker memory: what waits for all clients is bounded in bytes, and acknowledging makes room", async () => {
  const { memory, dropped } = memoryOf();
  const megabyte = 1024 * 1024;
  for (let each = 0; dropped.length === 0; each++) {
    await memory.outgoingEnqueue({ clientId: `away-${each % 5}` }, message("t", megabyte));
    assert.ok(memory.queuedBytes <= MAX_QUEUED_BYTES);
  }
  const [first] = await queueOf(memory, "away-0");
  assert.ok(first !== undefined);
  await memory.outgoingUpdate({ id: "away-0" }, { ...first, messageId: 7 });
  const cleared = await memory.outgoingClearMessageId({ id: "away-0" }, { ...first, messageId: 7 });
  assert.equal(cleared?.brokerCounter, first.brokerCounter);
  await memory.outgoingEnqueue({ clientId: "away-1" }, message("t", megabyte));
  assert.equal(dropped.length, 1);
  for (let each = 0; each < 5; each++) await memory.cleanSubscriptions({ id: `away-${each}` });
  assert.equal(memory.queuedBytes, 0);
});

Deno.test("broker memory: a PUBREL in the place of a message gives its bytes back when it is cleared", async () => {
  const { memory } = memoryOf();
  const packet = message("t", 1000);
  await memory.outgoingEnqueue({ clientId: "two" }, packet);
  await memory.outgoingUpdate({ id: "two" }, { ...packet, messageId: 3 });
  await memory.outgoingUpdate({ id: "two" }, {
    cmd: "pubrel",
    brokerId: "",
    brokerCounter: 0,
    messageId: 3,
  });
  assert.equal((await queueOf(memory, "two"))[0]?.cmd, "pubrel");
  await memory.outgoingClearMessageId({ id: "two" }, { ...packet, messageId: 3 });
  assert.equal(memory.queuedBytes, 0);
});

Deno.test("broker memory: sessions are bounded; the oldest that is away goes, and what waits for it", async () => {
  const { memory } = memoryOf(new Set(["s0"]));
  for (let each = 0; each <= MAX_SESSIONS; each++) {
    await memory.addSubscriptions({ id: `s${each}` }, [{ topic: "t", qos: 1 }]);
    if (each === 1) await memory.outgoingEnqueue({ clientId: "s1" }, message("t", 10));
  }
  assert.equal((await queueOf(memory, "s1")).length, 0);
  assert.equal(memory.queuedBytes, 0);
  const { clientsCount } = await memory.countOffline();
  assert.equal(clientsCount, MAX_SESSIONS);
});

Deno.test("broker memory: retained messages are bounded in topics and in bytes, and an empty one makes room", async () => {
  const { memory } = memoryOf();
  for (let each = 0; each < MAX_RETAINED_TOPICS; each++) {
    await memory.storeRetained(message(`t/${each}`, 1));
  }
  assert.equal(memory.canRetain({ topic: "one/more", payload: "x" }), false);
  assert.equal(memory.canRetain({ topic: "t/1", payload: "y" }), true, "a topic that is kept");
  await memory.storeRetained(message("t/0", 0));
  assert.equal(memory.canRetain({ topic: "one/more", payload: "x" }), true);
  const large = "x".repeat(MAX_RETAINED_BYTES);
  assert.equal(memory.canRetain({ topic: "one/more", payload: large }), false);
});

Deno.test("broker packets: whichever way the bytes are cut, packets are followed and the budget closes", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 5 });
  const cuts = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sizes, cuts, (sizes, cuts) => {
      const budget = new PacketBudget();
      const guard = new PacketGuard(budget);
      assert.ok(guard.admits(new Uint8Array([0x10, 0])), "a CONNECT");
      const bytes = Uint8Array.from(
        sizes.flatMap((size) => [
          ...publishPacket({ topic: "t", payload: new Uint8Array(size) }),
        ]),
      );
      let at = 0;
      for (let each = 0; at < bytes.length; each++) {
        const step = cuts[each % cuts.length] ?? 1;
        assert.ok(guard.admits(bytes.subarray(at, at + step)));
        at += step;
      }
      assert.ok(budget.take(MAX_BYTES_IN_ALL), "everything was given back");
    }),
    { numRuns: 20 },
  );
});

Deno.test("broker packets: large packets of all connections share one budget", () => {
  const budget = new PacketBudget();
  const header = new Uint8Array([0x30, 0x80, 0x80, 0x80, 0x04]);
  const guards: PacketGuard[] = [];
  for (let admitted = true; admitted;) {
    const guard = new PacketGuard(budget);
    guard.admits(new Uint8Array([0x10, 0]));
    admitted = guard.admits(header);
    if (admitted) guards.push(guard);
  }
  assert.equal(guards.length, MAX_BYTES_IN_ALL / (8 * 1024 * 1024));
  guards[0]?.end();
  guards[0]?.end();
  const next = new PacketGuard(budget);
  next.admits(new Uint8Array([0x10, 0]));
  assert.ok(next.admits(header), "the end of a connection makes room, once");
});
