/** The boxes that arrive at the broker are where the people are, in pixels of the source frame. */
import assert from "node:assert/strict";
import { tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { shareFound } from "../support/models/found.ts";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Rig } from "../support/product/rig.ts";
import { makeScene, SCENES } from "../support/clips/scenes.ts";

const FPS = 25;
const MIN_IOU = 0.7;
const MIN_FOUND = 0.95;
/** How many messages 12 s of the clip give depends on the machine; fewer than this are too few for a share. */
const MIN_MESSAGES = 15;
/** Messages of each scene, and the share of them in which each person is found: all but one at least. */
const SCENE_MESSAGES = 8;
const MIN_SCENE_FOUND = 1 - 1 / SCENE_MESSAGES;

/** The clip's frame at a presentation time: it is played from its start, in a loop if need be. */
function shownOf(clipFrames: number): (ptsSeconds: number) => number {
  return (ptsSeconds) => Math.round(ptsSeconds * FPS) % clipFrames;
}

Deno.test({
  name: "accuracy: with the clip as a file both people are detected in 95 % of messages at IoU 0.7",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using rig = await Rig.start({
      config: [
        `cameras: [{ id: clip, url: "file:${TWO_PEOPLE_CLIP}" }]`,
        "detectors: [{ id: person, model: builtin:person, classes: [person] }]",
      ].join("\n"),
    });
    await rig.orion.waitFor("camera.ended");
    assert.equal(await rig.stop(), 0);
    const messages = inferences(rig.subscriber.messages, new Schemas());
    assert.ok(messages.length >= MIN_MESSAGES, `${messages.length} messages in 12 s`);
    assert.ok(messages.every(({ frame }) => frame.clock === "file"));
    for (const person of [0, 1]) {
      const share = await shareFound(messages, {
        person,
        clipFrame: shownOf(Infinity),
        moved: (box) => box,
        minIou: MIN_IOU,
      });
      assert.ok(share >= MIN_FOUND, `person ${person} was found in ${(share * 100).toFixed(1)} %`);
    }
  },
});

Deno.test({
  name:
    "accuracy: wide, 4:3 and portrait frames, with and without a region, give boxes in source pixels",
  ignore: ignoreWithout("libav", "mosquitto", "ffmpeg"),
  async fn() {
    using folder = tempFolder();
    const cameras: string[] = [];
    const shown = new Map<string, (ptsSeconds: number) => number>();
    for (const scene of SCENES) {
      const { path: clip, frames } = await makeScene(scene, folder.path);
      shown.set(scene.id, shownOf(frames));
      const roi = scene.roi === null ? "" : `, roi: ${JSON.stringify(scene.roi)}`;
      cameras.push(`  - { id: ${scene.id}, url: "file:${clip}", loop: true${roi} }`);
    }
    await using rig = await Rig.start({
      config: [
        "cameras:",
        ...cameras,
        "detectors: [{ id: person, model: builtin:person-int8, rateHz: 2, classes: [person] }]",
      ].join("\n"),
    });
    for (const { id } of SCENES) await rig.inferences(id, SCENE_MESSAGES);
    assert.equal(await rig.stop(), 0);
    const all = inferences(rig.subscriber.messages, new Schemas());
    for (const scene of SCENES) {
      const messages = all.filter(({ camera }) => camera === scene.id);
      for (const { frame, roi } of messages) {
        assert.deepEqual({ width: frame.width, height: frame.height }, scene.size, scene.id);
        assert.equal(roi === null, scene.roi === null, scene.id);
      }
      for (const person of scene.people) {
        const { moved } = scene;
        const clipFrame = shown.get(scene.id) ?? assert.fail(scene.id);
        const share = await shareFound(messages, { person, clipFrame, moved, minIou: MIN_IOU });
        assert.ok(
          share >= MIN_SCENE_FOUND,
          `${scene.id}: person ${person} in ${(share * 100).toFixed(0)} %`,
        );
      }
    }
  },
});
