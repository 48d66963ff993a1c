/** The first fields of H.264 slices, as far as they tell one picture from the next (7.3.3, 7.4.1.2.4). */
import { BitReader } from "./bit_reader.ts";

/** slice_type modulo 5 of slices that refer to no other picture: I and SI. */
const INTRA_SLICE_TYPES = [2, 4];
/** profile_idc of profiles whose parameter sets have the chroma format and scaling matrices (7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** log2_max_frame_num_minus4 is at most 12, and numbers of reference frames at most 255. */
const MAX_LOG2_FRAME_NUM = 16;
const MAX_REFERENCE_CYCLE = 255;

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
    const profile = reader.bits(8);
    reader.bits(16);
    reader.ue();
    const hasColourPlanes = HIGH_PROFILES.has(profile) && readChroma(reader);
    const frameNumBits = 4 + reader.ue();
    readOrder(reader);
    reader.ue();
    reader.bit();
    reader.ue();
    reader.ue();
    const isFramesOnly = reader.bit() === 1;
    if (reader.isPast || frameNumBits > MAX_LOG2_FRAME_NUM) return;
    this.#hasFields = !isFramesOnly;
    this.#hasColourPlanes = hasColourPlanes;
    this.#frameNumBits = frameNumBits;
  }
}

/** Skips what the high profiles add, and returns separate_colour_plane_flag. */
function readChroma(reader: BitReader): boolean {
  const chromaFormat = reader.ue();
  const hasColourPlanes = chromaFormat === 3 && reader.bit() === 1;
  reader.ue();
  reader.ue();
  reader.bit();
  if (reader.bit() === 1) {
    const lists = chromaFormat === 3 ? 12 : 8;
    for (let list = 0; list < lists && !reader.isPast; list++) {
      if (reader.bit() === 1) skipScalingList(reader, list < 6 ? 16 : 64);
    }
  }
  return hasColourPlanes;
}

/** Skips a scaling list (7.3.2.1.1.1). */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let at = 0; at < size && !reader.isPast; at++) {
    if (next !== 0) next = (last + reader.se() + 256) % 256;
    if (next !== 0) last = next;
  }
}

/** Skips how the order of pictures is coded. */
function readOrder(reader: BitReader): void {
  const type = reader.ue();
  if (type === 0) {
    reader.ue();
  } else if (type === 1) {
    reader.bit();
    reader.se();
    reader.se();
    const cycle = reader.ue();
    for (let at = 0; at < Math.min(cycle, MAX_REFERENCE_CYCLE) && !reader.isPast; at++) reader.se();
  }
}
