import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import fc from "fast-check";
import {
  limitPackets,
  MAX_PARTIAL_BYTES,
  PacketBudget,
  PacketLimiter,
} from "../../../../src/mqtt/broker/packet_limit.ts";
import { publishPacket } from "../../../support/brokers/raw_mqtt.ts";

Deno.test("packet limit: however the bytes are split, packets are tracked and the budget is released", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 5 });
  const splits = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sizes, splits, (sizes, splits) => {
      const budget = new PacketBudget();
      const limiter = new PacketLimiter(budget);
      assert.ok(limiter.accept(new Uint8Array([0x10, 0])), "a CONNECT");
      const bytes = Uint8Array.from(
        sizes.flatMap((size) => [
          ...publishPacket({ topic: "t", payload: new Uint8Array(size) }),
        ]),
      );
      let at = 0;
      for (let each = 0; at < bytes.length; each++) {
        const step = splits[each % splits.length] ?? 1;
        assert.ok(limiter.accept(bytes.subarray(at, at + step)));
        at += step;
      }
      assert.ok(budget.reserve(MAX_PARTIAL_BYTES), "everything was released");
    }),
    { numRuns: 20 },
  );
});

Deno.test("packet limit: large packets of all connections share one budget", () => {
  const budget = new PacketBudget();
  const header = new Uint8Array([0x30, 0x80, 0x80, 0x80, 0x04]);
  const limiters: PacketLimiter[] = [];
  for (let accepted = true; accepted;) {
    const limiter = new PacketLimiter(budget);
    limiter.accept(new Uint8Array([0x10, 0]));
    accepted = limiter.accept(header);
    if (accepted) limiters.push(limiter);
  }
  assert.equal(limiters.length, MAX_PARTIAL_BYTES / (8 * 1024 * 1024));
  limiters[0]?.end();
  limiters[0]?.end();
  const next = new PacketLimiter(budget);
  next.accept(new Uint8Array([0x10, 0]));
  assert.ok(next.accept(header), "the end of a connection releases its bytes, once");
});

Deno.test("packet limit: a stream that fetches more keeps what is buffered for the next read", () => {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  limitPackets(stream, new PacketBudget());
  const packets = ["a", "b"].map((topic) =>
    publishPacket({ topic, payload: new Uint8Array([1, 2]) })
  );
  for (const packet of [new Uint8Array([0x10, 0]), ...packets]) stream.push(packet);
  assert.equal(stream.read(0), null);
  assert.deepEqual([...stream.read()], [0x10, 0, ...packets.flatMap((packet) => [...packet])]);
});
