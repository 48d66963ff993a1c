/** A JPEG packetizer (RFC 2435). */
import { joined } from "./packets.ts";

/** A picture to packetize. */
export interface SentJpeg {
  /** 0: 4:2:2, 1: 4:2:0. */
  readonly type: number;
  readonly q: number;
  /** In pixels; sent in units of 8. */
  readonly width: number;
  readonly height: number;
  readonly scan: Uint8Array;
  /** Sent if `q` is at least 128; empty: none. */
  readonly tables?: Uint8Array;
  /** Bit n: table n has 16-bit values. */
  readonly precision?: number;
  /** MCUs between restart markers; default: none. */
  readonly restartInterval?: number;
}

/** The payloads of a picture, none larger than `maxBytes`. */
export function jpegPayloads(picture: SentJpeg, maxBytes: number): Uint8Array[] {
  const { scan, tables = new Uint8Array(0), restartInterval, q } = picture;
  const restarts = restartInterval === undefined
    ? []
    : [restartInterval >> 8, restartInterval & 0xff, 0xff, 0xff];
  const type = picture.type + (restartInterval === undefined ? 0 : 64);
  const payloads: Uint8Array[] = [];
  for (let offset = 0; offset < scan.length;) {
    const quantization = offset === 0 && q >= 128
      ? [0, picture.precision ?? 0, tables.length >> 8, tables.length & 0xff, ...tables]
      : [];
    const header = [
      ...[0, offset >> 16, offset >> 8 & 0xff, offset & 0xff],
      ...[type, q, picture.width >> 3 & 0xff, picture.height >> 3 & 0xff],
      ...restarts,
      ...quantization,
    ];
    const room = Math.max(1, maxBytes - header.length);
    payloads.push(joined([header, scan.subarray(offset, offset + room)]));
    offset += room;
  }
  return payloads;
}

/** A parsed JPEG file: its segments by marker, and the scan. */
export interface JpegFile {
  readonly segments: readonly { readonly marker: number; readonly body: Uint8Array }[];
  /** The data after the last segment, without the EOI marker. */
  readonly scan: Uint8Array;
  readonly isEnded: boolean;
}

/** Parses a JPEG file. */
export function parseJpeg(file: Uint8Array): JpegFile {
  const segments: { marker: number; body: Uint8Array }[] = [];
  if (file[0] !== 0xff || file[1] !== 0xd8) throw new Error("no start of image");
  let at = 2;
  for (let marker = 0; marker !== 0xda;) {
    if (file[at] !== 0xff) throw new Error(`no marker at ${at}`);
    marker = file[at + 1] ?? 0;
    const length = (file[at + 2] ?? 0) << 8 | (file[at + 3] ?? 0);
    segments.push({ marker, body: file.slice(at + 4, at + 2 + length) });
    at += 2 + length;
  }
  const isEnded = file.at(-2) === 0xff && file.at(-1) === 0xd9;
  return { segments, scan: file.slice(at, isEnded ? -2 : undefined), isEnded };
}

/** All quantization tables of a file, concatenated, with 8-bit values. */
export function quantizationOf({ segments }: JpegFile): Uint8Array {
  const tables: Uint8Array[] = [];
  for (const { marker, body } of segments) {
    if (marker !== 0xdb) continue;
    for (let at = 0; at < body.length;) {
      const size = ((body[at] ?? 0) >> 4) === 0 ? 64 : 128;
      tables.push(body.slice(at + 1, at + 1 + size));
      at += 1 + size;
    }
  }
  return joined(tables);
}
