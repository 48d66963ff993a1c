/** Cameras with several tracks: which one is selected. */
import assert from "node:assert/strict";
import { makeRawClip } from "../support/clips/camera_clips.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import type { Track } from "../support/cameras/faulty_camera/options.ts";
import { patternCameraClip, PatternWatch } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const FPS = 50;

const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
const clip = ignore ? NO_CLIP : await patternCameraClip(200);

const AUDIO: Track = { kind: "audio" };
const METADATA: Track = { kind: "metadata" };

/** The tracks in order, and the expected selection. */
async function trackCases(): Promise<readonly (readonly [string, readonly Track[], number])[]> {
  const size = { width: 160, height: 96 };
  const small = await makeRawClip({ codec: "h264", size, frames: 100, keyframeInterval: 10 });
  const large: Track = { kind: "video", clip };
  const other: Track = { kind: "video", clip: small };
  return [
    ["audio first", [AUDIO, large], 1],
    ["metadata first", [METADATA, AUDIO, large], 2],
    ["a smaller track after it", [large, other], 0],
    ["a smaller track before it", [other, large], 1],
    ["a dead track before it", [{ ...large, isDead: true }, large], 1],
    ["a dead larger track before it", [{ ...large, isDead: true }, other], 1],
    ["a dead track after it", [large, { ...large, isDead: true }], 0],
  ];
}

Deno.test({
  name: "rtsp: of a camera's tracks the largest that sends is played and reported",
  ignore,
  async fn(t) {
    for (const [what, tracks, wanted] of await trackCases()) {
      const sprops = ["present", "absent"] as const;
      // A dead track delays the selection: one run suffices.
      const isDead = tracks.some((track) => track.kind === "video" && track.isDead === true);
      for (const sprop of isDead ? sprops.slice(0, 1) : sprops) {
        await t.step(`${what}, parameter sets ${sprop}`, async () => {
          await using camera = FaultyCamera.start({
            tracks,
            playback: { fps: FPS },
            description: { sprop },
          });
          await using watch = new PatternWatch(camera);
          await watch.pictures(5);
          const { network } = await watch.run.report();
          assert.equal(network?.track?.index, wanted);
          assert.equal(network.track.others.length, tracks.length - 1);
          assert.equal(
            watch.run.logs.filter(({ event }) => event === "camera.track_chosen").length,
            1,
          );
          const setUps = camera.log.of("SETUP").map(({ uri }) => Number(uri.at(-1)) - 1);
          assert.ok(setUps.every((index) => tracks[index]?.kind === "video"), `${setUps}`);
          assert.equal(camera.log.connections.length, 1);
        });
      }
    }
  },
});

Deno.test({
  name: "rtsp: the configured track is played, whatever the others are",
  ignore,
  async fn() {
    const size = { width: 160, height: 96 };
    const small = await makeRawClip({ codec: "h264", size, frames: 50, keyframeInterval: 10 });
    const tracks: readonly Track[] = [{ kind: "video", clip }, { kind: "video", clip: small }];
    await using camera = FaultyCamera.start({ tracks, playback: { fps: FPS } });
    await using watch = new PatternWatch(camera, { track: 1 });
    await watch.pictures(5);
    assert.equal((await watch.run.report()).info?.width, size.width);
    assert.deepEqual(camera.log.of("SETUP").map(({ uri }) => uri.at(-1)), ["2"]);
  },
});
