import type { SteadyMs, WallMs } from "../core/clock.ts";
import type { CaptureClock } from "../core/frame_meta.ts";
import type { CameraLedger, FrameState } from "../framebus/ledger.ts";

/** What is known of a packet when it arrives, kept until its picture comes out of the decoder. */
export interface PacketInfo {
  readonly pts: bigint | null;
  readonly isKey: boolean;
  /** When the packet arrived. */
  readonly arrivedAtMs: SteadyMs;
  /** When the picture was taken. */
  readonly capturedAtMs: WallMs;
  /** Whose clock that is. */
  readonly clock: CaptureClock;
  /** Where it stands in the ledger; absent: `arrived`. Others are decoded so that later ones can be. */
  readonly standing?: FrameState;
}

/** What the decoder says of a picture. */
export interface PictureFlags {
  readonly pts: bigint | null;
  /** `AV_FRAME_FLAG_CORRUPT` or `decode_error_flags` other than 0. */
  readonly damaged: boolean;
}

/** Pictures may be shown so many packets later than they are decoded: 16 at most in H.264 and H.265. */
const MAX_REORDERED = 16;

/** A packet whose picture has not come yet. */
interface Pending {
  readonly packet: PacketInfo;
  /** Its place in the order of decoding. */
  readonly order: number;
}

/** Packets a decoder may hold back: H.264 and H.265 reorder 16 at most, and threads add theirs. */
const MAX_IN_DECODER = 64;

/**
 * Matches pictures with the packets they came from, and tells whole pictures from damaged ones.
 *
 * libav flags the first damaged picture at best; those that refer to it look clean. So from a damaged
 * picture or a refused packet on, everything counts as corrupt until a clean keyframe. Pictures that precede
 * the keyframe that decoding began with, in presentation order, refer to what was never decoded and
 * are corrupt too.
 */
export class CorruptionTracker {
  readonly #ledger: CameraLedger;
  readonly #skipsNonRef: boolean;
  /** In the order of decoding. */
  readonly #pending: Pending[] = [];
  #sent = 0;
  #tainted = false;
  #notBefore: bigint | null = null;
  #slept = false;

  /**
   * @param parts.ledger       where damaged pictures are counted
   * @param parts.skipsNonRef  the decoder leaves pictures out that no other refers to; a picture that
   *                           does not come out is then `undecoded`, else `corrupt`
   */
  constructor(parts: { ledger: CameraLedger; skipsNonRef: boolean }) {
    this.#ledger = parts.ledger;
    this.#skipsNonRef = parts.skipsNonRef;
  }

  /** Whether the decoder holds pictures back. */
  get holdsBack(): boolean {
    return this.#pending.length > 0;
  }

  /** Whether pictures count as corrupt until a clean keyframe. */
  get isTainted(): boolean {
    return this.#tainted;
  }

  /**
   * Decoding begins anew with this keyframe.
   * @param slept  what comes before it was left out on purpose, and is not missing
   */
  restart(key: PacketInfo, slept: boolean): void {
    this.settle();
    this.#tainted = false;
    this.#notBefore = key.pts;
    this.#slept = slept;
  }

  /** The decoder took a packet. */
  sent(packet: PacketInfo): void {
    if (this.#pending.length >= MAX_IN_DECODER) {
      this.#lost(this.#pending.shift()?.packet);
    }
    this.#pending.push({ packet, order: this.#sent++ });
  }

  /** The decoder refused the packet: what follows refers to a picture that is not there. */
  refused(packet: PacketInfo): void {
    this.#ledger.corrupt(packet.standing);
    this.#tainted = true;
  }

  /** Something went missing between two packets. */
  gap(): void {
    this.#tainted = true;
  }

  /**
   * A picture came out.
   * @returns its packet when the picture is whole; null when it was damaged, and counted as such
   */
  received(picture: PictureFlags): PacketInfo | null {
    const packet = this.#match(picture.pts);
    // A picture without a packet of its own: the decoder gave the two fields of one packet apart.
    if (packet === null) return null;
    if (picture.damaged) this.#tainted = true;
    if (packet.isKey && !picture.damaged) this.#tainted = false;
    if (packet.standing === "settled") return null;
    const early = this.#notBefore !== null && packet.pts !== null && packet.pts < this.#notBefore;
    if (!this.#tainted && !early) return packet;
    if (early && this.#slept) this.#ledger.undecoded("asleep", packet.standing);
    else this.#ledger.corrupt(packet.standing);
    return null;
  }

  /** The decoder was drained or flushed: what it still held will never come out. */
  settle(): void {
    for (const { packet } of this.#pending.splice(0)) this.#lost(packet);
  }

  /** A packet gave no picture. */
  #lost(packet: PacketInfo | undefined): void {
    if (packet === undefined) return;
    if (this.#skipsNonRef) this.#ledger.undecoded("nonref", packet.standing);
    else this.#ledger.corrupt(packet.standing);
  }

  /** The packet a picture came from; those that can't give one any more are settled. */
  #match(pts: bigint | null): PacketInfo | null {
    const index = pts === null ? 0 : this.#pending.findIndex(({ packet }) => packet.pts === pts);
    const [found] = this.#pending.splice(Math.max(0, index), 1);
    if (found === undefined) return null;
    this.#settleBefore(found);
    return found.packet;
  }

  /**
   * Some cameras stamp B-frames in the order of decoding, so an earlier time says nothing; but a decoder
   * that skips pictures leaves out so many that none of them is waited for.
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
