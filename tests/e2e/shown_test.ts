/** Rotated or squeezed pictures: people are detected as in upright ones with square pixels. */
import assert from "node:assert/strict";
import { type TempFolder, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { shareFound } from "../support/models/found.ts";
import { type InferenceMessage, inferences, Schemas } from "../support/brokers/messages.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { runOrion } from "../support/product/process.ts";
import { Rig } from "../support/product/rig.ts";
import { jpegSize } from "../support/clips/jpeg.ts";
import { ffmpeg } from "../support/clips/ffmpeg.ts";

const MESSAGES = 10;
const FPS = 25;
/** Frames of each clip, which is played in a loop. */
const FRAMES = 50;
const MIN_FOUND = 0.9;
const MIN_IOU = 0.7;

interface Case {
  readonly id: string;
  /** How the clip of two people is transformed, and the metadata that its file gets. */
  readonly filters: string;
  readonly tags: readonly string[];
  /** Keys of the camera. */
  readonly keys: string;
  readonly status: Readonly<Record<string, number>>;
}

const SIDEWAYS = { codedWidth: 720, codedHeight: 1280, rotation: 90, sampleAspectRatio: 1 };
const SQUEEZED = { codedWidth: 640, codedHeight: 720, rotation: 0, sampleAspectRatio: 2 };

const CASES: readonly Case[] = [
  // ffmpeg writes this tag as a counterclockwise rotation by 270 degrees, which is 90 clockwise.
  {
    id: "turned",
    filters: "transpose=cclock",
    tags: ["-metadata:s:v:0", "rotate=270"],
    keys: "",
    status: SIDEWAYS,
  },
  { id: "side", filters: "transpose=cclock", tags: [], keys: ", rotate: 90", status: SIDEWAYS },
  { id: "narrow", filters: "scale=640:720,setsar=2", tags: [], keys: "", status: SQUEEZED },
  {
    id: "squeezed",
    filters: "scale=640:720,setsar=1",
    tags: [],
    keys: ', aspect: "16:9"',
    status: SQUEEZED,
  },
];

/** Encodes the start of the clip. The tag can only be set on an encoded file. */
async function make({ id, filters, tags }: Case, folder: TempFolder): Promise<string> {
  const encoded = `${folder.path}/${id}-0.mp4`;
  const encoder = "-c:v libx264 -preset ultrafast -crf 20 -g 25 -bf 0".split(" ");
  await ffmpeg(
    "-i",
    TWO_PEOPLE_CLIP,
    "-frames:v",
    `${FRAMES}`,
    "-an",
    "-vf",
    filters,
    ...encoder,
    encoded,
  );
  const path = `${folder.path}/${id}.mp4`;
  await ffmpeg("-i", encoded, "-c", "copy", ...tags, path);
  return path;
}

async function assertPeople(messages: readonly InferenceMessage[], id: string): Promise<void> {
  assert.ok(messages.length >= MESSAGES, id);
  for (const { frame: { width, height } } of messages) {
    assert.deepEqual({ width, height }, { width: 1280, height: 720 }, id);
  }
  for (const person of [0, 1]) {
    const share = await shareFound(messages, {
      person,
      clipFrame: (ptsSeconds) => Math.round(ptsSeconds * FPS) % FRAMES,
      moved: (box) => box,
      minIou: MIN_IOU,
    });
    const found = `person ${person} in ${(share * 100).toFixed(0)} % of ${messages.length}`;
    assert.ok(share >= MIN_FOUND, `${id}: ${found}`);
  }
}

Deno.test({
  name:
    "shown: people are detected in rotated pictures and in those with squeezed pixels, at their " +
    "places in the picture as shown",
  ignore: ignoreWithout("libav", "mosquitto", "ffmpeg"),
  async fn() {
    using folder = tempFolder();
    const files = await Promise.all(CASES.map((one) => make(one, folder)));
    const cameras = CASES.map(({ id, keys }, index) =>
      `  - { id: ${id}, url: "file:${files[index]}", loop: true${keys} }`
    );
    await using rig = await Rig.start({
      config: [
        `cameras:\n${cameras.join("\n")}`,
        "detectors: [{ id: person, model: builtin:person-int8, rateHz: 3, classes: [person] }]",
      ].join("\n"),
    });
    for (const { id } of CASES) await rig.inferences(id, MESSAGES);
    const report = assertReportCloses((await rig.get("/status")).body);
    for (const { id, status } of CASES) {
      const camera = report.cameras.find((camera) => camera.id === id);
      const { width, height, codedWidth, codedHeight, rotation, sampleAspectRatio } = camera ??
        assert.fail(id);
      assert.deepEqual(
        { width, height, codedWidth, codedHeight, rotation, sampleAspectRatio },
        { width: 1280, height: 720, ...status },
        id,
      );
      const picture = await fetch(`${rig.httpUrl}/cameras/${id}/snapshot.jpg`);
      assert.deepEqual(jpegSize(await picture.bytes()), { width: 1280, height: 720 }, id);
    }
    const probed = await runOrion(["probe", `file:${files[0]}`]);
    assert.match(
      probed.stdout,
      /size: +1280x720, yuv420p \(coded 720x1280, rotated by 90 degrees\)/,
    );
    assert.equal(await rig.stop(), 0);
    const all = inferences(rig.subscriber.messages, new Schemas());
    for (const { id } of CASES) {
      await assertPeople(all.filter(({ camera }) => camera === id), id);
    }
  },
});
