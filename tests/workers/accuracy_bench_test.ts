/** The accuracy bench on pictures of the clip of two people, whose places are known. */
import assert from "node:assert/strict";
import { AREAS, atThreshold } from "../../scripts/bench/accuracy/average_precision.ts";
import { comparison } from "../../scripts/bench/accuracy/comparison.ts";
import { readDataSet } from "../../scripts/bench/accuracy/data_set.ts";
import { measure } from "../../scripts/bench/accuracy/measure.ts";
import { parseOptions } from "../../scripts/bench/accuracy/options.ts";
import { figuresOf, mainTable, sizeTable } from "../../scripts/bench/accuracy/table.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { openLibav } from "../../src/libav/open.ts";
import { peopleInClip } from "../support/clips/clip.ts";
import { ffmpeg } from "../support/clips/ffmpeg.ts";
import { type TempFolder, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
/** Every how many frames of the clip there is a picture. */
const STEP = 15;
const FRAMES = [0, STEP, 2 * STEP];
const SIZE = { width: 1280, height: 720 };
const IMAGES = FRAMES.map((_, id) => ({ id, file_name: `${id}.jpg`, ...SIZE }));
/** Left of the upper person, where there is nothing. */
const NOTHING = [1200, 100, 60, 120] as const;

/** Labels of the pictures: the two people of each, and one region that the labels ignore. */
async function labels(): Promise<object> {
  const annotations = [];
  for (const [id, frame] of FRAMES.entries()) {
    for (const { x, y, width, height } of await peopleInClip(frame)) {
      const bbox = [x, y, width, height];
      annotations.push({ image_id: id, category_id: 7, bbox, area: width * height, iscrowd: 0 });
    }
    const area = NOTHING[2] * NOTHING[3];
    annotations.push({ image_id: id, category_id: 7, bbox: NOTHING, area, iscrowd: 0, ignore: 1 });
  }
  return {
    images: IMAGES,
    annotations,
    categories: [{ id: 7, name: "person" }],
  };
}

/** Makes a folder in COCO's format. */
async function makeFolder(): Promise<TempFolder> {
  const folder = tempFolder();
  folder.write("instances.json", JSON.stringify(await labels()));
  Deno.mkdirSync(`${folder.path}/images`);
  const filters = `select=not(mod(n\\,${STEP})),setpts=N/25/TB`;
  const output = ["-q:v", "3", "-start_number", "0", `${folder.path}/images/%d.jpg`];
  await ffmpeg("-i", TWO_PEOPLE_CLIP, "-vf", filters, "-frames:v", `${FRAMES.length}`, ...output);
  return folder;
}

/** Measures with the options of a command line. */
async function measured(folder: string, ...args: readonly string[]) {
  const options = parseOptions([folder, "--runs", "4", ...args]);
  const set = await readDataSet(options.folder);
  using libav = openLibav(locateLibav());
  const all = await measure(libav, set, { ...options, classes: options.classes ?? set.classes });
  return { all, figures: all.map((one) => figuresOf(one, options.confidence)) };
}

Deno.test({
  name: "accuracy bench: both people are found in each picture, by both models and at both shapes",
  ignore,
  async fn() {
    using folder = await makeFolder();
    const { all, figures } = await measured(folder.path, "--shapes", "416x416,640x384");
    for (const [at, { name, bySize, ap50, ap, wallMs, cpuMs }] of figures.entries()) {
      assert.equal(bySize.all.recall, 1, name);
      assert.equal(ap50, 1, name);
      assert.ok(ap !== null && ap > 0.6 && ap <= 1, `${name}: ${ap}`);
      assert.equal(bySize.small.ap, null, name);
      assert.ok(wallMs > 0 && cpuMs > 0, name);
      // Two rounds of three pictures are at least four runs; the pictures count once.
      assert.equal(all[at]?.runs.length, 6);
      const pictures = all[at]?.judged.get("person") ?? [];
      assert.equal(pictures.length, FRAMES.length);
      assert.ok(pictures.every(({ truth }) => truth[2]?.isIgnored));
      const strict = { iou: 0.6, area: AREAS.all, confidence: 0.45 };
      assert.equal(atThreshold(pictures, strict).recall, 1, name);
    }
    const [, cells = ""] = mainTable(figures);
    assert.match(cells, /^nanodet-g 416x416 +0\.\d{3} +1\.000 +- .* \d+\.\d$/);
    assert.equal(sizeTable(figures).length, 2 + figures.length);
    assert.match(
      all.at(-1)?.loaded ?? "",
      /^nanodet-g.*\.onnx, .*, auto, \d+x\d+ at 16:9, cpu, int8 is/,
    );
    const { lines } = comparison(figures);
    assert.match(
      lines[0] ?? "",
      /^builtin:person auto, the default, beside nanodet-g 416x416/,
    );
    assert.match(lines.at(-1) ?? "", /missed|reached/);
    assert.deepEqual(comparison(figures.slice(0, 1)), { lines: [], isMissed: false });
  },
});

Deno.test({
  name: "accuracy bench: labels and pictures that do not fit together are refused",
  ignore,
  async fn() {
    const one = ["--shapes", "416x256", "--models", "builtin:person-int8"];
    const cases: [object, RegExp][] = [
      [{ images: IMAGES.map((image) => ({ ...image, width: 1281 })) }, /0\.jpg is 1280x720/],
      [{ images: IMAGES.slice(1) }, /labels image 0 with class 7/],
      [{ annotations: [{ image_id: 0 }] }, /has not COCO's format/],
    ];
    using folder = await makeFolder();
    const given = await labels();
    for (const [change, says] of cases) {
      folder.write("instances.json", JSON.stringify({ ...given, ...change }));
      await assert.rejects(measured(folder.path, ...one), says);
    }
    folder.write("instances.json", JSON.stringify(given));
    folder.write("images/1.jpg", "no picture");
    await assert.rejects(measured(folder.path, ...one), /1\.jpg is not one whole JPEG/);
  },
});
