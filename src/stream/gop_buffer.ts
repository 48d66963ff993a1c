import type { Packet } from "../libav/packet.ts";
import type { SourcePacket } from "./packet_source.ts";

/** What is kept of a camera's stream at most. */
const MAX_BYTES = 32 * 1024 * 1024;
/** 80 seconds of 50 pictures a second; each of them takes some 2 KiB beside its data. */
const MAX_PACKETS = 4096;

/**
 * The packets since the last keyframe: a decoder that left some out can go on from there at any moment,
 * whatever was expected of the next keyframe.
 *
 * It owns the packets that it keeps, and gives each back when a keyframe makes it needless.
 */
export class GopBuffer implements Disposable {
  readonly #recycle: (packet: Packet) => void;
  readonly #maxBytes: number;
  #packets: SourcePacket[] = [];
  #sizeBytes = 0;
  #isComplete = false;

  /** @param recycle  gets the packets that are not needed any more */
  constructor(recycle: (packet: Packet) => void, maxBytes = MAX_BYTES) {
    this.#recycle = recycle;
    this.#maxBytes = maxBytes;
  }

  /** Every packet from the one that decoding can begin with is here. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The limit is reached: what comes next empties it. */
  get isFull(): boolean {
    return this.#sizeBytes >= this.#maxBytes || this.#packets.length >= MAX_PACKETS;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** In the order of decoding; valid until the next call. */
  get packets(): readonly SourcePacket[] {
    return this.#packets;
  }

  /**
   * Keeps a packet. A keyframe empties the buffer first; so does a recovery point that follows another,
   * and what is not complete stays empty.
   */
  add(packet: SourcePacket): void {
    const isBeginning = packet.isKey ||
      (packet.isRecoveryPoint && this.#packets[0]?.isKey !== true);
    if (isBeginning) {
      this.clear();
      this.#isComplete = true;
    } else if (this.isFull) {
      this.clear();
    }
    if (!this.#isComplete) return this.#recycle(packet.packet);
    this.#packets.push(packet);
    this.#sizeBytes += packet.packet.sizeBytes;
  }

  /** Forgets everything, until the next keyframe. */
  clear(): void {
    for (const { packet } of this.#packets) this.#recycle(packet);
    this.#packets = [];
    this.#sizeBytes = 0;
    this.#isComplete = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}
