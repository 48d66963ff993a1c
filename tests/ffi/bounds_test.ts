/** Streams of real encoders stay within the bounds: every frame that libav decodes is decoded. */
import assert from "node:assert/strict";
import { cString } from "../../src/libav/memory.ts";
import { NULL } from "../../src/libav/pointers.ts";
import { decodeClip } from "../support/clips/bounded_clip.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";
import { tempFolder } from "../support/system/files.ts";
import { testLibav } from "./support.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const FRAMES = 12;

interface Kind {
  /** File name; the extension selects the container. */
  readonly file: string;
  readonly size: string;
  readonly args: string;
}

const X264 = "-c:v libx264 -preset veryfast -threads 1 -g 6";
const X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none:pools=1:frame-threads=1";
const KINDS: readonly Kind[] = [
  { file: "baseline.h264", size: "322x182", args: `${X264} -profile:v baseline -pix_fmt yuv420p` },
  { file: "pyramid.h264", size: "320x180", args: `${X264} -pix_fmt yuv420p -bf 5 -refs 8` },
  { file: "high10.h264", size: "320x180", args: `${X264} -pix_fmt yuv420p10le` },
  { file: "4-2-2.h264", size: "320x180", args: `${X264} -pix_fmt yuv422p10le` },
  { file: "4-4-4.h264", size: "322x182", args: `${X264} -pix_fmt yuv444p` },
  { file: "grey.h264", size: "320x180", args: `${X264} -pix_fmt gray` },
  {
    file: "interlaced.h264",
    size: "320x240",
    args: `${X264} -pix_fmt yuv420p -flags +ildct+ilme -x264-params tff=1:slices=4`,
  },
  { file: "slices.h264", size: "320x180", args: `${X264} -pix_fmt yuv420p -slices 8` },
  {
    file: "packets.h264",
    size: "640x360",
    args: `${X264} -pix_fmt yuv420p -qp 12 -x264-params slice-max-size=1200`,
  },
  {
    file: "rows.h264",
    size: "320x180",
    args: `${X264} -pix_fmt yuv420p -x264-params slice-max-mbs=20`,
  },
  {
    file: "refresh.h264",
    size: "320x180",
    args: `${X264} -pix_fmt yuv420p -x264-params intra-refresh=1:cqm=jvt`,
  },
  { file: "slices.mp4", size: "320x180", args: `${X264} -pix_fmt yuv420p -slices 4` },
  { file: "main.h265", size: "322x182", args: `${X265} -pix_fmt yuv420p` },
  { file: "4-2-2.h265", size: "322x182", args: `${X265} -pix_fmt yuv422p10le` },
  { file: "4-4-4.h265", size: "322x182", args: `${X265} -pix_fmt yuv444p12le` },
  { file: "slices.h265", size: "640x360", args: `${X265}:slices=4:ctu=16 -pix_fmt yuv420p` },
  { file: "wavefront.h265", size: "320x180", args: `${X265}:wpp=1:ctu=16 -pix_fmt yuv420p` },
  { file: "fields.h265", size: "320x180", args: `${X265}:interlace=tff -pix_fmt yuv420p` },
  {
    file: "layers.h265",
    size: "320x180",
    args: `${X265}:temporal-layers=3:bframes=3:b-adapt=0:keyint=6:min-keyint=6 -pix_fmt yuv420p`,
  },
  { file: "slices.mkv", size: "320x180", args: `${X265}:slices=2 -pix_fmt yuv420p` },
  { file: "plain.mjpeg", size: "322x182", args: "-c:v mjpeg -q:v 3 -pix_fmt yuvj422p" },
  { file: "plain.avi", size: "320x180", args: "-c:v mpeg4 -bf 2" },
  { file: "interlaced.m4v", size: "352x288", args: "-c:v mpeg4 -flags +ildct+ilme+aic -bf 2" },
  { file: "plain.webm", size: "320x180", args: "-c:v libvpx -deadline realtime -cpu-used 8" },
  { file: "nine.webm", size: "320x180", args: "-c:v libvpx-vp9 -deadline realtime -cpu-used 8" },
  { file: "one.mkv", size: "320x180", args: "-c:v libaom-av1 -usage realtime -cpu-used 8" },
];

function encode({ size, args }: Kind, path: string): void {
  const source = `testsrc2=s=${size}:r=25`;
  const { success, stderr } = new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", `${FRAMES}`]
      .concat(args.split(" "), [path]),
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

Deno.test({
  name: "bounds: streams of all encoders are decoded within them, bit for bit",
  ignore,
  fn() {
    using libav = testLibav();
    using folder = tempFolder();
    // FFmpeg's own AV1 decoder needs hardware.
    const hasAv1 = libav.avcodec.avcodec_find_decoder_by_name(cString("libdav1d")) !== NULL;
    for (const kind of KINDS.filter(({ file }) => hasAv1 || file !== "one.mkv")) {
      const path = `${folder.path}/${kind.file}`;
      encode(kind, path);
      const [width = 0, height = 0] = kind.size.split("x").map(Number);
      const plain = decodeClip(libav, path, null);
      assert.ok(plain.frames >= FRAMES, `${kind.file}: ${plain.frames} frames`);
      assert.deepEqual(decodeClip(libav, path, width * height), plain, kind.file);
      assert.throws(
        () => decodeClip(libav, path, width * height - 1),
        { code: "STREAM_TOO_LARGE" },
        kind.file,
      );
    }
  },
});

Deno.test({
  name: "bounds: a file with an unsupported codec is refused",
  ignore,
  fn() {
    using libav = testLibav();
    using folder = tempFolder();
    const path = `${folder.path}/loop.gif`;
    encode({ file: "loop.gif", size: "64x64", args: "-c:v gif" }, path);
    assert.throws(() => decodeClip(libav, path, 64 * 64), { code: "STREAM_CODEC" });
  },
});
