import assert from "node:assert/strict";
import { steadyMs, wallMs } from "../../../src/core/clock.ts";
import { CameraLedger } from "../../../src/framebus/ledger.ts";
import { GopBuffer } from "../../../src/stream/gop_buffer.ts";
import type { SourcePacket } from "../../../src/stream/packet_source.ts";
import { assertCloses } from "../../support/streams/ledger.ts";

/** As much of a native packet as the buffer uses. */
class FakePacket {
  constructor(readonly sizeBytes: number) {}
}

type Packet = SourcePacket["packet"];

function isPacket(value: FakePacket): value is FakePacket & Packet {
  return value instanceof FakePacket;
}

function buffer(maxBytes = 1000) {
  const ledger = new CameraLedger();
  const recycled: number[] = [];
  const recycle = (packet: Packet) => void recycled.push(packet.sizeBytes);
  const buffer = new GopBuffer({ ledger, recycle, maxBytes });
  const packetOf = (sizeBytes: number, change: Partial<SourcePacket>): SourcePacket => {
    const packet = new FakePacket(sizeBytes);
    assert.ok(isPacket(packet));
    return {
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
    };
  };
  /** A packet that was decoded. */
  const add = (sizeBytes: number, change: Partial<SourcePacket> = {}) => {
    ledger.arrive();
    ledger.decoded();
    buffer.add(packetOf(sizeBytes, change), null);
  };
  /** A packet that was skipped. */
  const skip = (sizeBytes: number, change: Partial<SourcePacket> = {}) => {
    ledger.arrive();
    buffer.add(packetOf(sizeBytes, change), "asleep");
    assertCloses(ledger.account([]));
  };
  const replay = () => {
    const replayed: string[] = [];
    buffer.replay(({ packet }, frameState) => {
      replayed.push(`${packet.sizeBytes} ${frameState}`);
      ledger.decoded(frameState);
    });
    return replayed;
  };
  const account = () => {
    const account = ledger.account([]);
    assertCloses(account);
    assert.equal(ledger.pending, 0);
    const { decoded, corrupt, undecoded: { buffered, asleep, nonref } } = account;
    return { decoded, corrupt, buffered, asleep, nonref };
  };
  const restartsWith = () => buffer.restartPacket?.packet.sizeBytes ?? null;
  return { buffer, ledger, add, skip, replay, recycled, account, restartsWith };
}

const KEY = { isKey: true };
const RECOVERY = { isRecoveryPoint: true };
const DISPOSABLE = { isDisposable: () => true };
const NOTHING = { decoded: 0, corrupt: 0, buffered: 0, asleep: 0, nonref: 0 };

Deno.test("gop buffer: keeps the packets from a keyframe to the next", () => {
  const { buffer: gop, add, recycled } = buffer();
  add(1);
  assert.deepEqual([gop.isComplete, gop.packets, recycled], [false, 0, [1]]);
  add(10, KEY);
  add(2);
  add(3);
  assert.deepEqual([gop.isComplete, gop.packets, gop.sizeBytes], [true, 3, 15]);
  add(11, KEY);
  assert.deepEqual([gop.packets, gop.sizeBytes, recycled], [1, 11, [1, 10, 2, 3]]);
  gop[Symbol.dispose]();
  assert.deepEqual([gop.isComplete, recycled.length], [false, 5]);
});

Deno.test("gop buffer: the frame of a skipped packet is buffered until the next keyframe", () => {
  const { buffer: gop, add, skip, account } = buffer();
  skip(1);
  assert.deepEqual(account(), { ...NOTHING, asleep: 1 }, "nothing is kept before a keyframe");
  add(10, KEY);
  skip(2);
  skip(3);
  assert.deepEqual(account(), { ...NOTHING, decoded: 1, asleep: 1, buffered: 2 });
  skip(11, KEY);
  assert.deepEqual(account(), { ...NOTHING, decoded: 1, asleep: 3, buffered: 1 });
  gop[Symbol.dispose]();
  assert.deepEqual(account(), { ...NOTHING, decoded: 1, asleep: 4 });
});

Deno.test("gop buffer: a decoder continues from where it is, and each frame is settled once", () => {
  const { buffer: gop, add, skip, replay, account, restartsWith } = buffer();
  add(10, KEY);
  add(2);
  gop.advance();
  assert.deepEqual(replay(), []);
  skip(3);
  skip(4, DISPOSABLE);
  skip(5);
  assert.equal(restartsWith(), null, "it need not be restarted");
  assert.deepEqual(replay(), ["3 buffered", "5 buffered"]);
  assert.deepEqual(account(), { ...NOTHING, decoded: 4, nonref: 1 });
  gop.rewind();
  assert.equal(restartsWith(), 10);
  assert.deepEqual(replay(), [10, 2, 3, 5].map((size) => `${size} settled`));
  add(11, KEY);
  assert.deepEqual(account(), { ...NOTHING, decoded: 5, nonref: 1 });
});

Deno.test("gop buffer: frames that an error keeps from being decoded are settled when they are discarded", () => {
  const { buffer: gop, ledger, add, skip, account } = buffer();
  add(10, KEY);
  for (const size of [2, 3, 4]) skip(size);
  gop.advance();
  gop.rewind();
  const decode = () =>
    gop.replay(({ packet }, frameState) => {
      if (packet.sizeBytes !== 3) return ledger.decoded(frameState);
      ledger.corrupt(frameState);
      throw new RangeError("rejected");
    });
  assert.throws(decode, RangeError);
  assert.deepEqual(account(), { ...NOTHING, decoded: 2, corrupt: 1, buffered: 1 });
  gop[Symbol.dispose]();
  assert.deepEqual(account(), { ...NOTHING, decoded: 2, corrupt: 1, asleep: 1 });
});

Deno.test("gop buffer: at the limit a decoder that has processed everything loses nothing", () => {
  const { buffer: gop, add, skip, replay, recycled, account, restartsWith } = buffer(20);
  add(10, KEY);
  add(10);
  gop.advance();
  assert.ok(gop.isFull);
  skip(1);
  assert.deepEqual([gop.isComplete, gop.isTruncated, gop.packets], [true, true, 1]);
  assert.deepEqual(recycled, [10, 10]);
  assert.equal(restartsWith(), null);
  assert.deepEqual(replay(), ["1 buffered"]);
  gop.rewind();
  assert.deepEqual([gop.isComplete, gop.packets], [false, 0], "only the decoder had the rest");
  add(5, KEY);
  assert.deepEqual([gop.isComplete, gop.isTruncated], [true, false]);
  assert.equal(account().decoded, 4);
});

Deno.test("gop buffer: at the limit a GOP with skipped packets is discarded, until the next keyframe", () => {
  const { buffer: gop, add, skip, recycled, account } = buffer(20);
  add(10, KEY);
  skip(10);
  skip(1);
  assert.deepEqual([gop.isComplete, gop.packets, recycled], [false, 0, [10, 10, 1]]);
  assert.deepEqual(account(), { ...NOTHING, decoded: 1, asleep: 2 });
  add(5, KEY);
  assert.ok(gop.isComplete);
});

Deno.test("gop buffer: without keyframes it starts with each recovery point", () => {
  const { buffer: gop, add } = buffer();
  add(10, RECOVERY);
  add(2);
  add(11, RECOVERY);
  assert.deepEqual([gop.packets, gop.sizeBytes], [1, 11]);
  add(20, KEY);
  add(12, RECOVERY);
  assert.deepEqual([gop.packets, gop.sizeBytes], [2, 32], "a keyframe is preferred");
  assert.ok(gop.isComplete);
});
