/**
 * What a stream may ask of a decoder at most. The levels are those of H.264 (annex A) and H.265 (annex A):
 * no stream that keeps to the standards is beyond them.
 */

/** Pixels of a picture when the configuration says nothing: 8K. */
export const DEFAULT_MAX_PIXELS = 8192 * 4320;

/** Luma samples of the largest picture of H.265's level 6.2. */
const LARGEST_PICTURE = 35_651_584;

/** One side of a picture: the square root of eight times the largest picture. */
export const MAX_SIDE_PX = 16_888;

/** What is coded beyond the edge of a picture, and cropped: less than a block of 64. */
export const MAX_PADDING_PX = 63;

/** Pixels of all pictures that a decoder keeps to refer to: six of the largest. */
export const MAX_KEPT_PIXELS = 6 * LARGEST_PICTURE;
/** Pictures that a decoder keeps, however small. */
export const MAX_KEPT_PICTURES = 16;

/** One packet of a source that has no limit of its own: what `maxUnitBytes` can be set to at most. */
export const MAX_PACKET_BYTES = 64 * 1024 * 1024;

/** Parameter sets are shorter. */
export const MAX_SET_BYTES = 4096;
/** The part of a slice's header that is looked at is shorter. */
export const MAX_SLICE_HEADER_BYTES = 64;

/** H.264: slices of a picture that need no other reason. */
const H264_SLICES = 16;
/** An encoder that cuts slices to fit network packets fills them with more than this. */
const BYTES_PER_SLICE = 256;

/** Slices of an H.264 picture: one a row, or as many as fill packets. */
export function maxH264Slices(rows: number, sizeBytes: number): number {
  return Math.max(H264_SLICES, rows) + Math.floor(sizeBytes / BYTES_PER_SLICE);
}

/** Slice segments of H.265 pictures of up to so many luma samples, by level (tables A.8 and A.9). */
const H265_SEGMENTS = [
  [245_760, 20],
  [552_960, 30],
  [983_040, 40],
  [2_228_224, 75],
  [8_912_896, 200],
] as const;
const MOST_H265_SEGMENTS = 600;

/** Slice segments of an H.265 picture: those of the lowest level for its size, or as many as fill packets. */
export function maxH265Segments(pixels: number, sizeBytes: number): number {
  const packets = Math.floor(sizeBytes / BYTES_PER_SLICE);
  for (const [most, segments] of H265_SEGMENTS) {
    if (pixels <= most) return Math.min(MOST_H265_SEGMENTS, segments + packets);
  }
  return MOST_H265_SEGMENTS;
}
/** Columns and rows of tiles in an H.265 picture: level 6.2. */
export const MAX_TILE_COLUMNS = 20;
export const MAX_TILE_ROWS = 22;
/** Coding tree blocks of a picture times its parameter sets: libav keeps tables of them for each. */
export const MAX_TABLED_BLOCKS = 2 ** 20;

/** NAL units that are no slices: parameter sets may be repeated before each slice. */
export function maxOtherUnits(slices: number): number {
  return 256 + 4 * slices;
}

/** Slices that are smaller on average, beyond the first few, are what hardly any encoder cuts. */
export function isFinelySliced(slices: number, sizeBytes: number): boolean {
  return slices > 8 + sizeBytes / 1024;
}

/** JPEG: scans of a picture; a progressive one has about ten, and two fields may be in one unit. */
export const MAX_JPEG_SCANS = 64;
/** JPEG: pictures in one unit. */
export const MAX_JPEG_FRAMES = 2;
/** MPEG-4: pictures in one unit; two where a B-frame is packed with the next picture. */
export const MAX_MPEG4_PICTURES = 4;
/** AV1: frames in one temporal unit, those that are not shown included. */
export const MAX_AV1_FRAMES = 32;
/** AV1: units of bits (OBUs) in one temporal unit. */
export const MAX_AV1_UNITS = 1024;
