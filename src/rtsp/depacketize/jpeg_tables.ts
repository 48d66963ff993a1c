/** The JPEG tables that RFC 2435 packets omit: quantization by Q, and Huffman. */

/** Values of one quantization table. */
export const TABLE_VALUES = 64;

/** Tables K.1 and K.2 of ITU-T T.81, in zigzag order. */
const LUMINANCE = [
  ...[16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40],
  ...[26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51],
  ...[56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87],
  ...[95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99],
];
const CHROMINANCE = [
  ...[17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99],
  ...Array<number>(48).fill(99),
];

/**
 * The two quantization tables of a Q from 1 to 99 (RFC 2435 4.2), of 64 bytes each, in zigzag order. A
 * higher Q, which is reserved up to 127, counts as 99, as in libav.
 */
export function quantizationTables(q: number): Uint8Array<ArrayBuffer> {
  const factor = Math.max(1, Math.min(99, q));
  const scale = factor < 50 ? Math.floor(5000 / factor) : 200 - factor * 2;
  const scaled = (value: number) =>
    Math.max(1, Math.min(255, Math.floor((value * scale + 50) / 100)));
  return Uint8Array.from([...LUMINANCE, ...CHROMINANCE], scaled);
}

/** Number of codes of each length from 1 to 16 bits, and their symbols (T.81 tables K.3 to K.6). */
const DC_SYMBOLS = Array.from({ length: 12 }, (_, symbol) => symbol);
const LUMINANCE_DC = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const CHROMINANCE_DC = [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
const LUMINANCE_AC = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d];
const CHROMINANCE_AC = [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77];

const LUMINANCE_AC_SYMBOLS = hex(
  "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a2526" +
    "2728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485" +
    "868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6" +
    "d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
);
const CHROMINANCE_AC_SYMBOLS = hex(
  "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f1171819" +
    "1a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a8283" +
    "8485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4" +
    "d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
);

function hex(text: string): number[] {
  return Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** The four standard Huffman tables, used by all RTP streams (RFC 2435 appendix B), as a DHT segment. */
export const HUFFMAN_SEGMENT: Uint8Array<ArrayBuffer> = huffmanSegment();

function huffmanSegment(): Uint8Array<ArrayBuffer> {
  const tables = [
    ...[0x00, ...LUMINANCE_DC, ...DC_SYMBOLS],
    ...[0x10, ...LUMINANCE_AC, ...LUMINANCE_AC_SYMBOLS],
    ...[0x01, ...CHROMINANCE_DC, ...DC_SYMBOLS],
    ...[0x11, ...CHROMINANCE_AC, ...CHROMINANCE_AC_SYMBOLS],
  ];
  const length = tables.length + 2;
  return Uint8Array.from([0xff, 0xc4, length >> 8, length & 0xff, ...tables]);
}
