import assert from "node:assert/strict";
import { steadyMs, wallMs } from "../../../src/core/clock.ts";
import { GopBuffer } from "../../../src/stream/gop_buffer.ts";
import type { SourcePacket } from "../../../src/stream/packet_source.ts";

/** As much of a native packet as the buffer looks at. */
class FakePacket {
  constructor(readonly sizeBytes: number) {}
}

type Packet = SourcePacket["packet"];

function isPacket(value: FakePacket): value is FakePacket & Packet {
  return value instanceof FakePacket;
}

function buffer(maxBytes?: number) {
  const recycled: number[] = [];
  const buffer = new GopBuffer((packet) => recycled.push(packet.sizeBytes), maxBytes);
  const add = (sizeBytes: number, change: Partial<SourcePacket> = {}) => {
    const packet = new FakePacket(sizeBytes);
    assert.ok(isPacket(packet));
    buffer.add({
      packet,
      pts: 0n,
      isKey: false,
      isRecoveryPoint: false,
      isCorrupt: false,
      isDisposable: () => false,
      positionSeconds: 0,
      arrivedAtMs: steadyMs(0),
      capturedAtMs: wallMs(0),
      clock: "arrival",
      ...change,
    });
  };
  const sizes = () => buffer.packets.map(({ packet }) => packet.sizeBytes);
  return { buffer, add, sizes, recycled };
}

const KEY = { isKey: true };
const RECOVERY = { isRecoveryPoint: true };

Deno.test("gop buffer: keeps what follows a keyframe, and begins anew with the next", () => {
  const { buffer: gop, add, sizes, recycled } = buffer();
  add(1);
  assert.deepEqual([gop.isComplete, sizes(), recycled], [false, [], [1]]);
  add(10, KEY);
  add(2);
  add(3);
  assert.deepEqual([gop.isComplete, sizes(), gop.sizeBytes], [true, [10, 2, 3], 15]);
  add(11, KEY);
  assert.deepEqual([sizes(), recycled], [[11], [1, 10, 2, 3]]);
  gop[Symbol.dispose]();
  assert.deepEqual([gop.isComplete, recycled.length], [false, 5]);
});

Deno.test("gop buffer: what would be too large is dropped as a whole, until the next keyframe", () => {
  const { buffer: gop, add, sizes, recycled } = buffer(20);
  add(10, KEY);
  add(10);
  assert.ok(gop.isFull);
  add(1);
  assert.deepEqual([gop.isComplete, sizes(), recycled], [false, [], [10, 10, 1]]);
  add(5, KEY);
  assert.ok(gop.isComplete);
});

Deno.test("gop buffer: where there are no keyframes it begins with each recovery point", () => {
  const { buffer: gop, add, sizes } = buffer();
  add(10, RECOVERY);
  add(2);
  add(11, RECOVERY);
  assert.deepEqual(sizes(), [11]);
  add(20, KEY);
  add(12, RECOVERY);
  assert.deepEqual(sizes(), [20, 12], "a keyframe is the better beginning");
  assert.ok(gop.isComplete);
});
