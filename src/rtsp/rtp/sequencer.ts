/** Packets in the order of their sequence numbers, and how many are missing. */
import { CLOCK_START, plusMs, type SteadyMs } from "../../core/clock.ts";
import { LifecycleError } from "../../core/errors.ts";
import { RtpPacket, sequenceDelta } from "./packet.ts";

/**
 * How far a packet may be ahead of one that is missing; when one comes that is further ahead, the missing
 * one is given up. A power of two.
 */
export const REORDER_DEPTH = 32;
/** How long they wait for it. */
export const REORDER_WAIT_MS = 60;
/** A packet that waits gets so much memory, or what it needs: a datagram is never larger than 64 KiB. */
const SLOT_BYTES = 2048;
/** A step of the sequence numbers that is larger, either way, is a stream that starts again. */
export const MAX_SEQUENCE_STEP = 3000;

/** Where packets go. */
export interface PacketReceiver {
  /** The next packet, in order. Its bytes are valid until the call returns. */
  onPacket(packet: RtpPacket): void;
  /** So many packets before the next one are missing: 0 where the stream has started again. */
  onGap(lost: number): void;
}

/** What came of the packets so far. */
export interface SequenceCounts {
  /** Packets that never came, or came too late. */
  lost: number;
  /** Packets that came twice. */
  duplicates: number;
  /** Packets that came after they had been given up, or out of order over TCP. */
  late: number;
  /** Times that the numbers started again somewhere else. */
  restarts: number;
}

/** Follows sequence numbers: puts in order, or only checks. */
export interface Sequencer {
  readonly counts: Readonly<SequenceCounts>;
  /** Takes a packet; those whose turn it is go to the receiver before it returns. */
  push(packet: RtpPacket, nowMs: SteadyMs): void;
  /** Gives up what has been waited for too long. */
  expire(nowMs: SteadyMs): void;
  /** When {@link expire} is due next, or null: nothing waits. */
  readonly dueMs: SteadyMs | null;
  /** Drops what waits, and begins with whatever number comes next. */
  reset(): void;
}

function zeroCounts(): SequenceCounts {
  return { lost: 0, duplicates: 0, late: 0, restarts: 0 };
}

/**
 * For TCP, where packets come in order: passes all of them on and says where some are missing, as
 * cameras drop packets when their own buffer is full.
 */
export class SequenceChecker implements Sequencer {
  readonly counts: SequenceCounts = zeroCounts();
  readonly dueMs = null;
  readonly #receiver: PacketReceiver;
  /** -1: whatever comes. */
  #next = -1;
  /** The number that would confirm that a step back was a restart, or -1. */
  #restart = -1;

  constructor(receiver: PacketReceiver) {
    this.#receiver = receiver;
  }

  push(packet: RtpPacket): void {
    const { sequence } = packet;
    const ahead = this.#next < 0 ? 0 : sequenceDelta(this.#next, sequence);
    const isRestart = sequence === this.#restart || Math.abs(ahead) > MAX_SEQUENCE_STEP;
    if (ahead < 0 && !isRestart) return this.#stepBack(sequence, ahead);
    this.#restart = -1;
    this.#next = (sequence + 1) & 0xffff;
    if (ahead !== 0) {
      if (isRestart) this.counts.restarts++;
      else this.counts.lost += ahead;
      this.#receiver.onGap(isRestart ? 0 : ahead);
    }
    this.#receiver.onPacket(packet);
  }

  /** One packet is sent once more: what it holds has had its turn. Two in a row are a restart. */
  #stepBack(sequence: number, ahead: number): void {
    this.#restart = (sequence + 1) & 0xffff;
    if (ahead === -1) this.counts.duplicates++;
    else this.counts.late++;
  }

  expire(): void {
    // Nothing waits.
  }

  reset(): void {
    this.#next = -1;
    this.#restart = -1;
  }
}

/** A packet that waits. */
interface Slot {
  bytes: Uint8Array<ArrayBuffer>;
  /** 0: free. */
  length: number;
  arrivedMs: SteadyMs;
}

/**
 * For UDP: keeps packets that come before their turn, in memory of its own that is used again. A packet
 * that is still missing when the buffer is full or `maxWaitMs` have passed is given up.
 */
export class ReorderBuffer implements Sequencer {
  readonly counts: SequenceCounts = zeroCounts();
  readonly #receiver: PacketReceiver;
  readonly #maxWaitMs: number;
  /** The packet with number n waits in the slot n modulo the depth; a length of 0 is a free slot. */
  readonly #slots: readonly Slot[];
  readonly #released = new RtpPacket();
  #next = -1;
  #waiting = 0;
  /** The number that would confirm a restart, or -1. */
  #restart = -1;
  /** So many late packets in a row are no late ones: the stream has started again a bit further back. */
  #lateInRow = 0;

  constructor(receiver: PacketReceiver, maxWaitMs: number = REORDER_WAIT_MS) {
    this.#receiver = receiver;
    this.#maxWaitMs = maxWaitMs;
    this.#slots = Array.from({ length: REORDER_DEPTH }, () => ({
      bytes: new Uint8Array(SLOT_BYTES),
      length: 0,
      arrivedMs: CLOCK_START,
    }));
  }

  push(packet: RtpPacket, nowMs: SteadyMs): void {
    if (this.#next < 0) this.#next = packet.sequence;
    // What is missing may come at the last moment.
    if (packet.sequence !== this.#next) this.expire(nowMs);
    const ahead = sequenceDelta(this.#next, packet.sequence);
    if (Math.abs(ahead) > MAX_SEQUENCE_STEP || this.#lateInRow >= REORDER_DEPTH) {
      return this.#restartAt(packet);
    }
    this.#restart = -1;
    if (ahead < 0) return this.#tooLate(ahead);
    this.#lateInRow = 0;
    if (ahead === 0) this.#pass(packet);
    else this.#keep(packet, ahead, nowMs);
  }

  expire(nowMs: SteadyMs): void {
    for (let due = this.dueMs; due !== null && nowMs >= due; due = this.dueMs) this.#giveUp();
  }

  get dueMs(): SteadyMs | null {
    const oldest = this.#oldest();
    return oldest === null ? null : plusMs(oldest, this.#maxWaitMs);
  }

  reset(): void {
    for (const slot of this.#slots) slot.length = 0;
    this.#waiting = 0;
    this.#next = -1;
    this.#restart = -1;
    this.#lateInRow = 0;
  }

  /** A packet whose turn is over. */
  #tooLate(ahead: number): void {
    this.#lateInRow++;
    // The newest that was passed on cannot have been given up.
    if (ahead === -1) this.counts.duplicates++;
    else this.counts.late++;
  }

  #pass(packet: RtpPacket): void {
    this.#next = (packet.sequence + 1) & 0xffff;
    this.#receiver.onPacket(packet);
    this.#passWaiting();
  }

  /** Copies a packet that comes before its turn, after making room for it. */
  #keep(packet: RtpPacket, ahead: number, nowMs: SteadyMs): void {
    let distance = ahead;
    while (distance >= REORDER_DEPTH && this.#waiting > 0) {
      this.#giveUp();
      distance = sequenceDelta(this.#next, packet.sequence);
    }
    if (distance >= REORDER_DEPTH) {
      this.#skip(distance - REORDER_DEPTH + 1);
      distance = REORDER_DEPTH - 1;
    }
    if (distance <= 0) return this.#pass(packet);
    const slot = this.#slot(packet.sequence);
    if (slot.length > 0) {
      this.counts.duplicates++;
      return;
    }
    const length = packet.end - packet.start;
    if (slot.bytes.length < length) slot.bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) slot.bytes[at] = packet.bytes[packet.start + at] ?? 0;
    slot.length = length;
    slot.arrivedMs = nowMs;
    this.#waiting++;
  }

  /** Gives up every packet before the next one that waits. */
  #giveUp(): void {
    let missing = 0;
    while (this.#slot(this.#next + missing).length === 0) missing++;
    this.#skip(missing);
    this.#passWaiting();
  }

  #skip(count: number): void {
    this.#next = (this.#next + count) & 0xffff;
    this.counts.lost += count;
    this.#receiver.onGap(count);
  }

  /** Passes on what waits up to the next one that is missing. */
  #passWaiting(): void {
    while (this.#waiting > 0) {
      const slot = this.#slot(this.#next);
      if (slot.length === 0) return;
      const { length } = slot;
      slot.length = 0;
      this.#waiting--;
      this.#next = (this.#next + 1) & 0xffff;
      if (this.#released.parse(slot.bytes, 0, length)) this.#receiver.onPacket(this.#released);
    }
  }

  /** One stray packet changes nothing; when the one after it comes, the stream has started again. */
  #restartAt(packet: RtpPacket): void {
    if (packet.sequence !== this.#restart) {
      this.#restart = (packet.sequence + 1) & 0xffff;
      this.counts.late++;
      return;
    }
    while (this.#waiting > 0) this.#giveUp();
    this.counts.restarts++;
    this.#restart = -1;
    this.#lateInRow = 0;
    this.#next = packet.sequence;
    this.#receiver.onGap(0);
    this.#pass(packet);
  }

  #oldest(): SteadyMs | null {
    if (this.#waiting === 0) return null;
    let oldest: SteadyMs | null = null;
    for (const { length, arrivedMs } of this.#slots) {
      if (length > 0 && (oldest === null || arrivedMs < oldest)) oldest = arrivedMs;
    }
    return oldest;
  }

  #slot(sequence: number): Slot {
    const slot = this.#slots[sequence & (REORDER_DEPTH - 1)];
    if (slot === undefined) throw new LifecycleError("a slot of the reorder buffer is missing");
    return slot;
  }
}
