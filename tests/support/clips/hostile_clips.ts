/** Hostile clips, which cost far more to decode than to send. */
import { annexB, greyBlocks, idrSlice, interSlice, pps, skippedBlocks, sps } from "./coded/h264.ts";
import { type CameraClip, h265Clip } from "../cameras/faulty_camera/clip.ts";
import type { AccessUnit } from "../cameras/rtp_h264.ts";
import { ffmpeg } from "./ffmpeg.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Both sides are multiples of 16. */
function blocksOf({ width, height }: Size): number {
  return width / 16 * height / 16;
}

function unit(bytes: readonly number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

function clipOf(size: Size, pictures: readonly AccessUnit[]): CameraClip {
  return { codec: "h264", pictures, parameterSets: [unit(sps(size)), unit(pps())] };
}

function keyPicture(size: Size): AccessUnit {
  const data = greyBlocks(blocksOf(size));
  return { isKey: true, units: [sps(size), pps(), idrSlice({ data })].map(unit) };
}

/** Pictures of a few bytes, with nearly all of their slices missing. */
export function tinyPictures(size: Size): CameraClip {
  const units = [sps(size), pps(), idrSlice({ data: greyBlocks(8) })].map(unit);
  return clipOf(size, [{ isKey: true, units }]);
}

/** Small intact pictures, to be sent without a pause. */
export function smallPictures(size: Size): CameraClip {
  const others = Array.from({ length: 15 }, (_, index) => ({
    isKey: false,
    units: [unit(interSlice({ frameNum: index + 1, data: skippedBlocks(blocksOf(size)) }))],
  }));
  return clipOf(size, [keyPicture(size), ...others]);
}

/** A picture whose slices each decode nearly all of it again. */
export function overlappingSlices(size: Size, count: number): CameraClip {
  const whole = unit(idrSlice({ data: greyBlocks(blocksOf(size)) }));
  const again = unit(idrSlice({ firstBlock: 1, data: greyBlocks(blocksOf(size) - 1) }));
  const units = [unit(sps(size)), unit(pps()), whole, ...Array<Uint8Array>(count).fill(again)];
  return clipOf(size, [{ isKey: true, units }]);
}

/** The same with ascending slices: one per row, each to the end of the picture. */
export function staggeredSlices(size: Size): CameraClip {
  const rowBlocks = size.width / 16;
  const pictures = Array.from({ length: 15 }, (_, index) => ({
    isKey: false,
    units: Array.from({ length: size.height / 16 }, (_, row) => {
      const firstBlock = row * rowBlocks;
      const data = skippedBlocks(blocksOf(size) - firstBlock);
      return unit(interSlice({ firstBlock, frameNum: index + 1, data }));
    }),
  }));
  return clipOf(size, [keyPicture(size), ...pictures]);
}

/** Keyframes only, each of another size than the previous one. */
export function changingSizes(sizes: readonly Size[]): CameraClip {
  return clipOf(sizes[0] ?? { width: 640, height: 480 }, sizes.map(keyPicture));
}

/** An H.265 picture that repeats its second slice many times. */
export async function overlappingH265(size: string, count: number): Promise<CameraClip> {
  const stream = await ffmpeg(
    ...["-f", "lavfi", "-i", `testsrc2=s=${size}:r=25`, "-frames:v", "1"],
    ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:slices=2"],
    ...["-bsf:v", "hevc_metadata=aud=insert", "-f", "hevc", "-"],
  );
  const clip = h265Clip(stream);
  const pictures = clip.pictures.map(({ isKey, units }) => {
    const last = units.at(-1) ?? new Uint8Array();
    return { isKey, units: [...units, ...Array<Uint8Array>(count).fill(last)] };
  });
  return { ...clip, pictures };
}

/** A clip as a byte stream, for decoding from a file. */
export function streamOf({ pictures }: CameraClip): Uint8Array<ArrayBuffer> {
  return annexB(...pictures.flatMap(({ units }) => units));
}
