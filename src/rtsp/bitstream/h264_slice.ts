/** The first fields of H.264 slices, as far as they tell one picture from the next (7.3.3, 7.4.1.2.4). */
import { BitReader } from "./bit_reader.ts";
import { readH264Sps } from "./sps.ts";

/** slice_type modulo 5 of slices that refer to no other picture: I and SI. */
const INTRA_SLICE_TYPES = [2, 4];
/** Reads slice headers by the newest sequence parameter set. */
export class H264SliceReader {
  /** first_mb_in_slice is 0: a picture, or the second field of one, begins. */
  isFirst = false;
  /** The slice refers to no other picture. */
  isIntra = false;
  /** The slice begins the second field of the frame whose first field came just before it. */
  isSecondField = false;
  readonly #reader = new BitReader();
  // The newest sequence parameter set. Without one, pictures are taken for whole frames.
  #hasFields = false;
  #hasColourPlanes = false;
  #frameNumBits = 0;
  /** Of the newest picture's first slice: its frame number, and 0: a frame, 1: top, 2: bottom field. */
  #frameNum = -1;
  #parity = 0;

  /** Reads a slice header; `start` is the byte after the NAL unit's header. */
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
    // The field that follows a second one is a first one again.
    this.#parity = this.isSecondField ? 0 : parity;
    this.#frameNum = frameNum;
  }

  /** Reads a sequence parameter set (7.3.2.1.1); `start` is the byte after the NAL unit's header. */
  readSps(bytes: Uint8Array, start: number, end: number): void {
    const reader = this.#reader;
    reader.set(bytes, start, end);
    const set = readH264Sps(reader);
    if (set === null) return;
    this.#hasFields = !set.isFramesOnly;
    this.#hasColourPlanes = set.hasColourPlanes;
    this.#frameNumBits = set.frameNumBits;
  }
}
