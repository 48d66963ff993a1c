/** Live pictures from a running camera: which frames they show, what is drawn on them, and what they cost. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Drawing, LivePicture } from "../../src/core/live_types.ts";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import { decodeJpeg } from "../support/clips/jpeg.ts";
import { PATTERN_SIZE, readPattern } from "../support/clips/pattern.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { clip, greyLevels } from "../support/workers/pattern_pictures.ts";
import { fixedInput } from "../support/models/inputs.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const { width, height } = PATTERN_SIZE;
/** Along the borders of blocks, whose centres are read. */
const BOX = { x: 96, y: 64, width: 64, height: 48 };
const DRAWING: Drawing = {
  boxes: [BOX],
  zones: [[{ x: 0.6, y: 0.25 }, { x: 0.8, y: 0.25 }, { x: 0.8, y: 0.75 }, { x: 0.6, y: 0.75 }]],
  lines: [{ from: { x: 0, y: 11 / 12 }, to: { x: 1, y: 11 / 12 } }],
};
const LOWER = [{ x: 0, y: 0.5 }, { x: 1, y: 0.5 }, { x: 1, y: 1 }, { x: 0, y: 1 }];
const BLACK = 12;

/** A detector that reads the number of each frame, and what came of its tensor. */
class Watched implements AsyncDisposable {
  readonly run: CaptureRun;
  /** The number that was read, by that of the frame. */
  readonly numbers = new Map<number, number>();
  /** The digest of the tensor, by the number that was read. */
  readonly digests = new Map<number, string>();
  isDrawn = false;

  /** @param rateHz  of the detector; `none`: without one; null: every frame */
  constructor(url: string, rateHz: number | null | "none" = 8) {
    this.run = new CaptureRun({
      source: { url },
      detectors: rateHz === "none" ? [] : [{
        id: "person",
        rateHz,
        input: fixedInput(PATTERN_SIZE),
        onFrame: ({ seq }, tensor) => {
          const { number } = readPattern(tensor);
          this.numbers.set(seq, number);
          const digest = createHash("sha256").update(new Uint8Array(tensor.buffer)).digest("hex");
          this.digests.set(number, digest);
          if (this.isDrawn) this.run.draw({ detector: "person", seq, drawing: DRAWING });
        },
      }],
    });
  }

  /** The next `count` live pictures, of a kind. */
  async pictures(count: number, boxed = false): Promise<LivePicture[]> {
    const since = this.run.livePictures.length;
    const found = () => this.run.livePictures.slice(since).filter((each) => each.boxed === boxed);
    await this.run.until(`${count} live pictures`, () => found().length >= count);
    return found().slice(0, count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.run[Symbol.asyncDispose]();
  }
}

/** What the pattern of a picture says. */
async function read(picture: LivePicture): Promise<{ number: number; wrong: number }> {
  return readPattern(await greyLevels(picture.bytes));
}

Deno.test({
  name: "capture: a live picture shows the frame of its number, which a detector got",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: await clip() });
    await using watched = new Watched(camera.url);
    const { run } = watched;
    await run.further(3);
    assert.deepEqual(run.livePictures, [], "none is wanted");
    run.live({ plain: true, boxed: false });
    const inferred = () => run.livePictures.filter(({ detector }) => detector !== null);
    await run.until("live pictures", () => inferred().length >= 5);
    const pictures = inferred();
    for (const picture of pictures) {
      const { seq, bytes: _, capturedAtMs, ...rest } = picture;
      assert.deepEqual(rest, { width, height, detector: "person", boxed: false });
      const frame = run.frames.find(({ meta }) => meta.seq === seq) ?? assert.fail(`${seq}`);
      assert.equal(capturedAtMs, frame.meta.capturedAtMs);
      assert.deepEqual(await read(picture), { number: watched.numbers.get(seq), wrong: 0 });
    }
    const seqs = pictures.map(({ seq }) => seq);
    assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b));
    run.live({ plain: false, boxed: false });
    // Every message before this answer was handled.
    await run.report();
    const count = run.livePictures.length;
    await run.further(8);
    assert.equal(run.livePictures.length, count, "none is wanted any more");
    assertCloses((await run.stop()).account);
  },
});

Deno.test({
  name:
    "capture: boxes, zones and lines are drawn on the picture of exactly their frame, and on no frame",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: await clip() });
    await using other = HostileCamera.start({ clip: await clip() });
    await using watched = new Watched(camera.url);
    await using untouched = new Watched(other.url, null);
    const { run } = watched;
    watched.isDrawn = true;
    run.live({ plain: false, boxed: true });
    const pictures = await watched.pictures(8, true);
    for (const picture of pictures) {
      assert.equal(picture.detector, "person");
      assert.deepEqual(await read(picture), {
        number: watched.numbers.get(picture.seq),
        wrong: 0,
      });
      const pixels = await decodeJpeg(picture.bytes, "rgb24");
      const at = (x: number, y: number) => [...pixels.subarray(3 * (y * width + x)).slice(0, 3)];
      const isDrawn = (
        place: string,
        [red = 0, green = 0, blue = 0]: number[],
        most: "g" | "b" | "r",
      ) => {
        const levels = { r: red, g: green, b: blue };
        const others = (["r", "g", "b"] as const).filter((each) => each !== most);
        for (const each of most === "r" ? ["b"] as const : others) {
          assert.ok(levels[most] > levels[each] + 40, `${place}: ${red} ${green} ${blue}`);
        }
      };
      // The middle of each side of the box; what is inside and outside is grey.
      isDrawn("left", at(BOX.x + 1, BOX.y + 24), "g");
      isDrawn("right", at(BOX.x + BOX.width - 1, BOX.y + 24), "g");
      isDrawn("top", at(BOX.x + 32, BOX.y + 1), "g");
      isDrawn("bottom", at(BOX.x + 32, BOX.y + BOX.height - 1), "g");
      isDrawn("zone", at(0.6 * width, 0.5 * height), "b");
      isDrawn("line", at(8, height * 11 / 12), "r");
      for (const [x, y] of [[BOX.x + 24, BOX.y + 24], [BOX.x - 24, BOX.y + 24], [8, 8]] as const) {
        const [red = 0, green = 0, blue = 0] = at(x, y);
        assert.ok(Math.max(red, green, blue) - Math.min(red, green, blue) < 12, `${x} ${y}`);
      }
    }
    // Of each part of the clip, so that a frame that was drawn on would show in those that refer to it.
    const both = () =>
      [...watched.digests.keys()].filter((number) => untouched.digests.has(number));
    await run.until("the same frames", () => both().length >= 20);
    for (const number of both()) {
      assert.equal(watched.digests.get(number), untouched.digests.get(number), `frame ${number}`);
    }
    // The worker closes its libraries only when every frame is freed.
    assertCloses((await run.stop()).account);
  },
});

Deno.test({
  name: "capture: what is masked is black in live pictures, from the next frame on",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: await clip() });
    await using watched = new Watched(camera.url);
    const { run } = watched;
    run.live({ plain: true, boxed: false });
    await watched.pictures(1);
    run.masks([LOWER]);
    await run.report();
    const [picture] = (await watched.pictures(2)).slice(1);
    assert.ok(picture !== undefined);
    const levels = await decodeJpeg(picture.bytes, "gray");
    assert.ok(levels.subarray(width * (height / 2 + 9)).every((level) => level < BLACK));
    assert.ok(levels.subarray(0, width * (height / 2 - 9)).some((level) => level > 150));
  },
});

Deno.test({
  name: "capture: a camera without a detector is decoded for its viewers alone",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: await clip() });
    await using watched = new Watched(camera.url, "none");
    const { run } = watched;
    await run.state("online");
    assert.equal((await run.report()).account.decoded, 0);
    run.live({ plain: true, boxed: true });
    const [first, second] = await watched.pictures(2);
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.detector, null);
    assert.equal((await read(first)).wrong, 0);
    assert.ok(second.seq > first.seq);
    const drawn = () => run.livePictures.find((each) => each.boxed);
    const asked = new Set<number>();
    // Of what was asked too late the frame is no longer kept.
    await run.until("the drawn picture", () => {
      const { seq } = run.livePictures.at(-1) ?? second;
      if (!asked.has(seq)) run.draw({ detector: null, seq, drawing: DRAWING });
      asked.add(seq);
      return drawn() !== undefined;
    });
    assert.ok(asked.has(drawn()?.seq ?? NaN));
    run.live({ plain: false, boxed: false });
    await run.report();
    const { account } = await run.report();
    assertCloses((await run.stop()).account);
    assert.ok(account.decoded > 0);
  },
});

Deno.test({
  name:
    "capture: while its detector is paused a camera is shown as it is decoded, and later as inferred",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: await clip() });
    await using watched = new Watched(camera.url);
    const { run } = watched;
    run.live({ plain: true, boxed: false });
    const of = async (detector: string | null) => {
      const since = run.livePictures.length;
      await run.until(
        `a picture of ${detector}`,
        () => run.livePictures.slice(since).some((each) => each.detector === detector),
      );
    };
    await of("person");
    run.rate("person", 8, true);
    await of(null);
    run.rate("person", 8, false);
    await of("person");
    const seqs = run.livePictures.map(({ seq }) => seq);
    assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b), "each frame once, in order");
  },
});
