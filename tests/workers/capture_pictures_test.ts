/** Pictures of stays from a running camera: which frame they show, and what is held for them. */
import assert from "node:assert/strict";
import type { PointNorm } from "../../src/core/geometry.ts";
import type { StayPicture } from "../../src/core/presence_types.ts";
import { CaptureRun, type CaptureRunOptions } from "../support/cameras/capture_run.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import { PATTERN_SIZE, readPattern } from "../support/clips/pattern.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { clip, greyLevels } from "../support/workers/pattern_pictures.ts";
import { fixedInput } from "../support/models/inputs.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const { width, height } = PATTERN_SIZE;
const BOX = { x: 100, y: 50, width: 20, height: 40 };
const LEFT: PointNorm[] = [{ x: 0, y: 0 }, { x: 0.5, y: 0 }, { x: 0.5, y: 1 }, { x: 0, y: 1 }];
const BLACK = 0.06;

/** A detector that reads the number of each frame, and requests that it is kept while it is asked to. */
class Watched implements AsyncDisposable {
  readonly run: CaptureRun;
  /** The number that was read, by that of the frame. */
  readonly numbers = new Map<number, number>();
  /** The stay whose picture each frame becomes, or null. */
  stay: string | null = null;
  newest = new Float32Array();

  constructor(source: CaptureRunOptions["source"], pictures = true) {
    this.run = new CaptureRun({
      source,
      detectors: [{
        id: "person",
        rateHz: 12,
        input: fixedInput(PATTERN_SIZE),
        pictures,
        onFrame: ({ seq }, tensor) => {
          this.numbers.set(seq, readPattern(tensor).number);
          this.newest = tensor.slice();
          if (this.stay !== null) this.keep(this.stay, seq);
        },
      }],
    });
  }

  keep(stay: string, seq: number): void {
    this.run.keep({ detector: "person", stay, seq, box: BOX, mode: "frame" });
  }

  /** Keeps one frame after another for a stay. @returns the last one that was kept */
  async keepSome(stay: string): Promise<number> {
    this.stay = stay;
    const kept = () => this.run.kept.filter((one) => one.stay === stay);
    const goal = kept().length + 3;
    await this.run.until(`three pictures of ${stay}`, () => kept().length >= goal);
    this.stay = null;
    // Every request was handled before this answer.
    await this.run.picture("unknown");
    return kept().at(-1)?.seq ?? assert.fail("no frame was kept");
  }

  /** Asserts that a picture shows the frame that was kept. */
  async assertShows({ bytes, seq }: StayPicture, kept: number): Promise<void> {
    assert.equal(seq, kept);
    const { number, wrong } = readPattern(await decoded(bytes));
    assert.deepEqual({ number, wrong }, { number: this.numbers.get(kept), wrong: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.run[Symbol.asyncDispose]();
  }
}

async function decoded(jpeg: ArrayBuffer | null): Promise<Float32Array> {
  assert.ok(jpeg !== null, "there is no picture");
  return await greyLevels(jpeg);
}

Deno.test({
  name: "capture: the picture of a stay is the frame that was kept for it, until it is released",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: await clip() });
    await using watched = new Watched({ url: camera.url });
    const { run } = watched;
    const kept = await watched.keepSome("s1");
    await run.further(8);
    const first = await run.picture("s1");
    await watched.assertShows(first, kept);
    // A request that comes late changes nothing.
    watched.keep("s1", kept);
    watched.keep("s2", kept);
    assert.deepEqual(await run.picture("s2"), { stay: "s2", seq: null, bytes: null });
    const again = await run.picture("s1", true);
    assert.deepEqual(again, first);
    assert.deepEqual(await run.picture("s1"), { stay: "s1", seq: null, bytes: null });
    assert.ok(!run.kept.some(({ stay }) => stay === "s2"));
    // The worker closes its libraries only when every frame is freed, also those that are kept.
    await watched.keepSome("s3");
    assertCloses((await run.stop()).account);
  },
});

Deno.test({
  name: "capture: a kept frame outlives the connection that it came from",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: await clip() });
    await using watched = new Watched({ url: camera.url, reconnectMaxMs: 100 });
    const { run } = watched;
    const kept = await watched.keepSome("s1");
    const states = run.states.length;
    camera.kick();
    await run.state("offline", states);
    await run.state("online", states);
    await run.further(6);
    await watched.assertShows(await run.picture("s1"), kept);
    const later = await watched.keepSome("s1");
    assert.ok(later > kept);
    await watched.assertShows(await run.picture("s1", true), later);
    assertCloses((await run.stop()).account);
  },
});

Deno.test({
  name: "capture: masks that are set while it runs are black in tensors and in pictures",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: await clip() });
    await using watched = new Watched({ url: camera.url });
    const { run } = watched;
    // What is masked lies in the left half.
    const brightest = (levels: Float32Array, from: number, to: number) => {
      let most = 0;
      for (let at = 0; at < width * height; at++) {
        const x = at % width;
        if (x >= from && x < to) most = Math.max(most, levels[at] ?? NaN);
      }
      return most;
    };
    const masked = (levels: Float32Array) => brightest(levels, 0, width / 2 - 9) < BLACK;
    await watched.keepSome("before");
    assert.equal(masked(watched.newest), false);
    assert.equal(masked(await decoded((await run.picture("before")).bytes)), false);
    await watched.keepSome("waiting");
    run.masks([LEFT]);
    assert.equal((await run.picture("before")).bytes, null, "it was encoded with other masks");
    await run.further(2);
    assert.equal(brightest(watched.newest, 0, width / 2), 0);
    assert.ok(brightest(watched.newest, width / 2, width) > 0.5);
    const waiting = await decoded((await run.picture("waiting")).bytes);
    assert.ok(masked(waiting), "it was delivered before, and encoded after");
    assert.ok(brightest(waiting, width / 2 + 9, width) > 0.5);
    await watched.keepSome("after");
    assert.ok(masked(await decoded((await run.picture("after")).bytes)));
    run.masks([]);
    await run.picture("unknown");
    await run.further(2);
    assert.equal(masked(watched.newest), false, "no old mask is left");
  },
});

Deno.test({
  name: "capture: a detector without pictures has none, whatever is requested",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: await clip() });
    await using watched = new Watched({ url: camera.url }, false);
    const { run } = watched;
    watched.stay = "s1";
    await run.further(5);
    assert.deepEqual(await run.picture("s1"), { stay: "s1", seq: null, bytes: null });
    assert.deepEqual(run.kept, []);
    run.rate("person", 12, true);
    run.rate("person", 12);
    await run.further(2);
    assert.deepEqual(await run.picture("s1"), { stay: "s1", seq: null, bytes: null });
  },
});
