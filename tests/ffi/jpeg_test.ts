import assert from "node:assert/strict";
import { encodeJpeg, JpegEncoder } from "../../src/libav/jpeg.ts";
import {
  type ColourClip,
  distance,
  drawnPictures,
  PICTURES,
  readPictures,
  writeClip,
} from "../support/clips/colours.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Clip, TempFolder, testLibav, TWO_PEOPLE } from "./support.ts";

const SIZE = { width: 192, height: 192 };
const X264 = ["-c:v", "libx264", "-preset", "veryfast", "-qp", "8", "-pix_fmt"];
/** Grey levels in areas of even colour; compression causes 12, another matrix or range 24 to 32. */
const LIKE_DRAWN = 18;

const CLIPS: Readonly<Record<string, Pick<ColourClip, "matrix" | "range" | "encoder">>> = {
  "BT.601": { matrix: "bt601", range: "tv", encoder: [...X264, "yuv420p"] },
  "BT.709": { matrix: "bt709", range: "tv", encoder: [...X264, "yuv420p"] },
  "BT.709, full range": { matrix: "bt709", range: "pc", encoder: [...X264, "yuv420p"] },
  "BT.601, full range, 10 bits": {
    matrix: "bt601",
    range: "pc",
    encoder: [...X264, "yuv420p10le"],
  },
  "BT.709, 4:2:2 of 10 bits": { matrix: "bt709", range: "tv", encoder: [...X264, "yuv422p10le"] },
};

for (const [name, clip] of Object.entries(CLIPS)) {
  Deno.test(`jpeg: a snapshot of a ${name} stream has the original colours`, {
    ignore: ignoreWithout("libav", "ffmpeg"),
  }, async () => {
    using folder = new TempFolder();
    const path = `${folder.path}/clip.mp4`;
    await writeClip(path, { ...clip, size: SIZE, tagged: true });
    const file = `${folder.path}/picture.jpg`;
    {
      using libav = testLibav();
      using open = new Clip(libav, path);
      Deno.writeFileSync(file, new Uint8Array(encodeJpeg(libav, open.first())));
    }
    const [seen] = await readPictures(file, SIZE, "gbrp");
    const [drawn] = await drawnPictures(SIZE);
    assert.ok(seen !== undefined && drawn !== undefined);
    const { flat } = distance(seen.levels.map((level) => level / 255), drawn);
    assert.ok(flat < LIKE_DRAWN, `${flat} grey levels off`);
  });
}

Deno.test("jpeg: a grey frame stays grey, and a large one is halved", {
  ignore: ignoreWithout("libav", "ffmpeg"),
}, async () => {
  using folder = new TempFolder();
  const source = ["-f", "lavfi", "-i", "testsrc2=size=2560x1440", "-frames:v", `${PICTURES}`];
  const path = await folder.make(...source, "-c:v", "rawvideo", "-pix_fmt", "gray", "grey.nut");
  const file = `${folder.path}/picture.jpg`;
  {
    using libav = testLibav();
    using open = new Clip(libav, path);
    Deno.writeFileSync(file, new Uint8Array(encodeJpeg(libav, open.first())));
  }
  using libav = testLibav();
  using open = new Clip(libav, file);
  const { width, height } = open.first();
  assert.deepEqual({ width, height }, { width: 1280, height: 720 });
  const [seen] = await readPictures(file, { width, height }, "gbrp");
  const [wanted] = await readPictures(path, { width, height }, "gbrp");
  assert.ok(seen !== undefined && wanted !== undefined);
  assert.ok(distance(seen.levels.map((level) => level / 255), wanted).flat < LIKE_DRAWN);
});

Deno.test(
  "jpeg: an encoder that is kept gives what one for each frame gives, and frees what it opened",
  {
    ignore: ignoreWithout("libav", "ffmpeg"),
  },
  () => {
    using libav = testLibav();
    using clip = new Clip(libav, TWO_PEOPLE);
    const whole = { crop: { x: 0, y: 0, width: 1280, height: 720 }, strokes: [] };
    const parts = [
      { ...whole, size: { width: 960, height: 540 } },
      { ...whole, size: { width: 640, height: 360 } },
      {
        ...whole,
        crop: { x: 64, y: 32, width: 320, height: 200 },
        size: { width: 320, height: 200 },
      },
      null,
    ];
    clip.first();
    const alive = libav.alive;
    using encoder = new JpegEncoder(libav);
    // Each of them twice, and for another frame.
    for (const part of parts.flatMap((part) => [part, part])) {
      const frame = clip.first();
      const kept = encoder.encode(frame, undefined, part);
      const alone = encodeJpeg(libav, frame, undefined, part);
      assert.deepEqual(new Uint8Array(kept), new Uint8Array(alone));
    }
    assert.ok(libav.alive > alive);
    encoder.release();
    assert.equal(libav.alive, alive);
    assert.ok(encoder.encode(clip.first()).byteLength > 0);
  },
);
