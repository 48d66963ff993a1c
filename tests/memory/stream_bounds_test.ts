/** Cameras whose streams are expensive to decode: their state, its reason, and the effect on other cameras. */
import assert from "node:assert/strict";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../support/cameras/faulty_camera/clip.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import {
  changingSizes,
  overlappingH265,
  overlappingSlices,
  smallPictures,
  staggeredSlices,
  tinyPictures,
} from "../support/clips/hostile_clips.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { patternClip } from "../support/clips/pattern.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const sound = ignore ? null : await patternClip(50, ["-bf", "0", "-g", "10"]);
const MIB = 1024 * 1024;
/** Growth of the process; without the bounds it was 1451 MB, and 340 MB per hanging thread. */
const MAX_GROWTH_BYTES = 250 * MIB;
const HD = { width: 1920, height: 1088 };

/** A healthy camera and a hostile one, each with a detector that takes every frame. */
class Pair implements AsyncDisposable {
  readonly hostile: CaptureRun;
  readonly beside: CaptureRun;
  readonly #parts = new AsyncDisposableStack();
  readonly #beforeBytes = Deno.memoryUsage().rss;
  #mostBytes = 0;

  constructor(clip: CameraClip, fps: number, source: { readonly maxPixels?: number } = {}) {
    if (sound === null) throw new Error("there is no clip");
    const good = this.#parts.use(HostileCamera.start({ clip: sound }));
    const bad = this.#parts.use(FaultyCamera.start({ clip, playback: { fps } }));
    const run = (url: string, more = {}) =>
      this.#parts.use(
        new CaptureRun({
          source: { url, ...more },
          detectors: [{ id: "consumer", rateHz: null, onFrame: () => this.#look() }],
        }),
      );
    this.beside = run(good.url);
    this.hostile = run(bad.url, source);
  }

  /** Checks that the healthy camera loses no frame, and that the process has hardly grown. */
  async assertSound(): Promise<void> {
    await this.beside.further(15);
    const { account, state, reconnects } = await this.beside.report();
    assert.deepEqual([state, reconnects, account.corrupt], ["online", 0, 0]);
    assertCloses(account);
    this.#look();
    const grown = this.#mostBytes - this.#beforeBytes;
    assert.ok(grown < MAX_GROWTH_BYTES, `it has grown by ${Math.round(grown / MIB)} MB`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }

  #look(): void {
    this.#mostBytes = Math.max(this.#mostBytes, Deno.memoryUsage().rss);
  }
}

interface Kind {
  readonly name: string;
  readonly clip: () => CameraClip | Promise<CameraClip>;
  readonly reason: string;
  readonly maxPixels?: number;
}

/** Refused streams, and the reason in the camera state. */
const REFUSED: readonly Kind[] = [
  {
    name: "pictures of 16384x16000 in a few bytes",
    clip: () => tinyPictures({ width: 16_384, height: 16_000 }),
    reason: "STREAM_TOO_LARGE",
  },
  {
    name: "pictures that become too large",
    clip: () => changingSizes([{ width: 640, height: 480 }, { width: 1280, height: 720 }]),
    reason: "STREAM_TOO_LARGE",
    maxPixels: 640 * 480,
  },
  {
    name: "a picture of 8000 overlapping slices",
    clip: () => overlappingSlices({ width: 320, height: 240 }, 8000),
    reason: "STREAM_PICTURE_REFUSED",
  },
  {
    name: "a picture of 3000 overlapping slices of H.265",
    clip: () => overlappingH265("320x240", 3000),
    reason: "STREAM_PICTURE_REFUSED",
  },
];

for (const { name, clip, reason, maxPixels } of REFUSED) {
  Deno.test({
    name: `capture: a camera that sends ${name} is ${reason}, and does not affect another`,
    ignore,
    async fn() {
      await using pair = new Pair(await clip(), 25, maxPixels === undefined ? {} : { maxPixels });
      const { hostile } = pair;
      await hostile.until(reason, () => hostile.states.some((state) => state.reason === reason));
      await pair.assertSound();
      const refused = hostile.states.filter((state) => state.reason === reason);
      assert.ok(refused.every(({ state }) => state === "offline"));
      const failure = hostile.logs.find(({ event }) => event === "camera.failed");
      assert.equal(failure?.fields["code"], reason);
      assertCloses((await hostile.stop()).account);
    },
  });
}

/** Streams within the bounds, which are limited to their share. */
const BOUNDED: readonly (readonly [string, CameraClip, number])[] = [
  ["small pictures without a pause", smallPictures({ width: 320, height: 240 }), 2000],
  ["slices that each decode the rest of the picture", staggeredSlices(HD), 25],
  ["a picture of another size each time", changingSizes([HD, { width: 320, height: 240 }]), 25],
  ["pictures of 4K in a few bytes", tinyPictures({ width: 3840, height: 2160 }), 25],
];

for (const [name, clip, fps] of BOUNDED) {
  Deno.test({
    name: `capture: a camera that sends ${name} does not affect another`,
    ignore,
    async fn() {
      await using pair = new Pair(clip, fps);
      const { hostile } = pair;
      await hostile.until("something of it", () => hostile.states.length > 0);
      await pair.assertSound();
      assertCloses((await hostile.stop()).account);
    },
  });
}
