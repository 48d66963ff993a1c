import type { SteadyMs } from "../../core/clock.ts";

/** Over UDP, consecutive packets of another SSRC after which that is adopted. */
const ADOPT_AFTER_PACKETS = 16;
/**
 * Of two sources on one channel, the active one is replaced when it has sent nothing for this long. The
 * announced one that has never sent is replaced by one that sends for as long.
 */
const SILENT_MS = 1000;
/** A source with this many times fewer packets than another is taken for stray packets. */
const STRAY_FACTOR = 4;

/**
 * The source (SSRC) whose packets are played. Another one is adopted if it is the camera's.
 *
 * - Over UDP, where other hosts may send to the port: the announced one at once, others after some
 *   consecutive packets.
 * - Over TCP, where only the camera can send: at once, since it has started a new stream. If packets of
 *   the previous source continue within a second, two sources are mixed: the announced one stays
 *   active, else the present one, until it falls silent.
 */
export class ActiveSource {
  /** null: no packet has arrived yet. */
  ssrc: number | null = null;
  /** The SSRC of the camera's `Transport` header, or null. */
  announced: number | null = null;
  /** The packets arrive over TCP. */
  isOrdered = true;
  /** Packets of the active source, and when the newest arrived. */
  #packets = 0;
  #atMs = -Infinity;
  /** The active source before it, its packets, and when the last one arrived. */
  #previousSsrc: number | null = null;
  #previousPackets = 0;
  #previousAtMs = -Infinity;
  /** Two sources send on one channel. */
  #isMixed = false;
  /** The SSRC of the newest packets that are not the active source's, how many in a row, and since when. */
  #otherSsrc = 0;
  #otherPackets = 0;
  #otherSinceMs = -Infinity;

  /** Whose packet this is: the active source's, which it may have become with this packet, or another's. */
  packet(ssrc: number, atMs: SteadyMs): "active" | "adopted" | "other" {
    const isActive = ssrc === this.ssrc;
    if (!isActive && !this.#isAdoptable(ssrc, atMs)) return "other";
    if (!isActive) this.#adopt(ssrc);
    this.#otherPackets = 0;
    this.#packets++;
    this.#atMs = atMs;
    return isActive ? "active" : "adopted";
  }

  #isAdoptable(ssrc: number, atMs: SteadyMs): boolean {
    if (!this.isOrdered) return this.#isAdoptableOverUdp(ssrc, atMs);
    if (this.#isMixed || (this.ssrc !== null && this.ssrc === this.announced)) {
      return atMs - this.#atMs >= SILENT_MS;
    }
    this.#isMixed = ssrc === this.#previousSsrc && atMs - this.#previousAtMs < SILENT_MS;
    // A few stray packets of another source, even if they arrived first.
    return !(this.#isMixed && this.#packets > STRAY_FACTOR * this.#previousPackets);
  }

  #isAdoptableOverUdp(ssrc: number, atMs: SteadyMs): boolean {
    if (this.ssrc === null && (this.announced ?? ssrc) === ssrc) return true;
    if (ssrc !== this.#otherSsrc || this.#otherPackets === 0) this.#otherSinceMs = atMs;
    this.#otherPackets = ssrc === this.#otherSsrc ? this.#otherPackets + 1 : 1;
    this.#otherSsrc = ssrc;
    const isAlone = this.ssrc === null && atMs - this.#otherSinceMs >= SILENT_MS;
    return isAlone || this.#otherPackets >= ADOPT_AFTER_PACKETS;
  }

  #adopt(ssrc: number): void {
    this.#previousSsrc = this.ssrc;
    this.#previousPackets = this.#packets;
    this.#previousAtMs = this.#atMs;
    this.ssrc = ssrc;
    this.#packets = 0;
  }
}
