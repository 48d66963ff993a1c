/** Colours: a detector gets those that the ffmpeg program decodes from the same clip, and those drawn. */
import assert from "node:assert/strict";
import type { SizePx } from "../../src/core/geometry.ts";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import {
  type ColourClip,
  type Distance,
  distance,
  drawnPictures,
  type Planes,
  readPictures,
  writeClip,
} from "../support/clips/colours.ts";
import { tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { fixedInput } from "../support/models/inputs.ts";

const ignore = ignoreWithout("libav", "ffmpeg");

const SIZE: SizePx = { width: 192, height: 192 };
const SMALL: SizePx = { width: 128, height: 128 };

/** In grey levels; with FFmpeg 5.1 they differed by rounding alone: 0.2 and 0.5. */
const LIKE_FFMPEG: Distance = { mean: 0.6, flat: 2 };
/** The error of compression in flat areas at most; 8 was measured. */
const AS_DRAWN = 11;
/** The error of a wrong matrix or range at least; 14 was measured. */
const WRONG = 12;

const X264 = ["-c:v", "libx264", "-preset", "veryfast", "-qp", "8"];
const X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:qp=8"];
const MJPEG = ["-c:v", "mjpeg", "-q:v", "2"];

const drawn = ignore ? [] : await drawnPictures(SIZE);

type Row = readonly [name: string, file: string, clip: Omit<ColourClip, "size" | "tagged">];

const limited = { range: "tv" } as const;
const full = { range: "pc" } as const;

const TABLE: readonly Row[] = [
  ["H.264 with B-frames, BT.709", "a.mp4", {
    ...limited,
    matrix: "bt709",
    encoder: [...X264, "-bf", "3", "-pix_fmt", "yuv420p"],
  }],
  ["H.264, BT.601", "b.mp4", {
    ...limited,
    matrix: "bt601",
    encoder: [...X264, "-pix_fmt", "yuv420p"],
  }],
  ["H.264, 4:2:2 of 10 bits, BT.709", "c.mp4", {
    ...limited,
    matrix: "bt709",
    encoder: [...X264, "-pix_fmt", "yuv422p10le"],
  }],
  ["H.264, full range, BT.709", "d.mp4", {
    ...full,
    matrix: "bt709",
    encoder: [...X264, "-pix_fmt", "yuv420p"],
  }],
  ["H.264 of 10 bits, full range, BT.601", "e.mp4", {
    ...full,
    matrix: "bt601",
    encoder: [...X264, "-pix_fmt", "yuv420p10le"],
  }],
  ["H.265, BT.709", "f.mp4", {
    ...limited,
    matrix: "bt709",
    encoder: [...X265, "-pix_fmt", "yuv420p"],
  }],
  ["H.265, 4:2:2, BT.601", "g.mp4", {
    ...limited,
    matrix: "bt601",
    encoder: [...X265, "-pix_fmt", "yuv422p"],
  }],
  ["H.265 of 10 bits, BT.2020", "h.mp4", {
    ...limited,
    matrix: "bt2020",
    encoder: [...X265, "-pix_fmt", "yuv420p10le"],
  }],
  ["MJPEG", "i.avi", {
    ...full,
    matrix: "bt601",
    encoder: [...MJPEG, "-pix_fmt", "yuvj420p"],
  }],
  ["MJPEG, 4:2:2", "j.avi", {
    ...full,
    matrix: "bt601",
    encoder: [...MJPEG, "-pix_fmt", "yuvj422p"],
  }],
];

/** A frame that a detector got: its number in the clip, and its tensor. */
interface Seen {
  readonly number: number;
  readonly tensor: Float32Array;
}

/** Some tensors of each size, from one run. */
async function tensors(file: string, sizes: readonly SizePx[]): Promise<Seen[][]> {
  const seen = sizes.map((): Seen[] => []);
  await using run = new CaptureRun({
    source: { url: `file:${file}`, file, loop: true },
    detectors: sizes.map((size, index) => ({
      id: `size-${index}`,
      rateHz: null,
      input: fixedInput(size),
      onFrame: ({ ptsSeconds }, tensor) =>
        void seen[index]?.push({ number: Math.round(ptsSeconds * 25), tensor: tensor.slice() }),
    })),
  });
  await run.until("tensors", () => seen.every(({ length }) => length >= 4));
  return seen;
}

/** The largest distance of any frame. */
function worst(seen: readonly Seen[], pictures: readonly Planes[]): Distance {
  const all = seen.map(({ number, tensor }) => {
    const picture = pictures[number];
    return picture === undefined ? assert.fail(`picture ${number}`) : distance(tensor, picture);
  });
  return {
    mean: Math.max(...all.map(({ mean }) => mean)),
    flat: Math.max(...all.map(({ flat }) => flat)),
  };
}

function assertLike(found: Distance, what: string): void {
  const text = `${what}: ${found.mean.toFixed(2)} grey levels off, ${
    found.flat.toFixed(2)
  } in flat`;
  assert.ok(found.mean < LIKE_FFMPEG.mean && found.flat < LIKE_FFMPEG.flat, text);
}

for (const [name, fileName, clip] of TABLE) {
  Deno.test({
    name: `capture: the colours of ${name} are those of the ffmpeg program and those drawn`,
    ignore,
    async fn() {
      using folder = tempFolder();
      const file = `${folder.path}/${fileName}`;
      await writeClip(file, { ...clip, size: SIZE, tagged: !fileName.endsWith("avi") });
      const matrix = clip.matrix === "bt709" ? "bt601" : "bt709";
      const range = clip.range === "tv" ? "pc" : "tv";
      const [planar, packed, otherMatrix, otherRange, [own = [], small = []]] = await Promise.all([
        readPictures(file, SIZE, "gbrp"),
        readPictures(file, SMALL, "rgb24"),
        readPictures(file, SMALL, "rgb24", `:in_color_matrix=${matrix}`),
        readPictures(file, SMALL, "rgb24", `:in_range=${range}`),
        tensors(file, [SIZE, SMALL]),
      ]);
      assertLike(worst(own, planar), "its own size");
      assertLike(worst(small, packed), "scaled");
      const { flat } = worst(own, drawn);
      assert.ok(flat < AS_DRAWN, `${flat} grey levels off what was drawn`);
      // With another matrix or range it would fail.
      for (const pictures of [otherMatrix, otherRange]) {
        assert.ok(worst(small, pictures).flat > WRONG);
      }
    },
  });
}

Deno.test({
  name:
    "capture: a stream without colour tags is decoded as BT.601 of limited range, like by the " +
    "ffmpeg program, at any height",
  ignore,
  async fn() {
    using folder = tempFolder();
    const file = `${folder.path}/untagged.mp4`;
    const size = { width: 1280, height: 720 };
    const small = { width: 256, height: 144 };
    await writeClip(file, {
      size,
      matrix: "bt601",
      ...limited,
      tagged: false,
      encoder: [...X264, "-pix_fmt", "yuv420p"],
    });
    const [seen = []] = await tensors(file, [small]);
    assertLike(worst(seen, await readPictures(file, small, "rgb24")), "like the ffmpeg program");
    const tagged = await readPictures(file, small, "rgb24", ":in_color_matrix=bt601:in_range=tv");
    assertLike(worst(seen, tagged), "as BT.601");
    const other = await readPictures(file, small, "rgb24", ":in_color_matrix=bt709");
    assert.ok(worst(seen, other).flat > WRONG);
  },
});
