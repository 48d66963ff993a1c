/** Bounds on H.265: the picture size, and slices, which must not decode a picture repeatedly. */
import { BitReader } from "../../rtsp/bitstream/bit_reader.ts";
import { H265, h265Type, isH265Irap, isH265Vcl } from "../../rtsp/bitstream/nal.ts";
import { type H265Sps, readH265Sps } from "../../rtsp/bitstream/sps.ts";
import { pictureRefused, UnusablePacket } from "./errors.ts";
import { type H265Pps, readH265Pps, TileOrder } from "./h265_tiles.ts";
import { PictureInspector } from "./inspector.ts";
import { checkReferencePictures } from "./reference_pictures.ts";
import {
  isFinelySliced,
  MAX_SET_BYTES,
  MAX_SLICE_HEADER_BYTES,
  MAX_TABLED_BLOCKS,
  maxH265Segments,
  maxOtherUnits,
} from "./limits.ts";
import { NalUnits } from "./nal_units.ts";

/** Upper bounds of parameter set ids (7.4.3.2.1, 7.4.3.3.1). */
const SEQUENCE_SETS = 16;
const PICTURE_SETS = 64;
const HEADER_BYTES = 2;
/** Offset of the arrays in an `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 8.3.3.1). */
const RECORD_BYTES = 23;

/** Inspects H.265 packets: requires ascending slice segment addresses within a picture. */
export class H265Inspector extends PictureInspector {
  readonly #reader = new BitReader();
  readonly #units = new NalUnits((bytes, start, end) => this.#unit(bytes, start, end));
  readonly #sequenceSets = new Map<number, H265Sps>();
  readonly #pictureSets = new Map<number, H265Pps>();
  readonly #order = new TileOrder();
  // State of the current packet.
  #sizeBytes = 0;
  #segments = 0;
  #others = 0;
  /** Position of the last segment in decoding order, or -1. */
  #lastPlace = -1;

  extradata(bytes: Uint8Array): void {
    this.#begin(bytes.length);
    const isRecord = bytes.length > 3 &&
      (bytes[0] !== 0 || bytes[1] !== 0 || (bytes[2] ?? 0) > 1);
    if (!isRecord || bytes.length < RECORD_BYTES) {
      return this.#units.annexB(bytes, bytes.length);
    }
    this.#units.lengthBytes = ((bytes[21] ?? 0) & 3) + 1;
    let at = RECORD_BYTES;
    for (let arrays = bytes[22] ?? 0; arrays > 0; arrays--) {
      let count = (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0);
      at += 3;
      for (; count > 0; count--) at = this.#units.sized(bytes, at);
    }
  }

  packet(bytes: Uint8Array, length: number): void {
    this.#begin(length);
    this.#units.each(bytes, length);
    this.isFinelySliced = isFinelySliced(this.#segments, length);
  }

  #begin(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    this.#segments = 0;
    this.#others = 0;
    this.#lastPlace = -1;
  }

  #unit(bytes: Uint8Array, start: number, end: number): void {
    const header = bytes[start] ?? 0;
    const type = h265Type(header);
    const layer = (header & 1) << 5 | (bytes[start + 1] ?? 0) >> 3;
    // Enhancement layers (annex F) are not decoded.
    if (isH265Vcl(type) && layer === 0) return this.#segment(type, bytes, start, end);
    if (++this.#others > maxOtherUnits(this.#segments)) {
      throw pictureRefused(`more than ${this.#others - 1} NAL units that are no slices`);
    }
    if (layer > 0) return;
    if (type === H265.sps) this.#sequenceSet(bytes, start + HEADER_BYTES, end);
    else if (type === H265.pps) this.#pictureSet(bytes, start + HEADER_BYTES, end);
  }

  #sequenceSet(bytes: Uint8Array, start: number, end: number): void {
    this.#reader.set(bytes, start, Math.min(end, start + MAX_SET_BYTES));
    const set = readH265Sps(this.#reader);
    // It may replace any set, so none of those known is certain.
    if (set === null) return this.#sequenceSets.clear();
    if (set.id >= SEQUENCE_SETS) return;
    this.checkSize(set);
    checkReferencePictures(set);
    this.#sequenceSets.set(set.id, set);
    this.#checkTables();
  }

  #pictureSet(bytes: Uint8Array, start: number, end: number): void {
    this.#reader.set(bytes, start, Math.min(end, start + MAX_SET_BYTES));
    const set = readH265Pps(this.#reader);
    if (set === null) return this.#pictureSets.clear();
    if (set.id >= PICTURE_SETS) return;
    this.#pictureSets.set(set.id, set);
    this.#checkTables();
  }

  /** Bounds the tables of all blocks that libav keeps per picture parameter set. */
  #checkTables(): void {
    let blocks = 0;
    for (const { sequenceSet } of this.#pictureSets.values()) {
      const set = this.#sequenceSets.get(sequenceSet);
      if (set !== undefined) blocks += Math.ceil(set.width * set.height / set.blockPx ** 2);
    }
    if (blocks <= MAX_TABLED_BLOCKS) return;
    throw pictureRefused(
      `${this.#pictureSets.size} picture parameter sets with ${blocks} coding tree blocks`,
    );
  }

  #segment(type: number, bytes: Uint8Array, start: number, end: number): void {
    const reader = this.#reader;
    const headerEnd = Math.min(end, start + HEADER_BYTES + MAX_SLICE_HEADER_BYTES);
    reader.set(bytes, start + HEADER_BYTES, headerEnd);
    const isFirst = reader.bit() === 1;
    if (isH265Irap(type)) reader.bit();
    const set = this.#pictureSets.get(reader.ue());
    const sequence = set === undefined ? undefined : this.#sequenceSets.get(set.sequenceSet);
    if (set === undefined || sequence === undefined) {
      throw new UnusablePacket("a slice refers to a parameter set that was not received");
    }
    this.setSize(sequence.width, sequence.height);
    const most = maxH265Segments(sequence.width * sequence.height, this.#sizeBytes);
    if (++this.#segments > most) {
      throw pictureRefused(`more than ${most} slices in ${this.#sizeBytes} bytes`);
    }
    this.#order.use(sequence, set);
    let address = 0;
    if (!isFirst) {
      if (set.hasDependent) reader.bit();
      address = reader.bits(this.#order.addressBits);
    }
    if (reader.isPast) throw new UnusablePacket("a slice is truncated");
    const place = this.#order.placeOf(address);
    if (isFirst ? this.#segments > 1 : place <= Math.max(0, this.#lastPlace)) {
      throw pictureRefused(
        `slice ${this.#segments} begins at block ${address}, which was decoded before`,
      );
    }
    this.#lastPlace = place;
  }
}
