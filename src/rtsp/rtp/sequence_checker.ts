import { type RtpPacket, sequenceDelta } from "./packet.ts";
import {
  MAX_SEQUENCE_STEP,
  type PacketReceiver,
  type SequenceCounts,
  type Sequencer,
  zeroCounts,
} from "./sequencer.ts";

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

  pushForeign({ sequence }: RtpPacket): void {
    if (sequence === this.#next) this.#next = (sequence + 1) & 0xffff;
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
  }
}
