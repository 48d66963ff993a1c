import { CLOCK_START, plusMs, type SteadyMs } from "../../core/clock.ts";
import { LifecycleError } from "../../core/errors.ts";
import { RtpPacket, sequenceDelta } from "./packet.ts";
import {
  MAX_SEQUENCE_STEP,
  type PacketReceiver,
  type SequenceCounts,
  type Sequencer,
  zeroCounts,
} from "./sequencer.ts";

/**
 * The most sequence numbers that a packet may be ahead of a missing one; when one arrives further ahead, the
 * missing one is skipped. A power of two.
 */
export const REORDER_DEPTH = 32;
/** How long to wait for a missing packet. */
export const REORDER_WAIT_MS = 60;
/** Initial memory of a slot; it grows to the packet's size: a datagram is at most 64 KiB. */
const SLOT_BYTES = 2048;

/** A buffered packet. */
interface Slot {
  bytes: Uint8Array<ArrayBuffer>;
  /** 0: free. */
  length: number;
  arrivedAt: SteadyMs;
}

/**
 * For UDP: buffers packets that arrive early, in reused memory. A packet that is still missing when the
 * buffer is full or `maxWaitMs` have passed is skipped.
 */
export class ReorderBuffer implements Sequencer {
  readonly counts: SequenceCounts = zeroCounts();
  readonly #receiver: PacketReceiver;
  readonly #maxWaitMs: number;
  /** Sequence number n is in slot n modulo the depth. */
  readonly #slots: readonly Slot[];
  readonly #delivered = new RtpPacket();
  #next = -1;
  #buffered = 0;
  /** The sequence number that would confirm a restart, or -1. */
  #restart = -1;
  /** The number of the last foreign packet, if that was delivered at once; else -1. */
  #foreign = -1;
  /** Consecutive late packets; many mean that the stream has restarted a bit further back. */
  #consecutiveLate = 0;

  constructor(receiver: PacketReceiver, maxWaitMs: number = REORDER_WAIT_MS) {
    this.#receiver = receiver;
    this.#maxWaitMs = maxWaitMs;
    this.#slots = Array.from({ length: REORDER_DEPTH }, () => ({
      bytes: new Uint8Array(SLOT_BYTES),
      length: 0,
      arrivedAt: CLOCK_START,
    }));
  }

  push(packet: RtpPacket, nowMs: SteadyMs): void {
    const isRepeated = packet.sequence === this.#foreign;
    this.#foreign = -1;
    // Some cameras give the number of a foreign packet to the next one as well.
    if (isRepeated && sequenceDelta(this.#next, packet.sequence) === -1) {
      return this.#receiver.onPacket(packet);
    }
    if (this.#next < 0) this.#next = packet.sequence;
    // The missing packet itself may arrive at the last moment.
    if (packet.sequence !== this.#next) this.expire(nowMs);
    const ahead = sequenceDelta(this.#next, packet.sequence);
    if (Math.abs(ahead) > MAX_SEQUENCE_STEP || this.#consecutiveLate >= REORDER_DEPTH) {
      return this.#restartAt(packet);
    }
    this.#restart = -1;
    if (ahead < 0) return this.#countLate(ahead);
    this.#consecutiveLate = 0;
    if (ahead === 0) this.#deliver(packet);
    else this.#buffer(packet, ahead, nowMs);
  }

  pushForeign(packet: RtpPacket, nowMs: SteadyMs): void {
    const ahead = this.#next < 0 ? -1 : sequenceDelta(this.#next, packet.sequence);
    if (ahead < 0 || ahead >= REORDER_DEPTH) return;
    this.push(packet, nowMs);
    if (ahead === 0) this.#foreign = packet.sequence;
  }

  expire(nowMs: SteadyMs): void {
    for (let due = this.dueMs; due !== null && nowMs >= due; due = this.dueMs) this.#skipMissing();
  }

  get dueMs(): SteadyMs | null {
    const oldest = this.#oldest();
    return oldest === null ? null : plusMs(oldest, this.#maxWaitMs);
  }

  reset(): void {
    for (const slot of this.#slots) slot.length = 0;
    this.#buffered = 0;
    this.#next = -1;
    this.#restart = -1;
    this.#foreign = -1;
    this.#consecutiveLate = 0;
  }

  /** Counts a packet that was delivered or skipped before. */
  #countLate(ahead: number): void {
    this.#consecutiveLate++;
    // The newest delivered packet cannot have been skipped.
    if (ahead === -1) this.counts.duplicates++;
    else this.counts.late++;
  }

  #deliver(packet: RtpPacket): void {
    this.#next = (packet.sequence + 1) & 0xffff;
    this.#receiver.onPacket(packet);
    this.#deliverBuffered();
  }

  /** Copies a packet that is early, after making room for it. */
  #buffer(packet: RtpPacket, ahead: number, nowMs: SteadyMs): void {
    let distance = ahead;
    while (distance >= REORDER_DEPTH && this.#buffered > 0) {
      this.#skipMissing();
      distance = sequenceDelta(this.#next, packet.sequence);
    }
    if (distance >= REORDER_DEPTH) {
      this.#skip(distance - REORDER_DEPTH + 1);
      distance = REORDER_DEPTH - 1;
    }
    if (distance <= 0) return this.#deliver(packet);
    const slot = this.#slot(packet.sequence);
    if (slot.length > 0) {
      this.counts.duplicates++;
      return;
    }
    const length = packet.end - packet.start;
    if (slot.bytes.length < length) slot.bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) slot.bytes[at] = packet.bytes[packet.start + at] ?? 0;
    slot.length = length;
    slot.arrivedAt = nowMs;
    this.#buffered++;
  }

  /** Skips the missing packets before the next buffered one. */
  #skipMissing(): void {
    let missing = 0;
    while (this.#slot(this.#next + missing).length === 0) missing++;
    this.#skip(missing);
    this.#deliverBuffered();
  }

  #skip(count: number): void {
    this.#next = (this.#next + count) & 0xffff;
    this.counts.lost += count;
    this.#receiver.onGap(count);
  }

  /** Delivers buffered packets up to the next missing one. */
  #deliverBuffered(): void {
    while (this.#buffered > 0) {
      const slot = this.#slot(this.#next);
      if (slot.length === 0) return;
      const { length } = slot;
      slot.length = 0;
      this.#buffered--;
      this.#next = (this.#next + 1) & 0xffff;
      if (this.#delivered.parse(slot.bytes, 0, length)) this.#receiver.onPacket(this.#delivered);
    }
  }

  /** Ignores a single stray packet; restarts the stream when its successor arrives. */
  #restartAt(packet: RtpPacket): void {
    if (packet.sequence !== this.#restart) {
      this.#restart = (packet.sequence + 1) & 0xffff;
      this.counts.late++;
      return;
    }
    while (this.#buffered > 0) this.#skipMissing();
    this.counts.restarts++;
    this.#restart = -1;
    this.#consecutiveLate = 0;
    this.#next = packet.sequence;
    this.#receiver.onGap(0);
    this.#deliver(packet);
  }

  #oldest(): SteadyMs | null {
    if (this.#buffered === 0) return null;
    let oldest: SteadyMs | null = null;
    for (const { length, arrivedAt } of this.#slots) {
      if (length > 0 && (oldest === null || arrivedAt < oldest)) oldest = arrivedAt;
    }
    return oldest;
  }

  #slot(sequence: number): Slot {
    const slot = this.#slots[sequence & (REORDER_DEPTH - 1)];
    if (slot === undefined) throw new LifecycleError("a slot of the reorder buffer is missing");
    return slot;
  }
}
