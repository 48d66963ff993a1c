import type { SteadyMs } from "../../core/clock.ts";
import type { RtpPacket } from "./packet.ts";
import type { ReceiverReport, SenderReport } from "./rtcp.ts";

const SEQUENCES = 1 << 16;
/** A larger step ahead is no loss, a larger step back no reordering (A.1). */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
/** Units of DLSR, 1/65536 s, per millisecond (6.4.1). */
const DELAY_UNITS_PER_MS = 65.536;

/** Reception statistics of one source, for receiver reports (RFC 3550 6.4.1, A.1, A.3, A.8). */
export class ReceptionStats {
  /** Packets received. */
  received = 0;
  readonly #clockRate: number;
  /** -1: none received yet. */
  #base = -1;
  #highest = 0;
  #cycles = 0;
  /** The sequence number that would confirm a restart, or -1. */
  #restart = -1;
  #reportedExpected = 0;
  #reportedReceived = 0;
  #transit = 0;
  #jitter = 0;
  #lastSr = 0;
  #lastSrAtMs: SteadyMs | null = null;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** Counts a packet that arrived at `nowMs`, in any order. */
  packet(packet: RtpPacket, nowMs: SteadyMs): void {
    const { sequence } = packet;
    if (this.#base < 0 || sequence === this.#restart) this.#begin(packet, nowMs);
    else if (!this.#accept(sequence)) return;
    this.received++;
    this.#measure(packet, nowMs);
  }

  /** Records a sender report that arrived at `nowMs`, for the next receiver report. */
  senderReport(report: SenderReport, nowMs: SteadyMs): void {
    this.#lastSr = report.ntpMiddle;
    this.#lastSrAtMs = nowMs;
  }

  /** The extended highest sequence number, 32 bits. */
  get highestSequence(): number {
    return (this.#cycles * SEQUENCES + this.#highest) % 2 ** 32;
  }

  /** Packets lost since the start; negative if duplicates outnumber losses. */
  get lost(): number {
    return this.#expected() - this.received;
  }

  /** Interarrival jitter in ticks of the clock rate (A.8). */
  get jitter(): number {
    return Math.floor(this.#jitter / 16);
  }

  /**
   * The report at `nowMs`. The lost fraction of the next one is counted from here.
   * @param ssrcs  the SSRCs of the receiver and of the sender
   */
  report(
    ssrcs: Pick<ReceiverReport, "ssrc" | "source">,
    nowMs: SteadyMs,
  ): ReceiverReport {
    const expected = this.#expected() - this.#reportedExpected;
    const lost = expected - (this.received - this.#reportedReceived);
    this.#reportedExpected += expected;
    this.#reportedReceived = this.received;
    return {
      ...ssrcs,
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
    this.#reportedExpected = 0;
    this.#reportedReceived = 0;
    this.#jitter = 0;
    this.#transit = this.#transitOf(packet, nowMs);
  }

  /**
   * Advances the highest sequence number. Ignores a number that is far off until its successor arrives: then
   * the source has restarted, and so do the counts.
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
