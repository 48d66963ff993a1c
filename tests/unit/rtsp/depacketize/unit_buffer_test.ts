import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { MAX_PRIMARY_BYTES, UnitBuffer } from "../../../../src/rtsp/depacketize/unit_buffer.ts";
import { joined, noise, seeded } from "../../../support/cameras/rtp/packets.ts";

const LIMIT_BYTES = 3 * MAX_PRIMARY_BYTES;
const SOURCE = noise(LIMIT_BYTES + 1, 1);
const PACKET_BYTES = 60_000;
const WALKS = 30;
const STEPS = 60;

/** The reference: a buffer that is copied with each step. */
class Model {
  bytes = new Uint8Array(0);
  isOverflown = false;

  append(more: Uint8Array | readonly number[], at = this.bytes.length): void {
    if (this.isOverflown) return;
    this.isOverflown = this.bytes.length + more.length > LIMIT_BYTES;
    this.bytes = this.isOverflown
      ? new Uint8Array(0)
      : joined([this.bytes.subarray(0, at), more, this.bytes.subarray(at)]);
  }
}

/** Applies one random operation to both. */
function step(buffer: UnitBuffer, model: Model, next: () => number): void {
  const upTo = (most: number) => Math.floor(next() * most);
  const kind = upTo(20);
  const at = upTo(model.bytes.length + 1);
  if (kind < 11) {
    const count = upTo(kind === 0 ? 2 * MAX_PRIMARY_BYTES : 6 * PACKET_BYTES);
    const start = upTo(1000);
    buffer.append(SOURCE, start, start + count);
    model.append(SOURCE.subarray(start, start + count));
  } else if (kind < 13) {
    buffer.appendByte(kind);
    model.append([kind]);
  } else if (kind < 15) {
    buffer.appendStartCode();
    model.append([0, 0, 0, 1]);
  } else if (kind < 16) {
    if (buffer.insert(at, 3)) buffer.bytes.fill(9, at, at + 3);
    model.append([9, 9, 9], at);
  } else if (kind < 17) {
    buffer.dropBefore(at);
    model.bytes = model.bytes.slice(at);
  } else if (kind < 18) {
    buffer.truncate(at);
    model.bytes = model.bytes.slice(0, at);
  } else if (kind < 19) {
    assert.ok(buffer.bytes.length >= buffer.length);
  } else {
    buffer.clear();
    model.bytes = new Uint8Array(0);
    model.isOverflown = false;
  }
}

Deno.test("rtsp: a unit buffer holds what was appended, of any size and by any operations", () => {
  for (let seed = 0; seed < WALKS; seed++) {
    const next = seeded(seed);
    const buffer = new UnitBuffer(LIMIT_BYTES);
    const model = new Model();
    for (let at = 0; at < STEPS; at++) {
      step(buffer, model, next);
      const where = `seed ${seed}, step ${at}`;
      assert.equal(buffer.isOverflown, model.isOverflown, where);
      assert.equal(buffer.length, model.bytes.length, where);
      assert.ok(buffer.capacity <= LIMIT_BYTES + MAX_PRIMARY_BYTES, where);
      // Not after each step, since the access moves the bytes.
      if (at % 4 !== 0) continue;
      assert.ok(equal(buffer.bytes.subarray(0, buffer.length), model.bytes), where);
    }
  }
});

/** A unit of a given size, in packets. */
function unit(buffer: UnitBuffer, sizeBytes: number): void {
  for (let at = 0; at < sizeBytes; at += PACKET_BYTES) {
    buffer.append(SOURCE, at, Math.min(sizeBytes, at + PACKET_BYTES));
  }
}

Deno.test("rtsp: the overflow memory of a large unit is freed with the next small one", () => {
  const buffer = new UnitBuffer(LIMIT_BYTES);
  for (let round = 0; round < 3; round++) {
    unit(buffer, LIMIT_BYTES);
    assert.equal(buffer.capacity, LIMIT_BYTES + MAX_PRIMARY_BYTES);
    assert.ok(equal(buffer.bytes.subarray(0, buffer.length), SOURCE.subarray(0, LIMIT_BYTES)));
    buffer.clear();
    unit(buffer, PACKET_BYTES);
    buffer.clear();
    assert.equal(buffer.capacity, MAX_PRIMARY_BYTES);
  }
});

Deno.test("rtsp: an oversized unit frees its overflow memory at once", () => {
  const buffer = new UnitBuffer(LIMIT_BYTES);
  unit(buffer, LIMIT_BYTES + 1);
  assert.ok(buffer.isOverflown);
  assert.equal(buffer.capacity, MAX_PRIMARY_BYTES);
});

Deno.test("rtsp: a unit buffer allocates no more than its limit, and nothing after release", () => {
  const buffer = new UnitBuffer(100_000);
  unit(buffer, 100_000);
  assert.equal(buffer.length, 100_000);
  assert.equal(buffer.capacity, 100_000);
  buffer.release();
  assert.equal(buffer.capacity, 0);
  unit(buffer, PACKET_BYTES);
  assert.ok(equal(buffer.bytes.subarray(0, buffer.length), SOURCE.subarray(0, PACKET_BYTES)));
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
