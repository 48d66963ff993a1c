import { Handle } from "./handle.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { outOfMemory } from "./memory.ts";
import type { Ptr } from "./pointers.ts";

/** libav's "no timestamp": the smallest 64-bit integer. */
export const NO_TIMESTAMP = -(2n ** 63n);

const AT = STABLE.AVPacket;
/** Enough for the headers that come before a picture's first slice. */
const HEAD_BYTES = 256;
const FLAG_KEY = 1;
const FLAG_CORRUPT = 2;
const FLAG_DISCARD = 4;

/**
 * An `AVPacket`: compressed data of one frame. One serves a whole session: reading into it lets go
 * of what it held.
 *
 * Times are in the stream's time base. The fields are those of the last {@link refresh}, which
 * `Input.read` does: reading them costs no call.
 */
export class Packet implements Disposable {
  /** The native object, for the other classes of this folder. */
  readonly handle: Handle<"AVPacket">;
  readonly #libav: Libav;
  readonly #fields = new DataView(new ArrayBuffer(128));
  readonly #head = new DataView(new ArrayBuffer(HEAD_BYTES));

  constructor(libav: Libav) {
    this.#libav = libav;
    const { avcodec } = libav;
    this.handle = new Handle(libav, "packet", avcodec.av_packet_alloc(), avcodec.av_packet_free);
    this.refresh();
  }

  /** The native packet's address, for a call that returns at once. */
  get pointer(): Ptr<"AVPacket"> {
    return this.handle.address;
  }

  /** Copies the fields anew, after something filled the native packet. */
  refresh(): void {
    this.#libav.memory.read(this.handle.address, this.#fields, AT.bytes);
  }

  /** Which stream of the input it belongs to (`AVPacket.stream_index`). */
  get streamIndex(): number {
    return this.#fields.getInt32(AT.streamIndex, true);
  }

  /** Whether decoding can start here (`AV_PKT_FLAG_KEY`). */
  get isKey(): boolean {
    return (this.#flags & FLAG_KEY) !== 0;
  }

  /** Whether the demuxer knows that it is damaged (`AV_PKT_FLAG_CORRUPT`); RTSP's never does. */
  get isCorrupt(): boolean {
    return (this.#flags & FLAG_CORRUPT) !== 0;
  }

  /** Whether it has to be decoded but not shown (`AV_PKT_FLAG_DISCARD`). */
  get isDiscard(): boolean {
    return (this.#flags & FLAG_DISCARD) !== 0;
  }

  /** When to show it, in time base units, or null when that is not known. */
  get pts(): bigint | null {
    return timestamp(this.#fields.getBigInt64(AT.pts, true));
  }

  /** When to decode it, in time base units, or null when that is not known. */
  get dts(): bigint | null {
    return timestamp(this.#fields.getBigInt64(AT.dts, true));
  }

  /** How long it is shown, in time base units; 0 when that is not known. */
  get duration(): bigint {
    return this.#fields.getBigInt64(AT.duration, true);
  }

  get sizeBytes(): number {
    return this.#fields.getInt32(AT.size, true);
  }

  /** The first bytes of the data; overwritten by the next call. */
  head(): Uint8Array {
    const bytes = Math.min(HEAD_BYTES, this.sizeBytes);
    const data = this.#fields.getBigUint64(AT.data, true);
    if (bytes > 0 && data !== 0n) this.#libav.memory.read(data, this.#head, bytes);
    return new Uint8Array(this.#head.buffer, 0, bytes);
  }

  /** Copies the data to the beginning of `into`, which has room for {@link sizeBytes}. */
  copyTo(into: Uint8Array<ArrayBuffer>): void {
    const data = this.#fields.getBigUint64(AT.data, true);
    if (data !== 0n) this.#libav.memory.read(data, into.buffer, this.sizeBytes);
  }

  /**
   * Replaces its data with a copy of an access unit's, with the padding that decoders read beyond it.
   *
   * @param data  the coded picture; stays the caller's
   * @throws {LibraryError} `LIBAV_MEMORY`
   */
  fill(data: Uint8Array<ArrayBuffer>, isKey: boolean): void {
    const { avcodec, memory } = this.#libav;
    const packet = this.handle.address;
    avcodec.av_packet_unref(packet);
    if (avcodec.av_new_packet(packet, data.byteLength) < 0) {
      throw outOfMemory(`a packet of ${data.byteLength} bytes`);
    }
    memory.writeBytes(memory.u64(packet + BigInt(AT.data)), data);
    memory.writeI32(packet + BigInt(AT.flags), isKey ? FLAG_KEY : 0);
    this.refresh();
  }

  /** Gives it a presentation time, in the stream's time base. */
  stamp(pts: bigint): void {
    this.#libav.memory.writeU64(this.handle.address + BigInt(AT.pts), BigInt.asUintN(64, pts));
    this.#fields.setBigInt64(AT.pts, pts, true);
  }

  /** Lets go of the data. */
  unref(): void {
    this.#libav.avcodec.av_packet_unref(this.handle.address);
    this.refresh();
  }

  /** @throws {LifecycleError} while a pending read fills it */
  [Symbol.dispose](): void {
    this.handle.free();
  }

  get #flags(): number {
    return this.#fields.getInt32(AT.flags, true);
  }
}

/** A timestamp as libav has it, with null for "none". */
export function timestamp(value: bigint): bigint | null {
  return value === NO_TIMESTAMP ? null : value;
}
