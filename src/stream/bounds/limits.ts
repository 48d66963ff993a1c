/**
 * The bounds on what a stream may demand of a decoder. Levels are those of H.264 (annex A) and H.265
 * (annex A): conforming streams stay within them.
 */

/** Default limit of pixels per picture: 8K. */
export const DEFAULT_MAX_PIXELS = 8192 * 4320;

/** Luma samples of the largest picture of H.265's level 6.2. */
const LARGEST_PICTURE = 35_651_584;

/** Width or height of a picture: the square root of eight times the largest picture. */
export const MAX_SIDE_PX = 16_888;

/** Padding coded beyond the edge of a picture, and cropped: less than a block of 64. */
export const MAX_PADDING_PX = 63;

/** Pixels of all reference pictures of a decoder: six of the largest. */
export const MAX_REFERENCE_PIXELS = 6 * LARGEST_PICTURE;
/** Reference pictures of a decoder, of any size. */
export const MAX_REFERENCE_PICTURES = 16;

/** Packet size for sources without a limit of their own: the largest valid `maxUnitBytes`. */
export const MAX_PACKET_BYTES = 64 * 1024 * 1024;

/** Bytes to read of a parameter set; real ones are shorter. */
export const MAX_SET_BYTES = 4096;
/** Bytes to read of a slice header; the inspected part is shorter. */
export const MAX_SLICE_HEADER_BYTES = 64;

/** Slices that every H.264 picture may have. */
const H264_SLICES = 16;
/** Encoders that fit slices to network packets make them larger than this. */
const BYTES_PER_SLICE = 256;

/** Slices of an H.264 picture: one per row of macroblocks, plus one per network packet. */
export function maxH264Slices(rows: number, sizeBytes: number): number {
  return Math.max(H264_SLICES, rows) + Math.floor(sizeBytes / BYTES_PER_SLICE);
}

/** Slice segments of H.265 pictures by their luma samples, by level (tables A.8 and A.9). */
const H265_SEGMENTS = [
  [245_760, 20],
  [552_960, 30],
  [983_040, 40],
  [2_228_224, 75],
  [8_912_896, 200],
] as const;
const MOST_H265_SEGMENTS = 600;

/** Slice segments of an H.265 picture: those of the lowest level for its size, plus one per network packet. */
export function maxH265Segments(pixels: number, sizeBytes: number): number {
  const packets = Math.floor(sizeBytes / BYTES_PER_SLICE);
  for (const [most, segments] of H265_SEGMENTS) {
    if (pixels <= most) return Math.min(MOST_H265_SEGMENTS, segments + packets);
  }
  return MOST_H265_SEGMENTS;
}
/** Tile columns and rows of an H.265 picture: level 6.2. */
export const MAX_TILE_COLUMNS = 20;
export const MAX_TILE_ROWS = 22;
/** Coding tree blocks of all picture parameter sets: libav keeps tables of them for each set. */
export const MAX_TABLED_BLOCKS = 2 ** 20;

/** NAL units other than slices: parameter sets may be repeated before each slice. */
export function maxOtherUnits(slices: number): number {
  return 256 + 4 * slices;
}

/** Whether slices are smaller on average than those of nearly all encoders, beyond the first few. */
export function isFinelySliced(slices: number, sizeBytes: number): boolean {
  return slices > 8 + sizeBytes / 1024;
}

/** JPEG scans per packet: a progressive picture has about ten, and a packet may hold two fields. */
export const MAX_JPEG_SCANS = 64;
/** JPEG pictures per packet. */
export const MAX_JPEG_FRAMES = 2;
/** MPEG-4 pictures per packet: two where a B-frame is packed with the next picture. */
export const MAX_MPEG4_PICTURES = 4;
/** AV1 frames per temporal unit, including hidden ones. */
export const MAX_AV1_FRAMES = 32;
/** AV1 OBUs per temporal unit. */
export const MAX_AV1_UNITS = 1024;
