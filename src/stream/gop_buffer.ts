import type { UndecodedReason } from "../core/accounts.ts";
import type { FrameState, StreamLedger } from "../framebus/ledger.ts";
import type { Packet } from "../libav/packet.ts";
import type { SourcePacket } from "./packet_source.ts";

/** Coded data that is buffered for a camera at most. */
export const MAX_GOP_BYTES = 32 * 1024 * 1024;
/** 80 seconds of 50 frames per second; a packet takes some 2 KiB beside its data. */
const MAX_GOP_PACKETS = 4096;

interface BufferedPacket {
  readonly packet: SourcePacket;
  /** Why it was skipped, while its frame is not settled; null when it is, or is in the decoder. */
  skipped: UndecodedReason | null;
}

/** What a buffer works with. */
export interface GopBufferParts {
  /** Settles frames that will not be decoded any more. */
  readonly ledger: StreamLedger;
  /** Takes back packets that are not needed any more. */
  readonly recycle: (packet: Packet) => void;
  readonly maxBytes?: number;
}

/**
 * Keeps the packets since the last keyframe, and how far the decoder has come with them: one that skipped
 * some can continue at any moment, without waiting for the next keyframe.
 *
 * It owns the packets, and recycles them when a keyframe makes them needless. Frames of skipped packets
 * are open in the ledger while they are here: the buffer settles those that it discards, the decoding those
 * that it replays.
 */
export class GopBuffer implements Disposable {
  readonly maxBytes: number;
  readonly #parts: GopBufferParts;
  #entries: BufferedPacket[] = [];
  #sizeBytes = 0;
  #isComplete = false;
  /** How many of the packets the decoder has processed. */
  #position = 0;
  /** The first packets of the GOP were discarded: only the decoder has their frames. */
  #isTruncated = false;

  constructor(parts: GopBufferParts) {
    this.#parts = parts;
    this.maxBytes = parts.maxBytes ?? MAX_GOP_BYTES;
  }

  /** Whether decoding can continue from here: no packet is missing that the decoder has not processed. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether the decoder cannot be restarted, because the first packets of the GOP were discarded. */
  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  /** Whether the limit is reached: the next packet empties the buffer. */
  get isFull(): boolean {
    return this.#sizeBytes >= this.maxBytes || this.#entries.length >= MAX_GOP_PACKETS;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get packets(): number {
    return this.#entries.length;
  }

  /** The packet to restart the decoder with; null when it can continue from where it is. */
  get restartPacket(): SourcePacket | null {
    return this.#position === 0 && !this.#isTruncated ? this.#entries[0]?.packet ?? null : null;
  }

  /**
   * Adds a packet. A keyframe empties the buffer first, and so does a recovery point where there is no
   * keyframe. Before the first of them the buffer stays empty.
   *
   * @param skipped  why it was not decoded, if it may be later; its frame has just arrived
   */
  add(packet: SourcePacket, skipped: UndecodedReason | null): void {
    const isStart = packet.isKey ||
      (packet.isRecoveryPoint && this.#entries[0]?.packet.isKey !== true);
    if (isStart) {
      this.clear();
      this.#isComplete = true;
    } else if (this.isFull) {
      this.#truncate();
    }
    const { ledger, recycle } = this.#parts;
    if (!this.#isComplete) {
      if (skipped !== null) ledger.undecoded(skipped);
      return recycle(packet.packet);
    }
    if (skipped !== null) ledger.buffered();
    this.#entries.push({ packet, skipped });
    this.#sizeBytes += packet.packet.sizeBytes;
  }

  /** The decoder has processed every packet. */
  advance(): void {
    this.#position = this.#entries.length;
  }

  /** The decoder was flushed and has to be restarted. */
  rewind(): void {
    if (this.#isTruncated) this.clear();
    this.#position = 0;
  }

  /**
   * Passes on what the decoder has not processed, in order, except for disposable packets.
   * @param decode  settles the frame, unless it is settled already
   */
  replay(decode: (packet: SourcePacket, frameState: FrameState) => void): void {
    while (this.#position < this.#entries.length) {
      const entry = this.#entries[this.#position++];
      if (entry === undefined) return;
      const frameState = entry.skipped === null ? "settled" : "buffered";
      entry.skipped = null;
      if (entry.packet.isDisposable()) this.#parts.ledger.undecoded("nonref", frameState);
      else decode(entry.packet, frameState);
    }
  }

  /** Discards everything, until the next keyframe. */
  clear(): void {
    const { ledger, recycle } = this.#parts;
    for (const { packet, skipped } of this.#entries) {
      if (skipped !== null) ledger.undecoded(skipped, "buffered");
      recycle(packet.packet);
    }
    this.#entries = [];
    this.#sizeBytes = 0;
    this.#isComplete = false;
    this.#position = 0;
    this.#isTruncated = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  /** Discards everything at the limit. If the decoder has processed it all, it continues without it. */
  #truncate(): void {
    const isProcessed = this.#position === this.#entries.length;
    this.clear();
    this.#isComplete = isProcessed;
    this.#isTruncated = isProcessed;
  }
}
