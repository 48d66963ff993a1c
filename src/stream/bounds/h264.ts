/** Bounds on H.264: the picture size, and slices, which must not decode a picture repeatedly. */
import { BitReader } from "../../rtsp/bitstream/bit_reader.ts";
import { H264, h264Type } from "../../rtsp/bitstream/nal.ts";
import { type H264Sps, readH264Sps } from "../../rtsp/bitstream/sps.ts";
import { pictureRefused, UnusablePacket } from "./errors.ts";
import { PictureInspector } from "./inspector.ts";
import {
  isFinelySliced,
  MAX_SET_BYTES,
  MAX_SLICE_HEADER_BYTES,
  maxH264Slices,
  maxOtherUnits,
} from "./limits.ts";
import { checkReferencePictures } from "./reference_pictures.ts";
import { NalUnits } from "./nal_units.ts";

/** Upper bounds of parameter set ids (7.4.2.1.1, 7.4.2.2). */
const SEQUENCE_SETS = 32;
const PICTURE_SETS = 256;
/** First byte of an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 5.3.3.1). */
const RECORD_VERSION = 1;
const RECORD_BYTES = 7;

/**
 * Inspects H.264 packets.
 *
 * Requires ascending first macroblocks of the slices of a frame or field. This refuses arbitrary slice
 * order and redundant slices, which only the Baseline profile allows: with them, a slice could not be
 * distinguished from one that decodes the same part of the picture again.
 */
export class H264Inspector extends PictureInspector {
  readonly #reader = new BitReader();
  readonly #units = new NalUnits((bytes, start, end) => this.#unit(bytes, start, end));
  readonly #sequenceSets = new Map<number, H264Sps>();
  /** Id of the sequence parameter set, by the id of the picture parameter set. */
  readonly #pictureSets = new Map<number, number>();
  // State of the current packet.
  #sizeBytes = 0;
  #slices = 0;
  #others = 0;
  #lastBlock = -1;
  /** 0: frame, 1: top field, 2: bottom field, -1: no slice yet. */
  #parity = -1;
  #hasSecondField = false;

  extradata(bytes: Uint8Array): void {
    this.#begin(bytes.length);
    if (bytes[0] !== RECORD_VERSION || bytes.length < RECORD_BYTES) {
      return this.#units.annexB(bytes, bytes.length);
    }
    this.#units.lengthBytes = ((bytes[4] ?? 0) & 3) + 1;
    let at = 6;
    for (let left = (bytes[5] ?? 0) & 31; left > 0; left--) at = this.#units.sized(bytes, at);
    let left = bytes[at++] ?? 0;
    for (; left > 0; left--) at = this.#units.sized(bytes, at);
  }

  packet(bytes: Uint8Array, length: number): void {
    this.#begin(length);
    this.#units.each(bytes, length);
    this.isFinelySliced = isFinelySliced(this.#slices, length);
  }

  #begin(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    this.#slices = 0;
    this.#others = 0;
    this.#lastBlock = -1;
    this.#parity = -1;
    this.#hasSecondField = false;
  }

  #unit(bytes: Uint8Array, start: number, end: number): void {
    const type = h264Type(bytes[start] ?? 0);
    if (type === H264.slice || type === H264.idr) return this.#slice(bytes, start + 1, end);
    if (++this.#others > maxOtherUnits(this.#slices)) {
      throw pictureRefused(`more than ${this.#others - 1} NAL units that are no slices`);
    }
    if (type === H264.sps) this.#sequenceSet(bytes, start + 1, end);
    else if (type === H264.pps) this.#pictureSet(bytes, start + 1, end);
  }

  #sequenceSet(bytes: Uint8Array, start: number, end: number): void {
    this.#reader.set(bytes, start, Math.min(end, start + MAX_SET_BYTES));
    const set = readH264Sps(this.#reader);
    // It may replace any set, so none of those known is certain.
    if (set === null) return this.#sequenceSets.clear();
    if (set.id >= SEQUENCE_SETS) return;
    this.checkSize(set);
    checkReferencePictures(set);
    this.#sequenceSets.set(set.id, set);
  }

  #pictureSet(bytes: Uint8Array, start: number, end: number): void {
    this.#reader.set(bytes, start, Math.min(end, start + MAX_SLICE_HEADER_BYTES));
    const id = this.#reader.ue();
    const sequenceSet = this.#reader.ue();
    if (this.#reader.isPast) return this.#pictureSets.clear();
    if (id < PICTURE_SETS) this.#pictureSets.set(id, sequenceSet);
  }

  #slice(bytes: Uint8Array, start: number, end: number): void {
    const reader = this.#reader;
    reader.set(bytes, start, Math.min(end, start + MAX_SLICE_HEADER_BYTES));
    const firstBlock = reader.ue();
    reader.ue();
    const sequenceSet = this.#pictureSets.get(reader.ue());
    const set = sequenceSet === undefined ? undefined : this.#sequenceSets.get(sequenceSet);
    if (reader.isPast || set === undefined) {
      throw new UnusablePacket("a slice refers to a parameter set that was not received");
    }
    this.setSize(set.width, set.height);
    const most = maxH264Slices(set.height / 16, this.#sizeBytes);
    if (++this.#slices > most) {
      throw pictureRefused(`more than ${most} slices in ${this.#sizeBytes} bytes`);
    }
    const parity = this.#readParity(set);
    if (this.#parity < 0) this.#parity = parity;
    if (firstBlock <= this.#lastBlock) this.#secondField(firstBlock, parity);
    this.#lastBlock = firstBlock;
  }

  /** Checks a slice whose first macroblock does not ascend: it must start the other field. */
  #secondField(firstBlock: number, parity: number): void {
    const isOther = parity > 0 && this.#parity > 0 && parity !== this.#parity;
    if (firstBlock !== 0 || !isOther || this.#hasSecondField) {
      throw pictureRefused(
        `slice ${this.#slices} begins at macroblock ${firstBlock}, after one that began at ` +
          `${this.#lastBlock}`,
      );
    }
    this.#hasSecondField = true;
  }

  /** Reads the slice header after the picture parameter set id. 0: frame, 1: top field, 2: bottom field. */
  #readParity({ hasColourPlanes, frameNumBits, isFramesOnly }: H264Sps): number {
    const reader = this.#reader;
    if (isFramesOnly) return 0;
    if (hasColourPlanes) reader.bits(2);
    reader.bits(frameNumBits);
    return reader.bit() === 0 ? 0 : 1 + reader.bit();
  }
}
