import { BitReader } from "./bit_reader.ts";
import { readH264Sps } from "./sps.ts";

/** slice_type modulo 5 of I and SI slices, which refer to no other picture. */
const INTRA_SLICE_TYPES = [2, 4];

/**
 * Parses the fields of slice headers that distinguish one picture from the next (H.264 7.3.3, 7.4.1.2.4), by
 * the newest SPS.
 */
export class H264SliceReader {
  /** first_mb_in_slice is 0: the first slice of a picture or field. */
  isFirst = false;
  /** The slice refers to no other picture. */
  isIntra = false;
  /** The slice begins the second field of the frame whose first field directly precedes it. */
  isSecondField = false;
  readonly #reader = new BitReader();
  // The newest SPS. Without one, pictures are taken for frames, not fields.
  #hasFields = false;
  #hasColourPlanes = false;
  #frameNumBits = 0;
  /** frame_num of the newest first slice, and 0 for a frame, 1 for a top, 2 for a bottom field. */
  #frameNum = -1;
  #parity = 0;

  /** Parses a slice header; `start` is the offset after the NAL unit's header. */
  readSlice(bytes: Uint8Array, start: number, end: number): void {
    const reader = this.#reader;
    reader.set(bytes, start, end);
    this.isFirst = reader.ue() === 0 && !reader.isPast;
    const type = reader.ue() % 5;
    this.isIntra = !reader.isPast && INTRA_SLICE_TYPES.includes(type);
    this.isSecondField = false;
    if (this.isFirst && this.#hasFields) this.#readField();
  }

  #readField(): void {
    const reader = this.#reader;
    reader.ue();
    if (this.#hasColourPlanes) reader.bits(2);
    const frameNum = reader.bits(this.#frameNumBits);
    const isField = reader.bit() === 1;
    const parity = isField ? 1 + reader.bit() : 0;
    if (reader.isPast) return;
    this.isSecondField = isField && this.#parity !== 0 && parity !== this.#parity &&
      frameNum === this.#frameNum;
    // The field after a second field is a first field.
    this.#parity = this.isSecondField ? 0 : parity;
    this.#frameNum = frameNum;
  }

  /** Parses an SPS (7.3.2.1.1); `start` is the offset after the NAL unit's header. */
  readSps(bytes: Uint8Array, start: number, end: number): void {
    const reader = this.#reader;
    reader.set(bytes, start, end);
    const sps = readH264Sps(reader);
    if (sps === null) return;
    this.#hasFields = !sps.isFramesOnly;
    this.#hasColourPlanes = sps.hasColourPlanes;
    this.#frameNumBits = sps.frameNumBits;
  }
}
