import fc from "fast-check";
import assert from "node:assert/strict";
import { steadyMs } from "../../../../src/core/clock.ts";
import { RtpPacket } from "../../../../src/rtsp/rtp/packet.ts";
import {
  REORDER_DEPTH,
  REORDER_WAIT_MS,
  ReorderBuffer,
} from "../../../../src/rtsp/rtp/reorder_buffer.ts";
import { SequenceChecker } from "../../../../src/rtsp/rtp/sequence_checker.ts";
import type { Sequencer } from "../../../../src/rtsp/rtp/sequencer.ts";
import { packetBytes } from "../../../support/cameras/rtp/packets.ts";

/** The delivered sequence numbers, and gaps as `-n`. */
class Line {
  readonly out: (number | string)[] = [];
  readonly sequencer: Sequencer;
  readonly #packet = new RtpPacket();
  /** Packets are read into one buffer, which the next one overwrites. */
  readonly #bytes = new Uint8Array(8192);

  constructor(make: new (receiver: Line) => Sequencer) {
    this.sequencer = new make(this);
  }

  push(sequences: readonly number[], nowMs = 0, payloadBytes = 2): this {
    for (const number of sequences) {
      const sequence = number & 0xffff;
      const payload = new Uint8Array(payloadBytes).fill(sequence & 0xff);
      const bytes = packetBytes({ payload, timestamp: 0, marker: false, sequence });
      this.#bytes.set(bytes, 5);
      assert.ok(this.#packet.parse(this.#bytes, 5, bytes.length));
      this.sequencer.push(this.#packet, steadyMs(nowMs));
    }
    return this;
  }

  pushForeign(number: number): this {
    const sequence = number & 0xffff;
    const payload = Uint8Array.of(sequence & 0xff);
    const bytes = packetBytes({ payload, timestamp: 0, marker: false, sequence, payloadType: 112 });
    assert.ok(this.#packet.parse(bytes, 0, bytes.length));
    this.sequencer.pushForeign(this.#packet, steadyMs(0));
    return this;
  }

  onPacket(packet: RtpPacket): void {
    const { bytes, payloadStart, payloadEnd } = packet;
    for (let at = payloadStart; at < payloadEnd; at++) {
      assert.equal(bytes[at], packet.sequence & 0xff, "the payload is that packet's own");
    }
    this.out.push(packet.sequence);
  }

  onGap(lost: number): void {
    this.out.push(`-${lost}`);
  }

  get counts() {
    return this.sequencer.counts;
  }
}

function run(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (from + index) & 0xffff);
}

Deno.test("rtsp: packets in order are delivered at once, also across the wrap", () => {
  for (const make of [ReorderBuffer, SequenceChecker]) {
    const line = new Line(make).push(run(65530, 20));
    assert.deepEqual(line.out, run(65530, 20));
    assert.equal(line.sequencer.dueMs, null);
  }
});

Deno.test("rtsp: a packet of another type fills its place in the order, and no other", () => {
  const numbers = run(65530, 20);
  const isForeign = (number: number) => number % 3 === 0;
  const own = numbers.filter((number) => !isForeign(number));
  for (const make of [ReorderBuffer, SequenceChecker]) {
    const line = new Line(make);
    for (const number of numbers) {
      if (isForeign(number)) line.pushForeign(number).pushForeign(number + 5000);
      else line.push([number]);
    }
    assert.deepEqual(line.out.filter((number) => own.includes(Number(number))), own);
    assert.ok(!line.out.includes("-1") && !line.out.includes("-0"), "no gap is reported");
    assert.deepEqual(line.counts, { lost: 0, duplicates: 0, late: 0, restarts: 0 });
  }
});

Deno.test("rtsp: reordered packets are delivered in order, whatever the order within the depth", () => {
  const places = fc.array(fc.integer({ min: 0, max: REORDER_DEPTH - 2 }), {
    minLength: 1,
    maxLength: 100,
  });
  fc.assert(fc.property(places, fc.integer({ min: 0, max: 0xffff }), (late, first) => {
    const order = late.map((places, index) => ({ index, at: index + places + 0.5 }));
    const sent = order.toSorted((a, b) => a.at - b.at).map(({ index }) => first + 1 + index);
    const line = new Line(ReorderBuffer).push([first, ...sent]);
    assert.deepEqual(line.out, run(first, late.length + 1));
    assert.deepEqual(line.counts, { lost: 0, duplicates: 0, late: 0, restarts: 0 });
  }));
});

Deno.test("rtsp: a missing packet is skipped after the maximum wait, and then counts as late", () => {
  const line = new Line(ReorderBuffer).push([1, 2], 0).push([5, 4], 10);
  assert.equal(line.sequencer.dueMs, 10 + REORDER_WAIT_MS);
  line.sequencer.expire(steadyMs(9 + REORDER_WAIT_MS));
  assert.deepEqual(line.out, [1, 2]);
  line.sequencer.expire(steadyMs(10 + REORDER_WAIT_MS));
  assert.deepEqual(line.out, [1, 2, "-1", 4, 5]);
  assert.equal(line.sequencer.dueMs, null);
  line.push([3], 80).push([6], 80);
  assert.deepEqual(line.out.slice(5), [6]);
  assert.deepEqual(line.counts, { lost: 1, duplicates: 0, late: 1, restarts: 0 });
});

Deno.test("rtsp: a missing packet that arrives at the last moment is in time", () => {
  const line = new Line(ReorderBuffer).push([1, 3], 0).push([2], REORDER_WAIT_MS + 5);
  assert.deepEqual(line.out, [1, 2, 3]);
});

Deno.test("rtsp: a missing packet is skipped when the buffer is full", () => {
  const line = new Line(ReorderBuffer).push([10, ...run(12, REORDER_DEPTH - 1)]);
  assert.deepEqual(line.out, [10]);
  line.push([11 + REORDER_DEPTH]);
  assert.deepEqual(line.out, [10, "-1", ...run(12, REORDER_DEPTH)]);
});

Deno.test("rtsp: of a long gap, no more than the buffer's depth is awaited", () => {
  const line = new Line(ReorderBuffer).push([10, 500]);
  const skipped = 500 - 11 - REORDER_DEPTH + 1;
  assert.deepEqual(line.out, [10, `-${skipped}`]);
  line.sequencer.expire(steadyMs(REORDER_WAIT_MS));
  assert.deepEqual(line.out, [10, `-${skipped}`, `-${REORDER_DEPTH - 1}`, 500]);
  assert.equal(line.counts.lost, 489);
});

Deno.test("rtsp: duplicate packets are delivered once", () => {
  const line = new Line(ReorderBuffer).push([1, 1, 2, 4, 4, 3, 4, 5]);
  assert.deepEqual(line.out, [1, 2, 3, 4, 5]);
  assert.equal(line.counts.duplicates, 3);
});

Deno.test("rtsp: two consecutive numbers far off are a restart, a single one is a stray", () => {
  const line = new Line(ReorderBuffer).push([1, 2, 4, 40000, 3, 5]);
  assert.deepEqual(line.out, [1, 2, 3, 4, 5]);
  line.push([7, 20000, 20001, 20002]);
  assert.deepEqual(line.out.slice(5), ["-1", 7, "-0", 20001, 20002]);
  assert.equal(line.counts.restarts, 1);
});

Deno.test("rtsp: a restart a bit further back is detected after some packets", () => {
  const line = new Line(ReorderBuffer).push([1000, 1001, ...run(500, REORDER_DEPTH + 10)]);
  const passed = line.out.slice(2);
  assert.deepEqual(passed[0], "-0");
  assert.equal(line.out.at(-1), 500 + REORDER_DEPTH + 9);
  assert.equal(line.counts.restarts, 1);
});

Deno.test("rtsp: a packet larger than a slot is buffered", () => {
  const line = new Line(ReorderBuffer).push([1], 0).push([3], 0, 5000).push([2]);
  assert.deepEqual(line.out, [1, 2, 3]);
});

Deno.test("rtsp: reset drops buffered packets and restarts at any number", () => {
  const line = new Line(ReorderBuffer).push([1, 3, 4]);
  line.sequencer.reset();
  assert.deepEqual(line.push([9, 10]).out, [1, 9, 10]);
});

Deno.test("rtsp: over TCP a step ahead is a gap, a large one a restart", () => {
  const line = new Line(SequenceChecker).push([5, 6, 9, 10, 40000, 40001]);
  assert.deepEqual(line.out, [5, 6, "-2", 9, 10, "-0", 40000, 40001]);
  assert.deepEqual(line.counts, { lost: 2, duplicates: 0, late: 0, restarts: 1 });
});

Deno.test("rtsp: over TCP a repeated packet is dropped, two consecutive ones are a restart", () => {
  const line = new Line(SequenceChecker).push([5, 6, 6, 4, 7, 8]);
  assert.deepEqual(line.out, [5, 6, 7, 8]);
  assert.deepEqual(line.counts, { lost: 0, duplicates: 1, late: 1, restarts: 0 });
  line.push([0, 1, 2]);
  assert.deepEqual(line.out.slice(4), ["-1", 1, 2]);
  line.sequencer.reset();
  assert.deepEqual(line.push([700]).out.slice(7), [700]);
});
