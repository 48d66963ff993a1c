/** Writes the headers of JPEG, MPEG-4, VP8, VP9 and AV1. */
import { BitWriter } from "../../cameras/rtp/nals.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A JPEG's segments without tables. @param kind  of its start of frame; 0xc0: baseline */
export function jpeg({ width, height }: Size, scans = 1, kind = 0xc0): number[] {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0xff, 0x00, 0x34];
  return [
    ...[0xff, 0xd8, 0xff, 0xe0, 0, 6, 0xff, 0xc0, 0xff, 0xff],
    ...[0xff, kind, 0, 11, 8, ...size, 1, 1, 0x11, 0],
    ...Array.from({ length: scans }, () => scan).flat(),
    ...[0xff, 0xd9],
  ];
}

/** A video object layer of MPEG-4, and a picture. */
export function mpeg4({ width, height }: Size, pictures = 1): number[] {
  const bits = new BitWriter().bits(0, 1).bits(1, 8).bits(1, 1).bits(2, 4).bits(1, 3).bits(15, 4);
  bits.bits(0x1234, 16).bits(1, 1).bits(1, 2).bits(1, 1).bits(1, 1);
  for (const count of [15, 15, 15, 3, 11, 15]) {
    bits.bits(0, count);
    if (count !== 3) bits.bits(1, 1);
  }
  bits.bits(0, 2).bits(1, 1).bits(25, 16).bits(1, 1).bits(1, 1).bits(1, 5);
  bits.bits(1, 1).bits(width, 13).bits(1, 1).bits(height, 13).bits(1, 1);
  const picture = [0, 0, 1, 0xb6, 0x10, 0x55];
  return [
    ...[0, 0, 1, 0, 0, 0, 1, 0x20, ...bits.ended()],
    ...Array.from({ length: pictures }, () => picture).flat(),
  ];
}

/** A keyframe of VP8. */
export function vp8({ width, height }: Size): number[] {
  const side = (px: number) => [px & 255, px >> 8];
  return [0x10, 0, 0, 0x9d, 0x01, 0x2a, ...side(width), ...side(height), 0, 0];
}

/** A keyframe of VP9. */
export function vp9({ width, height }: Size, profile: 0 | 1 | 2 = 0): number[] {
  const bits = new BitWriter().bits(2, 2).bits(profile & 1, 1).bits(profile >> 1, 1).bits(0, 2);
  bits.bits(1, 2).bits(0x498342, 24);
  if (profile === 2) bits.bits(0, 1);
  bits.bits(1, 3).bits(0, profile === 1 ? 4 : 1).bits(width - 1, 16).bits(height - 1, 16);
  return bits.ended();
}

/** A sequence header of AV1, followed by frames. */
export function av1({ width, height }: Size, frames = 1): number[] {
  const bits = new BitWriter().bits(0, 4).bits(0, 1);
  // Timing info with a decoder model and an initial display delay.
  bits.bits(1, 1).bits(1, 32).bits(25, 32).bits(1, 1).ue(0).bits(1, 1);
  bits.bits(9, 5).bits(1, 32).bits(9, 5).bits(9, 5).bits(1, 1).bits(0, 5);
  bits.bits(0, 12).bits(12, 5).bits(0, 1).bits(1, 1).bits(0, 21).bits(1, 1).bits(3, 4);
  bits.bits(15, 4).bits(15, 4).bits(width - 1, 16).bits(height - 1, 16);
  const header = bits.ended();
  return [
    ...[0x12, 0, 0x0a, header.length, ...header],
    ...Array.from({ length: frames }, () => [0x32, 2, 0x55, 0x55]).flat(),
  ];
}
