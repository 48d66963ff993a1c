/** The real decoder on a held clock: what is decoded when keyframes do not come. */
import assert from "node:assert/strict";
import { makeRawClip } from "../support/clips/camera_clips.ts";
import { DecodingRig, type RigOptions } from "../support/streams/decoding_rig.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { patternClip } from "../support/clips/pattern.ts";
import { testLibav } from "./support.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const FPS = 25;
const FRAME_MS = 1000 / FPS;
const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
const SIZE = { width: 160, height: 96 } as const;

/** A keyframe every two seconds, then none for 20 s. */
const adaptive = ignore ? NO_CLIP : await adaptiveClip(30);
/** A shorter one, with two B-frames in a row. */
const reordered = ignore ? NO_CLIP : await makeRawClip({
  ...{ codec: "h264", size: SIZE, frames: 200, keyframeInterval: 100, bFrames: 2 },
});
const refreshed = ignore ? NO_CLIP : await makeRawClip({
  ...{ codec: "h264", size: SIZE, frames: 300, keyframeInterval: 25, isIntraRefresh: true },
});

async function adaptiveClip(seconds: number): Promise<CameraClip> {
  const encoder = ["-bf", "0", "-g", "9999", "-keyint_min", "1", "-sc_threshold", "0"];
  encoder.push("-force_key_frames", "0,2,4,6,8,10");
  return { codec: "h264", ...await patternClip(seconds * FPS, encoder) };
}

/** Plays a camera in a rig of its own; disposing of that asserts that every frame is settled. */
async function withRig(
  options: Partial<RigOptions>,
  play: (rig: DecodingRig) => Promise<void>,
): Promise<void> {
  using libav = testLibav();
  using rig = new DecodingRig(libav, { clip: adaptive, fps: FPS, ratesHz: [1], ...options });
  await play(rig);
}

for (const rateHz of [0.5, 1, 2, 5, 10]) {
  Deno.test({
    name:
      `decoding: when keyframes stop, a detector at ${rateHz} Hz waits two frames longer at most`,
    ignore,
    fn: () =>
      withRig({ ratesHz: [rateHz] }, async (rig) => {
        await rig.play(adaptive.pictures.length);
        const pauseMs = rig.longestPauseMs("d0");
        assert.ok(pauseMs <= 1000 / rateHz + 2 * FRAME_MS, `a pause of ${pauseMs} ms`);
        assert.ok(rig.taken.length >= 29 * rateHz, `${rig.taken.length} in 30 s`);
        assert.ok(rig.sent < adaptive.pictures.length, `${rig.sent} decoded`);
        const { undecoded, decoded, detectors } = rig.account;
        assert.ok(undecoded.asleep + undecoded.keyframes > 0, "it slept while keyframes came");
        assert.equal(rig.catchUps, 1);
        assert.ok((detectors[0]?.dropped.catchup ?? 0) > 0);
        assert.equal(decoded, rig.sent, "each packet is decoded once");
      }),
  });
}

Deno.test({
  name:
    "decoding: frames count as received on arrival, and are settled when they are decoded or discarded",
  ignore,
  fn: () =>
    withRig({ ratesHz: [0.5] }, async (rig) => {
      await rig.play(6 * FPS - 10);
      const asleep = rig.account;
      assert.equal(asleep.received, 6 * FPS - 10);
      assert.equal(asleep.undecoded.buffered, 2 * FPS - 11, "all since the last keyframe");
      assert.equal(rig.buffer?.packets, 2 * FPS - 10);
      await rig.play(20);
      const next = rig.account;
      assert.equal(next.undecoded.buffered, 9);
      assert.equal(next.undecoded.keyframes - asleep.undecoded.keyframes, 2 * FPS - 1);
      assert.equal(next.decoded, asleep.decoded + 1);
      rig.snapshots.request((snapshot) => assert.ok("bytes" in snapshot));
      await rig.play(1);
      const awake = rig.account;
      assert.equal(awake.undecoded.buffered, 0);
      assert.equal(awake.decoded, next.decoded + 10);
      assert.equal(awake.detectors[0]?.dropped.catchup, 9);
    }),
});

Deno.test({
  name: "decoding: each of several requests owns the bytes of the one snapshot",
  ignore,
  fn: () =>
    withRig({ ratesHz: [0.1] }, async (rig) => {
      const pictures: ArrayBuffer[] = [];
      for (let request = 0; request < 2; request++) {
        rig.snapshots.request((snapshot) => {
          assert.ok("bytes" in snapshot);
          // As the worker does, which posts it to main.
          pictures.push(snapshot.bytes.transfer());
        });
      }
      await rig.play(1);
      const [first, second] = pictures;
      assert.ok(first !== undefined && second !== undefined && first.byteLength > 500);
      assert.deepEqual(new Uint8Array(first), new Uint8Array(second));
    }),
});

Deno.test({
  name: "decoding: repeated snapshots make no packet be decoded twice",
  ignore,
  fn: () =>
    withRig({ ratesHz: [0.1], source: { stallTimeoutMs: 60_000 } }, async (rig) => {
      let pictures = 0;
      for (let request = 0; request < 40; request++) {
        rig.snapshots.request(() => pictures++);
        await rig.play(5);
      }
      assert.equal(pictures, 40);
      assert.ok(rig.catchUps > 10, `${rig.catchUps}`);
      assert.ok(rig.sent <= 200, `${rig.sent} decoded`);
    }),
});

Deno.test({
  name:
    "decoding: a packet that the decoder rejects in a catch-up is corrupt, once, and so are later ones",
  ignore,
  fn: () =>
    withRig({ ratesHz: [0.5] }, async (rig) => {
      await rig.play(6 * FPS - 20);
      // A slice that refers to a parameter set that was never sent.
      await rig.play(1, { units: [Uint8Array.of(0x41, 0x80, 0x40, 0x00)] });
      await rig.play(4);
      const { undecoded, corrupt } = rig.account;
      assert.equal(corrupt, 0, "it was not decoded yet");
      rig.snapshots.request(() => undefined);
      await rig.play(1);
      const after = rig.account;
      assert.equal(after.undecoded.buffered, 0);
      assert.equal(after.corrupt, 1 + 4 + 1, "it, those that refer to it, and the newest");
      assert.equal(after.detectors[0]?.dropped.catchup, undecoded.buffered - 5);
      await rig.play(16);
      assert.equal(rig.taken.at(-1)?.seconds, 6, "frames are intact from the next keyframe on");
    }),
});

Deno.test({
  name: "decoding: a gap in the stream, or its end, settles the buffered frames",
  ignore,
  fn: () =>
    withRig({ ratesHz: [0.5] }, async (rig) => {
      await rig.play(6 * FPS - 20);
      assert.ok(rig.account.undecoded.buffered > 20);
      await rig.play(1, { isCorrupt: true });
      assert.equal(rig.account.undecoded.buffered, 0);
      assert.equal(rig.account.corrupt, 1);
      await rig.play(40);
      assert.ok(rig.account.undecoded.buffered > 10);
      rig.reconnect();
      assert.equal(rig.account.undecoded.buffered, 0);
      assert.equal(rig.buffer?.packets, 0);
      const { decoded } = rig.account;
      await rig.play(2 * FPS);
      assert.ok(rig.account.decoded > decoded, "the next connection decodes");
    }),
});

Deno.test({
  name: "decoding: a decoder with delayed B-frames is restarted, and nothing is counted twice",
  ignore,
  fn: () =>
    withRig({ clip: reordered, ratesHz: [0.25] }, async (rig) => {
      await rig.play(330);
      const newest = rig.taken.at(-1);
      assert.deepEqual([newest?.seconds, newest?.atMs], [12, 1000 + 301 * FRAME_MS + 1]);
      const before = rig.account;
      assert.ok(before.undecoded.buffered > 20, `${before.undecoded.buffered}`);
      rig.snapshots.request(() => undefined);
      await rig.play(6);
      const after = rig.account;
      assert.equal(after.undecoded.buffered, 0);
      assert.ok(after.undecoded.nonref > before.undecoded.nonref, "B-frames are skipped");
      assert.equal(after.corrupt, 0);
      await rig.play(64);
      assert.equal(rig.account.received + rig.ledger.pending, 400);
    }),
});

for (const rateHz of [0.5, 1, 2]) {
  Deno.test({
    name: `decoding: intra refresh, joined in its middle, keeps a rate of ${rateHz} Hz`,
    ignore,
    fn: () =>
      withRig({ clip: refreshed, ratesHz: [rateHz], startFrame: 40 }, async (rig) => {
        // The clip's one keyframe does not come.
        await rig.play(refreshed.pictures.length - 41);
        assert.ok(rig.waits > 0, "it waits for a keyframe");
        const [first] = rig.taken;
        assert.ok(first !== undefined && first.seconds < 3, `the first at ${first?.seconds} s`);
        const pauseMs = rig.longestPauseMs("d0");
        assert.ok(pauseMs <= 1000 / rateHz + 2 * FRAME_MS, `a pause of ${pauseMs} ms`);
      }),
  });
}

Deno.test({
  name: "decoding: in the middle of a long GOP it waits for a keyframe, with nothing to settle",
  ignore,
  fn: () =>
    withRig({ startFrame: 10 * FPS + 1 }, async (rig) => {
      const untilKey = 20 * FPS - 1;
      await rig.play(untilKey);
      assert.equal(rig.waits, untilKey);
      assert.equal(rig.account.corrupt, untilKey);
      assert.equal(rig.buffer?.packets, 0);
      await rig.play(2 * FPS);
      assert.equal(rig.waits, untilKey);
      assert.deepEqual(rig.taken.map(({ seconds }) => seconds), [untilKey / FPS, 20.96]);
    }),
});

Deno.test({
  name: "decoding: a GOP that began while no detector was active can be caught up with",
  ignore,
  fn: () =>
    withRig({}, async (rig) => {
      rig.bus.update({ detector: "d0", rateHz: 1, paused: true, pictures: false });
      await rig.play(20);
      assert.equal(rig.account.undecoded.buffered, 20);
      assert.equal(rig.sent, 0);
      rig.bus.update({ detector: "d0", rateHz: 1, paused: false, pictures: false });
      await rig.play(3);
      assert.equal(rig.taken[0]?.seconds, 20 / FPS);
      assert.equal(rig.account.undecoded.buffered, 0);
      assert.equal(rig.account.corrupt, 0);
    }),
});
