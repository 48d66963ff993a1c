/** The library's frames, with the real libav: of a file, and of a camera. */
import assert from "node:assert/strict";
import { frames, OrionError, unletterbox } from "@orion/orion/libav";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import { PATTERN_SIZE, patternClip } from "../support/clips/pattern.ts";
import { jpegSize } from "../support/clips/jpeg.ts";
import { PASSWORD, REALM, tracesIn, USER } from "../support/product/secrecy.ts";
import { TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const FILE = `file:${TWO_PEOPLE_CLIP}`;
const WITH_FILE = ignoreWithout("libav");
const WITH_CAMERA = ignoreWithout("libav", "ffmpeg");
const INPUT = { width: 160, height: 160 } as const;
const AUTH = { user: USER, password: PASSWORD, realm: REALM, scheme: "digest-md5" } as const;

async function cameraClip(): Promise<CameraClip> {
  return { codec: "h264", ...await patternClip(50, ["-bf", "0", "-g", "25"]) };
}

/** Why a loop ended. */
async function reasonOf(stream: AsyncIterable<unknown>): Promise<OrionError> {
  try {
    for await (const _frame of stream);
  } catch (error) {
    assert.ok(error instanceof OrionError, `${error}`);
    return error;
  }
  return assert.fail("the loop ended without an error");
}

Deno.test({
  name: "frames: a file's frames become JPEGs and tensors, until the loop goes on",
  ignore: WITH_FILE,
  async fn() {
    const into = new ArrayBuffer(3 * 4 * INPUT.width * INPUT.height);
    const seen = [];
    for await (const frame of frames(FILE)) {
      seen.push(frame);
      assert.deepEqual([frame.width, frame.height, frame.clock], [1280, 720, "file"]);
      assert.deepEqual(jpegSize(frame.jpeg({ maxSidePx: 320 })), { width: 320, height: 180 });
      assert.deepEqual(jpegSize(frame.jpeg()), { width: 1280, height: 720 });
      const { data, fit } = frame.tensor({ ...INPUT, bars: 0.5, into });
      assert.equal(data.buffer, into);
      assert.deepEqual([fit.dx, fit.dy, fit.width, fit.height], [0, 35, 160, 90]);
      assert.ok(data.subarray(0, 35 * 160).every((value) => value === 0.5), "the bar on top");
      const whole = unletterbox({ x1: 0, y1: 35, x2: 160, y2: 125 }, fit);
      assert.deepEqual({ ...whole }, { x: 0, y: 0, width: 1280, height: 720 });
      const stretched = frame.tensor({ ...INPUT, placement: "stretch" });
      assert.equal(stretched.fit.height, INPUT.height);
      assert.throws(() => frame.tensor({ width: 160, height: 16 }), { code: "FRAMES_OPTION" });
      assert.throws(() => frame.tensor({ width: 192, height: 160, into }), {
        code: "FRAMES_OPTION",
      });
      if (seen.length === 3) break;
    }
    assert.ok(seen.every(({ isKey }, index) => isKey === (index === 0)));
    for (const frame of seen) assert.throws(() => frame.jpeg(), { code: "FRAMES_RELEASED" });
  },
});

Deno.test({
  name: "frames: a slow program gets the newest, and each skipped frame is counted",
  ignore: WITH_CAMERA,
  async fn() {
    await using camera = FaultyCamera.start({ clip: await cameraClip() });
    let last: number | null = null;
    let skipped = 0;
    for await (const { seq, dropsSinceLast } of frames(camera.url)) {
      if (last !== null) assert.equal(seq, last + 1 + dropsSinceLast);
      last = seq;
      skipped += dropsSinceLast;
      if (skipped >= 10) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await camera.log.until(
      "end of the connection",
      () => camera.log.connections.every(({ closedWallMs }) => closedWallMs !== null),
    );
  },
});

Deno.test({
  name: "frames: a camera's user and password are used, and in no error",
  ignore: WITH_CAMERA,
  async fn() {
    await using camera = FaultyCamera.start({ clip: await cameraClip(), auth: AUTH });
    for await (const frame of frames(camera.login(), { rateHz: 5 })) {
      assert.deepEqual({ width: frame.width, height: frame.height }, { ...PATTERN_SIZE });
      break;
    }
    const { code, message, remedy } = await reasonOf(frames(camera.login(USER, `${PASSWORD}x`)));
    assert.equal(code, "STREAM_UNAUTHORISED");
    assert.deepEqual(tracesIn(message + remedy), []);
  },
});

Deno.test({
  name: "frames: a camera that is silent, and one that hangs up, end the loop with the reason",
  ignore: WITH_CAMERA,
  async fn() {
    const clip = await cameraClip();
    await using silent = FaultyCamera.start({ clip, ending: { silentAfterSeconds: 0.5 } });
    const stalled = await reasonOf(frames(silent.url, { stallTimeoutMs: 1000 }));
    assert.equal(stalled.code, "STREAM_STALLED");
    await using gone = FaultyCamera.start({ clip, ending: { hangUpAfterSeconds: 0.5 } });
    assert.match((await reasonOf(frames(gone.url))).code, /^STREAM_(?:ENDED|CLOSED)$/);
  },
});

Deno.test({
  name: "frames: with reconnect the loop goes on, and the signal ends it",
  ignore: WITH_CAMERA,
  async fn() {
    await using camera = FaultyCamera.start({ clip: await cameraClip() });
    const reasons: OrionError[] = [];
    const abort = new AbortController();
    const options = {
      reconnect: (reason: OrionError) => void reasons.push(reason),
      signal: abort.signal,
    };
    let seen = 0;
    let after = 0;
    for await (const _frame of frames(camera.url, options)) {
      if (++seen === 2) camera.kick();
      if (reasons.length > 0 && ++after === 3) abort.abort();
    }
    assert.equal(after, 3);
    assert.equal(reasons.length, 1);
  },
});

Deno.test({
  name: "frames: what the function for reconnecting throws ends the loop",
  ignore: WITH_CAMERA,
  async fn() {
    await using camera = FaultyCamera.start({ clip: await cameraClip(), auth: AUTH });
    const enough = new Error("enough");
    const stream = frames(camera.url, {
      reconnect: () => {
        throw enough;
      },
    });
    await assert.rejects(stream.next(), enough);
  },
});

Deno.test({
  name: "frames: the signal ends a loop that waits for a camera that does not answer",
  ignore: WITH_CAMERA,
  async fn() {
    await using camera = FaultyCamera.start({
      clip: await cameraClip(),
      ending: { freezeAt: "DESCRIBE" },
    });
    const abort = new AbortController();
    const first = frames(camera.url, { signal: abort.signal }).next();
    await camera.log.until("request", () => camera.log.of("DESCRIBE").length > 0);
    abort.abort();
    assert.deepEqual(await first, { value: undefined, done: true });
  },
});
