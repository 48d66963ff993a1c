/** Throttles cameras that take more than their share of the machine. */
import type { SteadyMs } from "../../core/clock.ts";

/** Packets per second that a camera may send; the fastest known ones send 120. */
const MAX_PACKETS_PER_SECOND = 240;
/** Packets allowed in a burst: a relay that starts with a buffered GOP, a network that recovers. */
const MAX_BURST_PACKETS = 1200;
/** Bytes per second that a camera may send: twice the rate of 4K MJPEG. */
const MAX_BYTES_PER_SECOND = 64 * 1024 * 1024;
const MAX_BURST_BYTES = 2 * MAX_BYTES_PER_SECOND;
/** Share of a core for decoding that yields no intact frame, or one of a changed size. */
const WASTED_SHARE = 1 / 4;
/** Share of a core for decoding very finely sliced pictures. */
const FINE_SHARE = 1 / 2;
/** Debt that is tolerated without a pause: occasional damage, a single change of size. */
const CREDIT_MS = 250;
/** Shortest pause worth a timer. */
const MIN_PAUSE_MS = 10;
/** Longest pause, so that a camera that stops is noticed. */
const MAX_PAUSE_MS = 1000;

/** What decoding a packet yielded: an intact frame, one of a finely sliced picture, or none of use. */
export type DecodeResult = "intact" | "finely-sliced" | "wasted";

/**
 * Throttles reading from a camera that floods, or whose packets are expensive and useless to decode, so
 * that other cameras keep their CPU time. Never pauses a well-behaved camera.
 */
export class FairShare {
  #packets = MAX_BURST_PACKETS;
  #bytes = MAX_BURST_BYTES;
  #refilledAt: SteadyMs | null = null;
  /** Pause that is due; idle time reduces it. */
  #owedMs = 0;
  #paidUntil: SteadyMs | null = null;

  /** Counts a packet that is taken from the source. */
  packet(sizeBytes: number, now: SteadyMs): void {
    const seconds = Math.max(0, now - (this.#refilledAt ?? now)) / 1000;
    this.#refilledAt = now;
    this.#packets = Math.min(MAX_BURST_PACKETS, this.#packets + seconds * MAX_PACKETS_PER_SECOND) -
      1;
    this.#bytes = Math.min(MAX_BURST_BYTES, this.#bytes + seconds * MAX_BYTES_PER_SECOND) -
      sizeBytes;
  }

  /** Charges a packet that was just decoded. */
  decoded(spentMs: number, result: DecodeResult, now: SteadyMs): void {
    const idleMs = Math.max(0, now - (this.#paidUntil ?? now) - spentMs);
    this.#paidUntil = now;
    this.#owedMs = Math.max(0, this.#owedMs - idleMs);
    if (result === "wasted") this.#owedMs += spentMs * (1 / WASTED_SHARE - 1);
    else if (result === "finely-sliced") this.#owedMs += spentMs * (1 / FINE_SHARE - 1);
  }

  /** Milliseconds to pause now; usually 0. */
  pauseMs(): number {
    const floodMs = 1000 *
      Math.max(-this.#packets / MAX_PACKETS_PER_SECOND, -this.#bytes / MAX_BYTES_PER_SECOND, 0);
    const pauseMs = Math.max(floodMs, this.#owedMs - CREDIT_MS);
    return pauseMs < MIN_PAUSE_MS ? 0 : Math.min(MAX_PAUSE_MS, pauseMs);
  }
}
