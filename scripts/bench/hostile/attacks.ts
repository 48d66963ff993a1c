/** The hostile cameras of the bench, and an ordinary one for comparison. */
import type { CameraClip } from "../../../tests/support/cameras/faulty_camera/clip.ts";
import { h264Clip } from "../../../tests/support/cameras/faulty_camera/clip.ts";
import {
  changingSizes,
  overlappingH265,
  overlappingSlices,
  smallPictures,
  staggeredSlices,
  tinyPictures,
} from "../../../tests/support/clips/hostile_clips.ts";

/** A clip and how fast it is sent. */
export interface Attack {
  readonly name: string;
  readonly fps: number;
  readonly clip: () => CameraClip | Promise<CameraClip>;
}

const HD = { width: 1920, height: 1088 };

/** The first one is the ordinary camera. */
export const ATTACKS: readonly [Attack, ...Attack[]] = [
  { name: "ordinary", fps: 25, clip: async () => h264Clip(await ordinary()) },
  { name: "huge", fps: 25, clip: () => tinyPictures({ width: 16_384, height: 16_000 }) },
  { name: "tiny-8k", fps: 25, clip: () => tinyPictures({ width: 8192, height: 4320 }) },
  { name: "slices-h264", fps: 25, clip: () => overlappingSlices(HD, 500) },
  { name: "slices-h265", fps: 25, clip: () => overlappingH265("1280x720", 500) },
  { name: "staggered", fps: 25, clip: () => staggeredSlices(HD) },
  { name: "sizes", fps: 25, clip: () => changingSizes([HD, { width: 320, height: 240 }]) },
  { name: "flood", fps: 5000, clip: () => smallPictures({ width: 320, height: 240 }) },
];

/** 640x360 at 25 fps, a keyframe every 2 s. */
async function ordinary(): Promise<Uint8Array> {
  const { success, stdout, stderr } = await new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25", "-frames:v", "100"]
      .concat(
        ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "50"],
        ["-bsf:v", "h264_metadata=aud=insert", "-f", "h264", "-"],
      ),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return stdout;
}
