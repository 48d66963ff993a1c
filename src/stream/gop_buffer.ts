import type { UndecodedReason } from "../core/accounts.ts";
import type { CameraLedger, FrameState } from "../framebus/ledger.ts";
import type { Packet } from "../libav/packet.ts";
import type { SourcePacket } from "./packet_source.ts";

/** What is kept of a camera's stream at most. */
export const MAX_GOP_BYTES = 32 * 1024 * 1024;
/** 80 seconds of 50 pictures a second; each of them takes some 2 KiB beside its data. */
const MAX_GOP_PACKETS = 4096;

/** A packet that is kept. */
interface Kept {
  readonly packet: SourcePacket;
  /** Why it was not decoded, while it may be yet; null: its frame is settled, or in the decoder. */
  leftOut: UndecodedReason | null;
}

/** What a buffer works with. */
export interface GopBufferParts {
  /** Where frames are settled that will not be decoded any more. */
  readonly ledger: CameraLedger;
  /** Gets the packets that are not needed any more. */
  readonly recycle: (packet: Packet) => void;
  readonly maxBytes?: number;
}

/**
 * The packets since the last keyframe, and how far the decoder has come with them: one that left some
 * out can go on at any moment, whatever was expected of the next keyframe.
 *
 * It owns the packets that it keeps, and gives each back when a keyframe makes it needless. Frames that
 * were left out are open in the ledger as long as they are here; each is settled by whoever takes it out.
 */
export class GopBuffer implements Disposable {
  readonly maxBytes: number;
  readonly #parts: GopBufferParts;
  #kept: Kept[] = [];
  #sizeBytes = 0;
  #isComplete = false;
  /** So many packets the decoder has behind it. */
  #position = 0;
  /** The beginning is in the decoder alone. */
  #isCut = false;

  constructor(parts: GopBufferParts) {
    this.#parts = parts;
    this.maxBytes = parts.maxBytes ?? MAX_GOP_BYTES;
  }

  /** Every packet is here that decoding can go on with. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The decoder has to go on from where it is: the packets before that were given back. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** The limit is reached: what comes next empties it. */
  get isFull(): boolean {
    return this.#sizeBytes >= this.maxBytes || this.#kept.length >= MAX_GOP_PACKETS;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get packets(): number {
    return this.#kept.length;
  }

  /** The packet with which a decoder has to begin anew; null when it can go on from where it is. */
  get beginning(): SourcePacket | null {
    return this.#position === 0 && !this.#isCut ? this.#kept[0]?.packet ?? null : null;
  }

  /**
   * Keeps a packet. A keyframe empties the buffer first; so does a recovery point that follows another,
   * and what is not complete stays empty.
   *
   * @param leftOut  why it was not decoded, when it may be yet; its frame has just arrived
   */
  add(packet: SourcePacket, leftOut: UndecodedReason | null): void {
    const isBeginning = packet.isKey ||
      (packet.isRecoveryPoint && this.#kept[0]?.packet.isKey !== true);
    if (isBeginning) {
      this.clear();
      this.#isComplete = true;
    } else if (this.isFull) {
      this.#cut();
    }
    const { ledger, recycle } = this.#parts;
    if (!this.#isComplete) {
      if (leftOut !== null) ledger.undecoded(leftOut);
      return recycle(packet.packet);
    }
    if (leftOut !== null) ledger.buffered();
    this.#kept.push({ packet, leftOut });
    this.#sizeBytes += packet.packet.sizeBytes;
  }

  /** The decoder has everything behind it. */
  advance(): void {
    this.#position = this.#kept.length;
  }

  /** The decoder has forgotten everything, and has to begin anew. */
  rewind(): void {
    if (this.#isCut) this.clear();
    this.#position = 0;
  }

  /**
   * Gives what the decoder has not behind it, in order; but for packets that no other refers to.
   * @param decode  settles the frame, unless that is settled
   */
  replay(decode: (packet: SourcePacket, standing: FrameState) => void): void {
    while (this.#position < this.#kept.length) {
      const kept = this.#kept[this.#position++];
      if (kept === undefined) return;
      const standing = kept.leftOut === null ? "settled" : "buffered";
      kept.leftOut = null;
      if (kept.packet.isDisposable()) this.#parts.ledger.undecoded("nonref", standing);
      else decode(kept.packet, standing);
    }
  }

  /** Forgets everything, until the next keyframe. */
  clear(): void {
    const { ledger, recycle } = this.#parts;
    for (const { packet, leftOut } of this.#kept) {
      if (leftOut !== null) ledger.undecoded(leftOut, "buffered");
      recycle(packet.packet);
    }
    this.#kept = [];
    this.#sizeBytes = 0;
    this.#isComplete = false;
    this.#position = 0;
    this.#isCut = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  /** At the limit. What the decoder has behind it is in the decoder; if that is all, nothing is lost. */
  #cut(): void {
    const isBehind = this.#position === this.#kept.length;
    this.clear();
    this.#isComplete = isBehind;
    this.#isCut = isBehind;
  }
}
