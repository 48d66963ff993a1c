/** Bounds on JPEG: the picture size, and scans, which decode a whole picture for a few bytes. */
import { pictureRefused, UnusablePacket } from "./errors.ts";
import { PictureInspector } from "./inspector.ts";
import { MAX_JPEG_FRAMES, MAX_JPEG_SCANS } from "./limits.ts";

const MARKER = 0xff;
/** Markers (T.81 table B.1). */
const FIRST_FRAME = 0xc0;
const LAST_FRAME = 0xcf;
const PROGRESSIVE_FRAME = 0xc2;
const HUFFMAN_TABLES = 0xc4;
const EXTENSION = 0xc8;
const ARITHMETIC_CONDITIONING = 0xcc;
const FIRST_RESTART = 0xd0;
const START_OF_SCAN = 0xda;
const LAST_MARKER = 0xfe;
/** Frame marker of JPEG-LS, which libav's decoder also accepts (T.87 C.1.1). */
const LS_FRAME = 0xf7;
/** Markers that libav skips by their length; after all others it searches for the next marker. */
const SIZED: ReadonlySet<number> = new Set([
  ...[HUFFMAN_TABLES, ARITHMETIC_CONDITIONING, 0xdb, 0xdd, 0xfe],
  ...Array.from({ length: 16 }, (_, number) => 0xe0 + number),
]);

/** Inspects JPEG: baseline, extended and progressive; other processes are refused. */
export class JpegInspector extends PictureInspector {
  #frames = 0;
  #scans = 0;

  extradata(): void {
    // JPEG has none.
  }

  packet(bytes: Uint8Array, length: number): void {
    this.#frames = 0;
    this.#scans = 0;
    let at = bytes.indexOf(MARKER, 0);
    while (at >= 0 && at + 1 < length) {
      const marker = bytes[at + 1] ?? 0;
      at = this.#marker(marker, bytes, at, length);
      at = bytes.indexOf(MARKER, at);
    }
  }

  /** @returns where to search for the next marker */
  #marker(marker: number, bytes: Uint8Array, at: number, length: number): number {
    const isOther = marker < FIRST_FRAME || marker > LAST_MARKER;
    // FF 00 is data, FF FF padding before a marker.
    if (isOther) return at + 1;
    if (marker === START_OF_SCAN) this.#scan();
    else if (isFrame(marker)) this.#frame(marker, bytes, at, length);
    const isRestart = marker >= FIRST_RESTART && marker < FIRST_RESTART + 8;
    if (isRestart || !SIZED.has(marker)) return at + 2;
    return at + 2 + Math.max(2, uint16(bytes, at + 2));
  }

  #scan(): void {
    if (++this.#scans > MAX_JPEG_SCANS) throw pictureRefused(`more than ${MAX_JPEG_SCANS} scans`);
  }

  #frame(marker: number, bytes: Uint8Array, at: number, length: number): void {
    if (marker > PROGRESSIVE_FRAME) {
      throw new UnusablePacket(`its JPEG process (marker ${marker.toString(16)}) is not supported`);
    }
    if (++this.#frames > MAX_JPEG_FRAMES) {
      throw pictureRefused(`more than ${MAX_JPEG_FRAMES} pictures in one packet`);
    }
    if (at + 9 > length) return;
    const height = uint16(bytes, at + 5);
    const width = uint16(bytes, at + 7);
    this.applySize(width, height);
  }
}

function isFrame(marker: number): boolean {
  if (marker === LS_FRAME) return true;
  const isNone = marker === HUFFMAN_TABLES || marker === EXTENSION ||
    marker === ARITHMETIC_CONDITIONING;
  return marker >= FIRST_FRAME && marker <= LAST_FRAME && !isNone;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
}
