/** Delivers packets in the order of their sequence numbers, and counts missing ones. */
import type { SteadyMs } from "../../core/clock.ts";
import type { RtpPacket } from "./packet.ts";

/** A larger step of the sequence numbers, in either direction, is a restart of the stream. */
export const MAX_SEQUENCE_STEP = 3000;

/** Receives packets and gaps, in order. */
export interface PacketReceiver {
  /** The next packet. Its bytes are valid until the call returns. */
  onPacket(packet: RtpPacket): void;
  /** `lost` packets before the next one are missing; 0: the numbers go on elsewhere. */
  onGap(lost: number): void;
}

/** Counts of packets. */
export interface SequenceCounts {
  /** Packets that did not arrive, or arrived late. */
  lost: number;
  /** Packets that arrived twice. */
  duplicates: number;
  /** Packets that arrived after they were skipped, or out of order over TCP. */
  late: number;
  /** Restarts of the stream at another sequence number. */
  restarts: number;
}

/** Follows the sequence numbers of one stream: reorders packets, or only checks them. */
export interface Sequencer {
  readonly counts: Readonly<SequenceCounts>;
  /** Adds a packet. Delivers packets that are in order before it returns. */
  push(packet: RtpPacket, nowMs: SteadyMs): void;
  /**
   * Adds a packet of the same source that is not to be played. It fills its place in the order if it has
   * one; over UDP it is delivered like others.
   */
  pushForeign(packet: RtpPacket, nowMs: SteadyMs): void;
  /** Skips missing packets whose waiting time is over. */
  expire(nowMs: SteadyMs): void;
  /** When {@link expire} is due; null: no packet is buffered. */
  readonly dueMs: SteadyMs | null;
  /** Drops buffered packets, and restarts with the next sequence number. */
  reset(): void;
}

export function zeroCounts(): SequenceCounts {
  return { lost: 0, duplicates: 0, late: 0, restarts: 0 };
}
