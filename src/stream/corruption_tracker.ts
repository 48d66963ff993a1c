import type { SteadyMs, WallMs } from "../core/clock.ts";
import type { CaptureClock } from "../core/frame_meta.ts";
import type { FrameState, StreamLedger } from "../framebus/ledger.ts";

/** What is known of a packet when it arrives, kept until the decoder outputs its frame. */
export interface PacketInfo {
  readonly pts: bigint | null;
  readonly isKey: boolean;
  /** When the packet arrived. */
  readonly arrivedAtMs: SteadyMs;
  /** When the frame was captured. */
  readonly capturedAtMs: WallMs;
  /** Whose clock that is. */
  readonly clock: CaptureClock;
  /** Its frame's state in the ledger; absent: `arrived`. Others are decoded by a catch-up. */
  readonly frameState?: FrameState;
}

/** What the decoder says of a frame. */
export interface FrameFlags {
  readonly pts: bigint | null;
  /** `AV_FRAME_FLAG_CORRUPT` or `decode_error_flags` other than 0. */
  readonly isDamaged: boolean;
}

/** Frames are reordered by so many packets at most in H.264 and H.265. */
const MAX_REORDERED = 16;

/** A packet whose frame the decoder has not output yet. */
interface Pending {
  readonly packet: PacketInfo;
  /** Its position in decoding order. */
  readonly order: number;
}

/** Packets a decoder may delay: {@link MAX_REORDERED}, and those that its threads add. */
const MAX_IN_DECODER = 64;

/**
 * Matches frames with the packets they came from, and decides which frames are corrupt.
 *
 * libav flags the first damaged frame at best; those that refer to it have no flag. So from a damaged
 * frame or a rejected packet on, every frame counts as corrupt until an intact keyframe. Frames that precede
 * the keyframe that decoding started with, in presentation order, refer to packets that were never decoded
 * and are corrupt too.
 */
export class CorruptionTracker {
  readonly #ledger: StreamLedger;
  readonly #skipsNonRef: boolean;
  /** In decoding order. */
  readonly #pending: Pending[] = [];
  #sent = 0;
  #isCorrupt = false;
  #startPts: bigint | null = null;
  #slept = false;

  /**
   * @param parts.ledger       counts corrupt frames
   * @param parts.skipsNonRef  the decoder skips disposable frames; a packet without a frame is then
   *                           `undecoded`, else `corrupt`
   */
  constructor(parts: { ledger: StreamLedger; skipsNonRef: boolean }) {
    this.#ledger = parts.ledger;
    this.#skipsNonRef = parts.skipsNonRef;
  }

  /** Whether the decoder has packets whose frames it has not output. */
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /** Whether frames count as corrupt until an intact keyframe. */
  get isCorrupt(): boolean {
    return this.#isCorrupt;
  }

  /**
   * Decoding starts with this keyframe.
   * @param slept  packets before it were skipped on purpose, and are not missing
   */
  restart(key: PacketInfo, slept: boolean): void {
    this.settle();
    this.#isCorrupt = false;
    this.#startPts = key.pts;
    this.#slept = slept;
  }

  /** The decoder accepted a packet. */
  sent(packet: PacketInfo): void {
    if (this.#pending.length >= MAX_IN_DECODER) {
      this.#lost(this.#pending.shift()?.packet);
    }
    this.#pending.push({ packet, order: this.#sent++ });
  }

  /** The decoder rejected a packet: later frames refer to one that is missing. */
  rejected(packet: PacketInfo): void {
    this.#ledger.corrupt(packet.frameState);
    this.#isCorrupt = true;
  }

  /** A frame was lost in the decoder. */
  frameLost(): void {
    this.#isCorrupt = true;
  }

  /**
   * The decoder output a frame.
   * @returns its packet when the frame is intact; null when it is corrupt, and counted as such
   */
  received(frame: FrameFlags): PacketInfo | null {
    const packet = this.#match(frame.pts);
    // A frame without a packet of its own: the decoder output the two fields of one packet separately.
    if (packet === null) return null;
    if (frame.isDamaged) this.#isCorrupt = true;
    if (packet.isKey && !frame.isDamaged) this.#isCorrupt = false;
    if (packet.frameState === "settled") return null;
    const isEarly = this.#startPts !== null && packet.pts !== null && packet.pts < this.#startPts;
    if (!this.#isCorrupt && !isEarly) return packet;
    if (isEarly && this.#slept) this.#ledger.undecoded("asleep", packet.frameState);
    else this.#ledger.corrupt(packet.frameState);
    return null;
  }

  /** The decoder was drained or flushed: settles the packets whose frames it will never output. */
  settle(): void {
    for (const { packet } of this.#pending.splice(0)) this.#lost(packet);
  }

  /** Settles a packet that yielded no frame. */
  #lost(packet: PacketInfo | undefined): void {
    if (packet === undefined) return;
    if (this.#skipsNonRef) this.#ledger.undecoded("nonref", packet.frameState);
    else this.#ledger.corrupt(packet.frameState);
  }

  /** Finds the packet of a frame, and settles those whose frames cannot follow any more. */
  #match(pts: bigint | null): PacketInfo | null {
    const index = pts === null ? 0 : this.#pending.findIndex(({ packet }) => packet.pts === pts);
    const [found] = this.#pending.splice(Math.max(0, index), 1);
    if (found === undefined) return null;
    this.#settleBefore(found);
    return found.packet;
  }

  /**
   * Some cameras stamp B-frames in decoding order, so an earlier PTS does not mean that a frame was skipped.
   * A decoder that skips disposable frames skips so many that none is waited for.
   */
  #settleBefore({ order, packet: { pts } }: Pending): void {
    const isPast = this.#skipsNonRef
      ? (one: Pending) => pts !== null && one.packet.pts !== null && one.packet.pts < pts
      : (one: Pending) => one.order < order - MAX_REORDERED;
    for (let i = this.#pending.length - 1; i >= 0; i--) {
      const one = this.#pending[i];
      if (one === undefined || !isPast(one)) continue;
      this.#pending.splice(i, 1);
      this.#lost(one.packet);
    }
  }
}
