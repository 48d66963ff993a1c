/** Frames to rotate or mirror: how to make them with the ffmpeg program, and how to signal it. */
import type { Orientation } from "../../../src/core/display.ts";

/**
 * Filters that make the coded frame from the displayed one, by the number of the orientation: a table,
 * independent of Orion's own arithmetic.
 */
const FILTERS: readonly string[] = [
  "null",
  "transpose=cclock",
  "hflip,vflip",
  "transpose=clock",
  "hflip",
  "transpose=cclock,hflip",
  "vflip",
  "transpose=clock,hflip",
];

export function codedBy({ index }: Orientation): string {
  return FILTERS[index] ?? "null";
}

/** Options of the bitstream filter `h264_metadata`: rotation is anticlockwise, after mirroring. */
export function messageOf({ quarterTurns, isMirrored }: Orientation): string {
  const rotate = (4 - quarterTurns) % 4 * 90;
  return `display_orientation=insert:rotate=${rotate}${isMirrored ? ":flip=horizontal" : ""}`;
}

/** A display orientation SEI for H.265 (prefix SEI), which ffmpeg does not write. */
export function h265Message({ quarterTurns, isMirrored }: Orientation): Uint8Array<ArrayBuffer> {
  const rotation = (4 - quarterTurns) % 4 << 14;
  // cancel 0, hor_flip, ver_flip 0, 16 bits of rotation, persistence 1, and a one to end the payload.
  const bits = ((isMirrored ? 2 : 0) << 21) | (rotation << 5) | (1 << 4) | (1 << 3);
  const payload = [bits >> 16, bits >> 8, bits].map((byte) => byte & 0xff);
  // 0, 0, 0 would be a start code.
  const escaped = payload.flatMap((byte, index) =>
    index === 2 && payload[0] === 0 && payload[1] === 0 && byte <= 3 ? [3, byte] : [byte]
  );
  return new Uint8Array([0, 0, 1, 39 << 1, 1, 47, 3, ...escaped, 0x80]);
}
