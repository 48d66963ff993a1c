/** Cameras with sparse or missing keyframes: frames are delivered all the same. */
import assert from "node:assert/strict";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import { patternCameraClip } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { PATTERN_SIZE, readPattern } from "../support/clips/pattern.ts";
import { fixedInput } from "../support/models/inputs.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
/** The encoder's frame rate, whatever the camera plays. */
const ENCODED_FPS = 25;
const FPS = 100;
const FRAMES = 600;
/** A keyframe each half second as it is played, then none for 4.5 s. */
const KEYFRAMES = [0, 50, 100, 150];

const seldom = ignore ? NO_CLIP : await patternCameraClip(FRAMES, [
  ...["-g", "9999", "-keyint_min", "1", "-force_key_frames"],
  KEYFRAMES.map((frame) => frame / ENCODED_FPS).join(","),
]);

Deno.test({
  name: "capture: when a camera's keyframes stop, complete frames are still delivered",
  ignore,
  async fn() {
    const playback = { fps: FPS, isOnce: true };
    await using camera = FaultyCamera.start({ clip: seldom, playback });
    const seen: { number: number; wrong: number }[] = [];
    await using run = new CaptureRun({
      source: { url: camera.url },
      detectors: [{
        id: "reader",
        rateHz: 2,
        input: fixedInput(PATTERN_SIZE),
        onFrame: (_meta, tensor) => void seen.push(readPattern(tensor)),
      }],
    });
    const isAt = (number: number) => () => (run.frames.at(-1)?.meta.seq ?? 0) >= number;
    // Not its end: on a busy machine the last frame delivered is well before it.
    await run.until("a picture far from keyframes", isAt(FRAMES - 200));
    const { info } = await run.report();
    const { account, gopBuffer, reconnects } = await run.stop();
    assertCloses(account);
    assert.deepEqual(seen.filter(({ wrong }) => wrong > 0), [], "damaged pictures");
    // Long enough without a keyframe for one to be missing, at 50 fps, plus tolerance for a busy machine.
    const seqs = run.frames.map(({ meta }) => meta.seq);
    const gaps = seqs.slice(1).map((seq, index) => seq - (seqs[index] ?? 0));
    assert.ok(Math.max(...gaps) < 300, `taken: ${seqs}`);
    assert.ok(gopBuffer.catchUps > 0 && gopBuffer.maxBytes > 0);
    assert.equal(gopBuffer.packets, 0, "a connection that ended keeps nothing");
    assert.ok((account.detectors[0]?.dropped.catchup ?? 0) > 0);
    assert.equal(account.undecoded.buffered, 0);
    assert.equal(reconnects, 0);
    const { fps = null, longestKeyframeIntervalSeconds = null } = info ?? {};
    assert.ok(fps === null || Math.abs(fps / FPS - 1) < 0.25, `${fps} fps`);
    assert.equal(longestKeyframeIntervalSeconds?.toFixed(1), "0.5");
  },
});

Deno.test({
  name:
    "capture: after joining within a GOP, the next keyframe is awaited for longer than the stall time",
  ignore,
  async fn() {
    // The clip restarts after 2 s.
    const playback = { fps: FPS, startFrame: FRAMES - 200 };
    await using camera = FaultyCamera.start({ clip: seldom, playback });
    await using run = new CaptureRun({
      source: { url: camera.url, stallTimeoutMs: 1000 },
      detectors: [{ id: "reader", rateHz: null }],
    });
    await run.further(1);
    const { account } = await run.stop();
    assert.equal(camera.log.connections.length, 1);
    const states = run.states.map(({ state, reason }) => `${state} ${reason}`);
    const waiting = states.indexOf("connecting WAITING_FOR_KEYFRAME");
    assert.ok(waiting >= 0 && states[waiting + 1] === "online null", `${states}`);
    assert.ok(account.corrupt >= 200, `${account.corrupt}`);
    assertCloses(account);
  },
});
