/** Rests of a camera that takes more of the machine than it is due. */
import type { SteadyMs } from "../../core/clock.ts";

/** Packets a second that a camera may send; the fastest real ones send 120. */
const MAX_PACKETS_PER_SECOND = 240;
/** So many may come at once: a relay that begins with a group of pictures, a network that comes back. */
const PACKETS_AT_ONCE = 1200;
/** Bytes a second that a camera may send: twice what 4K in MJPEG takes. */
const MAX_BYTES_PER_SECOND = 64 * 1024 * 1024;
const BYTES_AT_ONCE = 2 * MAX_BYTES_PER_SECOND;
/** Decoding what gives no whole picture, or another size, may take this part of a core. */
const WASTE_PART = 1 / 4;
/** Decoding pictures of very many slices may take this part of a core. */
const FINE_PART = 1 / 2;
/** So much is not rested for: damage now and then, a size that changes once. */
const CREDIT_MS = 250;
/** A rest is worth its timer from here on. */
const MIN_REST_MS = 10;
/** One rest at most, so that a camera that stops is noticed. */
const MAX_REST_MS = 1000;

/** What a packet's decoding was good for. */
export type Worth = "good" | "fine" | "wasted";

/**
 * Sees to it that a camera that floods, or sends what is expensive and good for nothing, leaves the
 * processor to others: it is read, inspected and decoded no faster. All others never rest here.
 */
export class FairShare {
  #packets = PACKETS_AT_ONCE;
  #bytes = BYTES_AT_ONCE;
  #refilledAt: SteadyMs | null = null;
  /** Rest that is due; time in which nothing is decoded pays it. */
  #owedMs = 0;
  #paidUntil: SteadyMs | null = null;

  /** A packet is taken from a camera's queue. */
  packet(sizeBytes: number, now: SteadyMs): void {
    const seconds = Math.max(0, now - (this.#refilledAt ?? now)) / 1000;
    this.#refilledAt = now;
    this.#packets = Math.min(PACKETS_AT_ONCE, this.#packets + seconds * MAX_PACKETS_PER_SECOND) - 1;
    this.#bytes = Math.min(BYTES_AT_ONCE, this.#bytes + seconds * MAX_BYTES_PER_SECOND) - sizeBytes;
  }

  /** A packet was decoded just now. */
  decoded(spentMs: number, worth: Worth, now: SteadyMs): void {
    const idleMs = Math.max(0, now - (this.#paidUntil ?? now) - spentMs);
    this.#paidUntil = now;
    this.#owedMs = Math.max(0, this.#owedMs - idleMs);
    if (worth === "wasted") this.#owedMs += spentMs * (1 / WASTE_PART - 1);
    else if (worth === "fine") this.#owedMs += spentMs * (1 / FINE_PART - 1);
  }

  /** Milliseconds to rest now; 0 mostly. */
  restMs(): number {
    const floodMs = 1000 *
      Math.max(-this.#packets / MAX_PACKETS_PER_SECOND, -this.#bytes / MAX_BYTES_PER_SECOND, 0);
    const restMs = Math.max(floodMs, this.#owedMs - CREDIT_MS);
    return restMs < MIN_REST_MS ? 0 : Math.min(MAX_REST_MS, restMs);
  }
}
