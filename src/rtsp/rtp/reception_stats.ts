/** What came of a source's packets, for receiver reports (RFC 3550 6.4.1, A.1, A.3, A.8). */
import type { SteadyMs } from "../../core/clock.ts";
import type { RtpPacket } from "./packet.ts";
import type { ReceiverReport, SenderReport } from "./rtcp.ts";

const SEQUENCES = 1 << 16;
/** A step ahead by more is no loss, a step back by more no reordering (A.1). */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
/** Parts of a second in which delays are counted (6.4.1). */
const DELAY_UNITS_PER_MS = 65.536;

/** Counts the packets of one source. */
export class ReceptionStats {
  /** Packets of it. */
  received = 0;
  readonly #clockRate: number;
  /** -1: none came yet. */
  #base = -1;
  #highest = 0;
  #cycles = 0;
  /** The sequence number that would confirm a restart, or -1. */
  #restart = -1;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #transit = 0;
  #jitter = 0;
  #lastSr = 0;
  #lastSrAtMs: SteadyMs | null = null;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** Counts a packet that came at `nowMs`, in whatever order. */
  packet(packet: RtpPacket, nowMs: SteadyMs): void {
    const { sequence } = packet;
    if (this.#base < 0 || sequence === this.#restart) this.#begin(packet, nowMs);
    else if (!this.#accept(sequence)) return;
    this.received++;
    this.#measure(packet, nowMs);
  }

  /** Remembers a sender report that came at `nowMs`, for the next receiver report. */
  senderReport(report: SenderReport, nowMs: SteadyMs): void {
    this.#lastSr = report.ntpMiddle;
    this.#lastSrAtMs = nowMs;
  }

  /** The highest sequence number, with the count of its wraps above it, 32 bits. */
  get highestSequence(): number {
    return (this.#cycles * SEQUENCES + this.#highest) % 2 ** 32;
  }

  /** Packets lost since the start; negative where some came twice. */
  get lost(): number {
    return this.#expected() - this.received;
  }

  /** Deviation of the time between packets, in ticks of the clock rate (A.8). */
  get jitter(): number {
    return Math.floor(this.#jitter / 16);
  }

  /**
   * The report at `nowMs`. The next one's lost fraction counts from here.
   * @param sources  the receiver's own source identifier, and the sender's
   */
  report(
    sources: Pick<ReceiverReport, "ssrc" | "source">,
    nowMs: SteadyMs,
  ): ReceiverReport {
    const expected = this.#expected() - this.#expectedBefore;
    const lost = expected - (this.received - this.#receivedBefore);
    this.#expectedBefore += expected;
    this.#receivedBefore = this.received;
    return {
      ...sources,
      fractionLost: expected <= 0 || lost <= 0
        ? 0
        : Math.min(255, Math.floor(lost * 256 / expected)),
      cumulativeLost: this.lost,
      highestSequence: this.highestSequence,
      jitter: this.jitter,
      lastSr: this.#lastSr,
      delaySinceLastSr: this.#lastSrAtMs === null
        ? 0
        : Math.round(Math.max(0, nowMs - this.#lastSrAtMs) * DELAY_UNITS_PER_MS) % 2 ** 32,
    };
  }

  #expected(): number {
    return this.#base < 0 ? 0 : this.#cycles * SEQUENCES + this.#highest - this.#base + 1;
  }

  #begin(packet: RtpPacket, nowMs: SteadyMs): void {
    this.#base = packet.sequence;
    this.#highest = packet.sequence;
    this.#cycles = 0;
    this.#restart = -1;
    this.received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#jitter = 0;
    this.#transit = this.#transitOf(packet, nowMs);
  }

  /**
   * Moves the highest sequence number on. A number far off counts for nothing until the one after it
   * comes: then the source has started again, and so does the count.
   */
  #accept(sequence: number): boolean {
    const ahead = (sequence - this.#highest + SEQUENCES) % SEQUENCES;
    const isFarOff = ahead >= MAX_DROPOUT && ahead <= SEQUENCES - MAX_MISORDER;
    this.#restart = isFarOff ? (sequence + 1) % SEQUENCES : -1;
    if (ahead < MAX_DROPOUT) {
      if (sequence < this.#highest) this.#cycles++;
      this.#highest = sequence;
    }
    return !isFarOff;
  }

  #transitOf(packet: RtpPacket, nowMs: SteadyMs): number {
    const arrival = Math.round(nowMs * this.#clockRate / 1000) % 2 ** 32;
    return (arrival - packet.timestamp) | 0;
  }

  #measure(packet: RtpPacket, nowMs: SteadyMs): void {
    const transit = this.#transitOf(packet, nowMs);
    const difference = Math.abs((transit - this.#transit) | 0);
    this.#transit = transit;
    this.#jitter += difference - Math.floor((this.#jitter + 8) / 16);
  }
}
