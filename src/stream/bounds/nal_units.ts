import { findStartCode, START_CODE_BYTES } from "../../rtsp/bitstream/start_codes.ts";
import { UnusablePacket } from "./errors.ts";

/** Receives a NAL unit, whose header is at `start`; `end` is exclusive. */
export type NalVisitor = (bytes: Uint8Array, start: number, end: number) => void;

/** Splits packets into NAL units, by start codes or length prefixes, like libav. */
export class NalUnits {
  readonly #visit: NalVisitor;
  /** Bytes of a length prefix; 0: start codes (Annex B). */
  lengthBytes = 0;

  constructor(visit: NalVisitor) {
    this.#visit = visit;
  }

  /** @throws {UnusablePacket} for inconsistent length prefixes */
  each(bytes: Uint8Array, length: number): void {
    if (this.lengthBytes === 0) return this.annexB(bytes, length);
    let at = 0;
    while (at + this.lengthBytes <= length) {
      let size = 0;
      for (let left = this.lengthBytes; left > 0; left--) size = size * 256 + (bytes[at++] ?? 0);
      const end = at + size;
      // A unit contains no start code; libav loses its position among the lengths when it finds one.
      if (size === 0 || end > length || findStartCode(bytes, at, end) >= 0) {
        throw new UnusablePacket("the lengths of its NAL units are wrong");
      }
      this.#visit(bytes, at, end);
      at = end;
    }
  }

  annexB(bytes: Uint8Array, length: number): void {
    for (let at = findStartCode(bytes, 0, length); at >= 0;) {
      const start = at + START_CODE_BYTES;
      const next = findStartCode(bytes, start, length);
      if (start < length) this.#visit(bytes, start, next < 0 ? length : next);
      at = next;
    }
  }

  /** Visits a unit with a length prefix of two bytes (MP4 records). @returns offset of the next one */
  sized(bytes: Uint8Array, at: number): number {
    const start = at + 2;
    const end = start + ((bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0));
    if (end > bytes.length) throw new UnusablePacket("its parameter sets are truncated");
    if (end > start) this.#visit(bytes, start, end);
    return end;
  }
}
