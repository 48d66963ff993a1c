/** Bounds on H.264: the size of pictures, and slices that cannot decode a picture over and over. */
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
import { checkKept } from "./kept_pictures.ts";
import { NalUnits } from "./nal_units.ts";

/** ids of parameter sets are smaller (7.4.2.1.1, 7.4.2.2). */
const SEQUENCE_SETS = 32;
const PICTURE_SETS = 256;
/** An `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 5.3.3.1) begins with its version, 1. */
const RECORD_VERSION = 1;
const RECORD_BYTES = 7;

/**
 * Looks at H.264 packets.
 *
 * Within a frame or a field the first macroblocks of slices have to rise. That refuses what the baseline
 * profile alone allows, arbitrary slice order and redundant slices: with them no slice could be known
 * from one that decodes the same part of the picture once more.
 */
export class H264Inspector extends PictureInspector {
  readonly #reader = new BitReader();
  readonly #units = new NalUnits((bytes, start, end) => this.#unit(bytes, start, end));
  readonly #sequenceSets = new Map<number, H264Sps>();
  /** The sequence parameter set that a picture parameter set refers to, by its id. */
  readonly #pictureSets = new Map<number, number>();
  // The packet that is looked at.
  #sizeBytes = 0;
  #slices = 0;
  #others = 0;
  #lastBlock = -1;
  /** 0: a frame, 1: a top, 2: a bottom field; -1: nothing has begun. */
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
    // It may replace any: what slices refer to is not known any more.
    if (set === null) return this.#sequenceSets.clear();
    if (set.id >= SEQUENCE_SETS) return;
    this.checkSize(set);
    checkKept(set);
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
      throw new UnusablePacket("a slice refers to a parameter set that has not come");
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

  /** A slice of a part of the picture that has been decoded: it has to begin the other field. */
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

  /** What follows the id of the picture parameter set: 0: of a frame, 1: of a top, 2: of a bottom field. */
  #readParity({ hasColourPlanes, frameNumBits, isFramesOnly }: H264Sps): number {
    const reader = this.#reader;
    if (isFramesOnly) return 0;
    if (hasColourPlanes) reader.bits(2);
    reader.bits(frameNumBits);
    return reader.bit() === 0 ? 0 : 1 + reader.bit();
  }
}
