import { type RtpPacket, sequenceDelta } from "./packet.ts";
import {
  MAX_SEQUENCE_STEP,
  type PacketReceiver,
  type SequenceCounts,
  type Sequencer,
  zeroCounts,
} from "./sequencer.ts";

/** A repeated packet is one of the last so many: a step further back is a restart. */
const MAX_REPEATED_STEP = 64;

/**
 * For TCP, where packets arrive in order: delivers each at once and reports gaps, since cameras drop packets
 * when their send buffer is full.
 */
export class SequenceChecker implements Sequencer {
  readonly counts: SequenceCounts = zeroCounts();
  readonly dueMs = null;
  readonly #receiver: PacketReceiver;
  /** -1: any. */
  #next = -1;
  /** The sequence number that would confirm a step back as a restart, or -1. */
  #restart = -1;
  /** The number of the last foreign packet, if it was the next one; else -1. */
  #foreign = -1;

  constructor(receiver: PacketReceiver) {
    this.#receiver = receiver;
  }

  push(packet: RtpPacket): void {
    const { sequence } = packet;
    if (sequence === this.#foreign) this.#next = sequence;
    this.#foreign = -1;
    const ahead = this.#next < 0 ? 0 : sequenceDelta(this.#next, sequence);
    // A step back has dropped the first packet of the restarted stream.
    const isConfirmed = sequence === this.#restart;
    const isRestart = isConfirmed || ahead > MAX_SEQUENCE_STEP || ahead < -MAX_REPEATED_STEP;
    // Some cameras send empty packets with numbers of their own.
    if (isRestart && packet.payloadStart === packet.payloadEnd) return;
    if (ahead < 0 && !isRestart) return this.#stepBack(sequence, ahead);
    this.#restart = -1;
    this.#next = (sequence + 1) & 0xffff;
    if (ahead !== 0) {
      if (isRestart) this.counts.restarts++;
      else this.counts.lost += ahead;
      this.#receiver.onGap(isConfirmed ? 1 : isRestart ? 0 : ahead);
    }
    this.#receiver.onPacket(packet);
  }

  /** Some cameras give the number of a foreign packet to the next one as well. */
  pushForeign({ sequence }: RtpPacket): void {
    if (sequence !== this.#next) return;
    this.#foreign = sequence;
    this.#next = (sequence + 1) & 0xffff;
  }

  /** Drops a repeated packet. Two consecutive ones are a restart. */
  #stepBack(sequence: number, ahead: number): void {
    this.#restart = (sequence + 1) & 0xffff;
    if (ahead === -1) this.counts.duplicates++;
    else this.counts.late++;
  }

  expire(): void {
    // No packets are buffered.
  }

  reset(): void {
    this.#next = -1;
    this.#restart = -1;
    this.#foreign = -1;
  }
}
