/** Cameras whose clocks are odd: no picture is lost for it, and its time is as true as can be known. */
import assert from "node:assert/strict";
import { epochMs, sinceMs } from "../../src/core/clock.ts";
import type { FrameMeta } from "../../src/core/frame_meta.ts";
import { makeRawClip } from "../support/clips/camera_clips.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import type { FrameEntry } from "../support/cameras/faulty_camera/log.ts";
import type { FaultyCameraOptions, Stamps } from "../support/cameras/faulty_camera/options.ts";
import { patternCameraClip, PatternWatch } from "../support/cameras/faulty_camera/pattern_watch.ts";
import { PATIENCE } from "../support/system/lines.ts";
import { ignoreWithout } from "../support/system/parts.ts";

/** Pictures that a decoder holds back at the end, and which count as left out. */
const B_FRAMES = 2;
const ignore = ignoreWithout("libav", "ffmpeg");
const FPS = 50;
/** Between two pictures at that rate. */
const INTERVAL_SECONDS = 1 / FPS;

const NO_CLIP: CameraClip = { codec: "h264", pictures: [], parameterSets: [] };
const clip = ignore ? NO_CLIP : await patternCameraClip(400);
const reordered = ignore ? NO_CLIP : await makeRawClip({
  ...{ codec: "h264", size: { width: 160, height: 96 }, frames: 200 },
  ...{ keyframeInterval: 20, bFrames: B_FRAMES },
});

/** Each frame that was taken, beside what the camera knows of it: nothing may have been lost before. */
function pairs(watch: PatternWatch, camera: FaultyCamera): (readonly [FrameMeta, FrameEntry])[] {
  return watch.run.frames.map(({ meta }) => {
    const sent = camera.log.frames[meta.seq];
    assert.ok(sent, `picture ${meta.seq} was never sent`);
    return [meta, sent] as const;
  });
}

/** What is wrong with the stamps, and what is to be counted of so many frames. */
interface OddStamps {
  readonly what: string;
  readonly stamps: Partial<Stamps>;
  readonly clip?: CameraClip;
  readonly counted: (frames: number) => Readonly<Record<string, number>>;
}

const NONE = { outlier: 0, jump: 0, constant: 0 };
/** Seconds of the stream at which clocks jump. */
const AT = 0.6;
const FRAMES = 90;

const ODD: readonly OddStamps[] = [
  {
    what: "stamps each tenth picture hours away",
    stamps: { outlier: { everyFrames: 10, bySeconds: -9800 } },
    counted: (frames) => ({ ...NONE, outlier: Math.floor((frames - 1) / 10) }),
  },
  {
    what: "stamps each tenth picture five seconds ahead",
    stamps: { outlier: { everyFrames: 10, bySeconds: 5 } },
    counted: (frames) => ({ ...NONE, outlier: Math.floor((frames - 1) / 10) }),
  },
  {
    what: "stamps all pictures alike",
    stamps: { isConstant: true },
    counted: (frames) => ({ ...NONE, constant: frames - 2 }),
  },
  {
    what: "jumps back by five seconds",
    stamps: { jumps: [{ atSeconds: AT, bySeconds: -5 }] },
    counted: () => ({ ...NONE, jump: 1 }),
  },
  {
    what: "jumps ahead by an hour and back",
    stamps: {
      jumps: [{ atSeconds: AT, bySeconds: 3600 }, { atSeconds: 2 * AT, bySeconds: -3600 }],
    },
    counted: () => ({ ...NONE, jump: 2 }),
  },
  {
    what: "jumps back by five seconds, with B-frames",
    clip: reordered,
    stamps: { jumps: [{ atSeconds: AT, bySeconds: -5 }] },
    counted: () => ({ ...NONE, jump: 1 }),
  },
  {
    what: "sends B-frames, and stamps each tenth picture hours away",
    clip: reordered,
    stamps: { outlier: { everyFrames: 10, bySeconds: -9800 } },
    counted: (frames) => ({ ...NONE, outlier: Math.floor((frames - 1) / 10) }),
  },
  {
    what: "runs 5 % fast",
    stamps: { clockRateFactor: 1.05 },
    counted: () => NONE,
  },
];

for (const { what, stamps, clip: own = clip, counted } of ODD) {
  Deno.test({
    name:
      `rtsp: of a camera that ${what} every picture comes, at a sane position, and it is counted`,
    ignore,
    async fn() {
      await using camera = FaultyCamera.start({ clip: own, playback: { fps: FPS }, stamps });
      await using watch = new PatternWatch(camera);
      await watch.pictures(FRAMES);
      // What is odd is known only when the next picture has come.
      const { network, account } = await watch.assertUndisturbed(B_FRAMES);
      // Of those that were sent last some may have been read and not received as frames when it ended.
      const least = counted(account.received);
      const most = counted(camera.log.frames.length);
      for (const kind of ["outlier", "jump", "constant"]) {
        const found = network?.anomalies[kind] ?? -1;
        const [from = NaN, to = NaN] = [least[kind], most[kind]];
        assert.ok(found >= from - 1 && found <= to + 1, `${kind}: ${found} of ${from} to ${to}`);
      }
      const metas = watch.run.frames.map(({ meta }) => meta);
      // Where one whose stamp is odd belongs among B-frames can't be known.
      const backSeconds = own === reordered ? (B_FRAMES + 1) * INTERVAL_SECONDS : 0;
      for (const [index, meta] of metas.entries()) {
        const before = metas[index - 1];
        if (before === undefined) continue;
        const stepSeconds = (meta.ptsSeconds - before.ptsSeconds) / (meta.seq - before.seq);
        assert.ok(
          stepSeconds > -backSeconds,
          `position ${meta.ptsSeconds} after ${before.ptsSeconds}`,
        );
        assert.ok(stepSeconds < 10 * INTERVAL_SECONDS, `a step of ${stepSeconds} s`);
      }
      const first = metas[0];
      const last = metas.at(-1);
      assert.ok(first && last);
      const spanSeconds = last.ptsSeconds - first.ptsSeconds;
      const shownSeconds = (last.seq - first.seq) * INTERVAL_SECONDS;
      assert.ok(
        Math.abs(spanSeconds / shownSeconds - 1) < 0.25,
        `${spanSeconds} s for ${shownSeconds}`,
      );
    },
  });
}

// ------------------------------------------------------------------------------ when captured

/** How far the time of capture may be from the camera's own. */
const MAX_OFF_MS = 300;
/** How far two clocks of one machine may be from one another. */
const CLOCKS_MS = 20;
/** Sender reports after which it has to be right. */
const REPORTS = 2;
const REPORT_SECONDS = 0.6;

interface CameraTime {
  readonly what: string;
  readonly options: FaultyCameraOptions;
  /** How far the camera's own clock is from the true one, at that second of the stream. */
  readonly offMs: (seconds: number) => number;
  /** From then on it has to be right, in seconds of the stream. */
  readonly fromSeconds: number;
}

const PUT_RIGHT_AT = 1.5;

const TIMES: readonly CameraTime[] = [
  {
    what: "is five seconds late",
    options: { reports: { everySeconds: REPORT_SECONDS, offsetSeconds: -5 } },
    offMs: () => -5000,
    fromSeconds: REPORTS * REPORT_SECONDS,
  },
  {
    what: "is put right by 40 s",
    options: {
      reports: {
        everySeconds: REPORT_SECONDS,
        offsetSeconds: -40,
        corrections: [{ atSeconds: PUT_RIGHT_AT, offsetSeconds: 0 }],
      },
    },
    offMs: (seconds) => seconds < PUT_RIGHT_AT ? -40_000 : 0,
    fromSeconds: PUT_RIGHT_AT + REPORTS * REPORT_SECONDS,
  },
  {
    what: "stamps 5 % fast",
    options: { reports: { everySeconds: REPORT_SECONDS }, stamps: { clockRateFactor: 1.05 } },
    offMs: () => 0,
    fromSeconds: REPORTS * REPORT_SECONDS,
  },
  {
    what: "stamps odd pictures",
    options: {
      reports: { everySeconds: REPORT_SECONDS },
      stamps: { outlier: { everyFrames: 7, bySeconds: -20 } },
    },
    offMs: () => 0,
    fromSeconds: REPORTS * REPORT_SECONDS,
  },
  {
    what: "jumps back by five seconds",
    options: {
      reports: { everySeconds: REPORT_SECONDS },
      stamps: { jumps: [{ atSeconds: PUT_RIGHT_AT, bySeconds: -5 }] },
    },
    offMs: () => 0,
    fromSeconds: REPORTS * REPORT_SECONDS,
  },
];

for (const { what, options, offMs, fromSeconds } of TIMES) {
  Deno.test({
    name: `rtsp: pictures of a camera whose clock ${what} carry its time within two sender reports`,
    ignore,
    async fn() {
      await using camera = FaultyCamera.start({ clip, playback: { fps: FPS }, ...options });
      await using watch = new PatternWatch(camera);
      await watch.pictures(Math.ceil((fromSeconds + 3 * REPORT_SECONDS) * FPS));
      await watch.assertUndisturbed();
      let compared = 0;
      for (const [meta, { index, dueWallMs }] of pairs(watch, camera)) {
        const seconds = index * INTERVAL_SECONDS;
        if (seconds < fromSeconds) continue;
        compared++;
        assert.equal(meta.clock, "rtcp");
        const off = sinceMs(dueWallMs, meta.capturedAtMs) - offMs(seconds);
        assert.ok(Math.abs(off) <= MAX_OFF_MS * PATIENCE, `off by ${off} ms after ${seconds} s`);
      }
      assert.ok(compared > 20, `only ${compared} pictures were compared`);
    },
  });
}

for (const fps of [1, 5, 25]) {
  Deno.test({
    name:
      `rtsp: without sender reports a picture's time is that of its arrival, at ${fps} a second`,
    ignore,
    async fn() {
      await using camera = FaultyCamera.start({ clip, playback: { fps } });
      await using watch = new PatternWatch(camera, { stallTimeoutMs: 10_000 });
      await watch.pictures(Math.max(4, 2 * fps));
      await watch.assertUndisturbed();
      const lateMs = pairs(watch, camera).map(([meta, { dueWallMs, sentWallMs }], index) => {
        assert.equal(meta.clock, "arrival");
        const arrivedMs = performance.timeOrigin + (watch.run.frames[index]?.arrivedAtMs ?? NaN);
        const off = epochMs(meta.capturedAtMs) - arrivedMs;
        assert.ok(Math.abs(off) <= CLOCKS_MS, `picture ${meta.seq} is off by ${off} ms`);
        // Of those that are read together it is known by their distances, which do not tell of a camera
        // that was late itself.
        const early = sinceMs(meta.capturedAtMs, dueWallMs);
        assert.ok(early <= CLOCKS_MS, `picture ${meta.seq} is ${early} ms early`);
        return sinceMs(sentWallMs, meta.capturedAtMs);
      });
      // A busy machine reads some later, and not all.
      assert.ok(Math.min(...lateMs) <= 50 * PATIENCE, `${lateMs}`);
    },
  });
}
