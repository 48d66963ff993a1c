import { Handle } from "./handle.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { outOfMemory } from "./memory.ts";
import type { Ptr } from "./pointers.ts";

/** `AV_NOPTS_VALUE`. */
export const NO_TIMESTAMP = -(2n ** 63n);

const AT = STABLE.AVPacket;
/** Enough for the NAL units before the first slice. */
const HEAD_BYTES = 256;
const FLAG_KEY = 1;
const FLAG_CORRUPT = 2;
const FLAG_DISCARD = 4;

/**
 * An `AVPacket`: coded data of one access unit. One can serve a whole session: reading into it
 * unreferences its previous data.
 *
 * Timestamps are in the stream's time base. The fields are a copy made by {@link refresh}, which
 * `Input.read` calls: reading them makes no native call.
 */
export class Packet implements Disposable {
  /** The native object, for nonblocking calls. */
  readonly handle: Handle<"AVPacket">;
  readonly #libav: Libav;
  readonly #fields = new DataView(new ArrayBuffer(128));
  /** Allocated on first use: thousands of packets may be kept whose data is never read. */
  #head: DataView<ArrayBuffer> | null = null;

  constructor(libav: Libav) {
    this.#libav = libav;
    const { avcodec } = libav;
    this.handle = new Handle(libav, "packet", avcodec.av_packet_alloc(), avcodec.av_packet_free);
    this.refresh();
  }

  /** The native packet's address, for a blocking call. */
  get pointer(): Ptr<"AVPacket"> {
    return this.handle.address;
  }

  /** Copies the fields again, after a native call changed the packet. */
  refresh(): void {
    this.#libav.memory.read(this.handle.address, this.#fields, AT.bytes);
  }

  /** Index of its stream in the input (`AVPacket.stream_index`). */
  get streamIndex(): number {
    return this.#fields.getInt32(AT.streamIndex, true);
  }

  /** Whether decoding can start here (`AV_PKT_FLAG_KEY`). */
  get isKey(): boolean {
    return (this.#flags & FLAG_KEY) !== 0;
  }

  /** Whether the demuxer marked it as corrupt (`AV_PKT_FLAG_CORRUPT`); the RTSP demuxer never does. */
  get isCorrupt(): boolean {
    return (this.#flags & FLAG_CORRUPT) !== 0;
  }

  /** Whether its frame must be decoded but not shown (`AV_PKT_FLAG_DISCARD`). */
  get isDiscard(): boolean {
    return (this.#flags & FLAG_DISCARD) !== 0;
  }

  /** Presentation timestamp in time base units, or null. */
  get pts(): bigint | null {
    return timestamp(this.#fields.getBigInt64(AT.pts, true));
  }

  /** Decoding timestamp in time base units, or null. */
  get dts(): bigint | null {
    return timestamp(this.#fields.getBigInt64(AT.dts, true));
  }

  /** Duration in time base units; 0 when unknown. */
  get duration(): bigint {
    return this.#fields.getBigInt64(AT.duration, true);
  }

  get sizeBytes(): number {
    return this.#fields.getInt32(AT.size, true);
  }

  /** The first bytes of the data; valid until the next call. */
  head(): Uint8Array {
    const bytes = Math.min(HEAD_BYTES, this.sizeBytes);
    const data = this.#fields.getBigUint64(AT.data, true);
    const head = this.#head ??= new DataView(new ArrayBuffer(HEAD_BYTES));
    if (bytes > 0 && data !== 0n) this.#libav.memory.read(data, head, bytes);
    return new Uint8Array(head.buffer, 0, bytes);
  }

  /** Copies the data to the start of `into`, which holds at least {@link sizeBytes}. */
  copyTo(into: Uint8Array<ArrayBuffer>): void {
    const data = this.#fields.getBigUint64(AT.data, true);
    if (data !== 0n) this.#libav.memory.read(data, into.buffer, this.sizeBytes);
  }

  /**
   * Replaces its data with a copy of an access unit, with the padding that decoders need.
   *
   * @param data  owned by the caller
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

  /** Sets the presentation timestamp, in time base units. */
  stamp(pts: bigint): void {
    this.#libav.memory.writeU64(this.handle.address + BigInt(AT.pts), BigInt.asUintN(64, pts));
    this.#fields.setBigInt64(AT.pts, pts, true);
  }

  /** Unreferences the data. */
  unref(): void {
    this.#libav.avcodec.av_packet_unref(this.handle.address);
    this.refresh();
  }

  /** @throws {LifecycleError} while a pending read uses it */
  [Symbol.dispose](): void {
    this.handle.free();
  }

  get #flags(): number {
    return this.#fields.getInt32(AT.flags, true);
  }
}

/** Maps `AV_NOPTS_VALUE` to null. */
export function timestamp(value: bigint): bigint | null {
  return value === NO_TIMESTAMP ? null : value;
}
