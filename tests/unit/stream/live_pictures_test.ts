import assert from "node:assert/strict";
import fc from "fast-check";
import { wallMs } from "../../../src/core/clock.ts";
import { type LivePicture, MAX_LIVE_HZ } from "../../../src/core/live_types.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import { DeliveredFrames } from "../../../src/stream/delivered_frames.ts";
import {
  FIRST_PICTURE_MS,
  LivePictures,
  type LiveRequest,
  SILENCE_MS,
  UNDELIVERED_MS,
} from "../../../src/stream/live_pictures.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";

const MASK = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: 1 }];
const OTHER = [{ x: 0.5, y: 0.5 }, { x: 1, y: 0.5 }, { x: 1, y: 1 }];
const DRAWING = { boxes: [{ x: 1, y: 2, width: 3, height: 4 }], zones: [], lines: [] };

/** The live pictures of a camera whose detectors look every 200 ms. */
class Rig {
  readonly clock = new HeldClock();
  readonly frames: CountedFrame[] = [];
  readonly encoded: LiveRequest<CountedFrame>[] = [];
  readonly posted: LivePicture[] = [];
  readonly logs: LogRecord[] = [];
  readonly delivered = new DeliveredFrames<CountedFrame>([MASK], () => 1);
  readonly bus = { isWanted: true, periodMs: 200 };
  wakes = 0;
  idles = 0;
  fails = false;
  readonly live = new LivePictures<CountedFrame>({
    frames: this.delivered,
    bus: this.bus,
    clock: this.clock,
    encode: (request) => {
      assert.equal(request.frame.freed, 0, "a frame was encoded after it was freed");
      this.encoded.push(request);
      if (this.fails) throw new Error("no encoder");
      const bytes = Uint8Array.of(request.frame.seq).buffer;
      return { capturedAtMs: wallMs(0), width: 4, height: 2, bytes };
    },
    post: (picture) => this.posted.push(picture),
    wake: () => this.wakes++,
    onIdle: () => this.idles++,
    log: logTo((record) => void this.logs.push(record)),
  });

  demand(plain: boolean, boxed = false): void {
    this.live.demand = { plain, boxed };
  }

  /** Delivers the next frame, which has no other holder afterwards. @returns its number */
  async deliver(detector = "person", passMs = 200): Promise<number> {
    const frame = this.#next();
    const posted = this.posted.length;
    this.live.delivered(detector, frame);
    this.delivered.add(detector, frame);
    frame.release();
    assert.equal(this.posted.length, posted, "it is on its way before it is encoded");
    await this.clock.pass(passMs);
    return frame.seq;
  }

  /** Decodes the next frame. @returns whether it was wanted */
  offer(): boolean {
    const frame = this.#next();
    const { isWanted } = this.live;
    this.live.offer(frame);
    frame.release();
    return isWanted;
  }

  /** The pictures since the last call, in short. */
  pictures(): string[] {
    return this.posted.splice(0).map(({ seq, detector, boxed }) =>
      `${detector} ${seq}${boxed ? " boxed" : ""}`
    );
  }

  get held(): number[] {
    return this.frames.filter(({ freed }) => freed === 0).map(({ seq }) => seq);
  }

  #next(): CountedFrame {
    const frame = new CountedFrame(this.frames.length, this.clock.nowMs());
    this.frames.push(frame);
    return frame;
  }
}

Deno.test("live pictures: without demand nothing is encoded, held, armed or wanted", async () => {
  const rig = new Rig();
  for (let at = 0; at < 5; at++) await rig.deliver();
  rig.live.subscriptionChanged();
  await rig.clock.pass(60_000);
  assert.equal(rig.offer(), false);
  rig.live.draw({ detector: "person", seq: 4, drawing: DRAWING });
  assert.deepEqual([rig.encoded, rig.held, rig.clock.waitsMs, rig.wakes], [[], [], [], 0]);
});

Deno.test("live pictures: each delivered frame is a picture, encoded once it is on its way", async () => {
  const rig = new Rig();
  rig.demand(true);
  for (let at = 0; at < 3; at++) await rig.deliver();
  assert.deepEqual(rig.pictures(), ["person 0", "person 1", "person 2"]);
  assert.deepEqual(rig.held, []);
  assert.deepEqual(rig.encoded[0]?.masks, [MASK]);
  rig.demand(false);
  await rig.deliver();
  assert.deepEqual([rig.pictures(), rig.clock.waitsMs], [[], []]);
});

Deno.test("live pictures: a frame that is on its way when the last viewer leaves is not encoded", async () => {
  const rig = new Rig();
  rig.demand(true);
  const delivering = rig.deliver();
  rig.demand(false);
  await delivering;
  assert.deepEqual([rig.encoded, rig.held], [[], []]);
});

Deno.test("live pictures: of several detectors the first that delivers is shown, while it does", async () => {
  const rig = new Rig();
  rig.demand(true);
  await rig.deliver("car");
  await rig.deliver("person");
  await rig.deliver("car");
  assert.deepEqual(rig.pictures(), ["car 0", "car 2"]);
  for (let at = 0; at < 7; at++) await rig.deliver("person");
  const pictures = rig.pictures();
  assert.deepEqual(pictures.slice(0, 2), ["person 7", "person 8"], "car is silent for a second");
  await rig.deliver("car");
  assert.deepEqual(rig.pictures(), []);
});

Deno.test(`live pictures: never more than ${MAX_LIVE_HZ} a second in the mean, whatever is delivered`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 20, maxLength: 100 }),
      async (gaps) => {
        const rig = new Rig();
        rig.demand(true);
        let totalMs = 0;
        for (const gap of gaps) {
          await rig.deliver("person", gap);
          totalMs += gap;
        }
        assert.ok(rig.posted.length <= totalMs * MAX_LIVE_HZ / 1000 + 1.5);
      },
    ),
    { numRuns: 20 },
  );
  const rig = new Rig();
  rig.demand(true);
  // 10 Hz of a camera of 25: the intervals are 80 and 120 ms.
  for (let at = 0; at < 20; at++) await rig.deliver("person", at % 2 === 0 ? 80 : 120);
  assert.equal(rig.posted.length, 20);
});

Deno.test("live pictures: a frame is drawn on once, when its boxes are known, while it is held", async () => {
  const rig = new Rig();
  rig.demand(false, true);
  for (let at = 0; at < 6; at++) await rig.deliver();
  assert.equal(rig.encoded.length, 0, "none is wanted without boxes");
  assert.deepEqual(rig.held, [2, 3, 4, 5]);
  const draw = (seq: number, detector = "person") =>
    rig.live.draw({ detector, seq, drawing: DRAWING });
  draw(4);
  draw(4);
  draw(1);
  draw(5, "car");
  draw(99);
  rig.delivered.masks = [OTHER];
  draw(5);
  assert.deepEqual(rig.pictures(), ["person 4 boxed", "person 5 boxed"]);
  assert.deepEqual(rig.encoded.map(({ drawing }) => drawing), [DRAWING, DRAWING]);
  assert.deepEqual(rig.encoded[1]?.masks, [MASK, OTHER], "masked then, or masked now");
  rig.demand(true, false);
  assert.deepEqual(rig.held, []);
  draw(3);
  assert.deepEqual(rig.pictures(), []);
});

Deno.test("live pictures: only the chosen ones of many frames are drawn on", async () => {
  const rig = new Rig();
  rig.demand(true, true);
  // Two seconds; the second picture is early.
  for (let at = 0; at < 100; at++) {
    const seq = await rig.deliver("person", 20);
    rig.live.draw({ detector: "person", seq, drawing: DRAWING });
  }
  const boxed = rig.posted.filter((each) => each.boxed);
  assert.equal(boxed.length, 2 * MAX_LIVE_HZ + 1);
  assert.equal(rig.posted.length, 2 * boxed.length);
});

Deno.test("live pictures: while all detectors are paused a decoded frame is taken twice a second", async () => {
  const rig = new Rig();
  rig.bus.isWanted = false;
  rig.demand(true);
  assert.equal(rig.offer(), false);
  await rig.clock.pass(UNDELIVERED_MS - 1);
  assert.equal(rig.offer(), false);
  await rig.clock.pass(1);
  assert.equal(rig.wakes, 1, "a delayed read ends");
  assert.deepEqual([rig.offer(), rig.offer()], [true, false]);
  await rig.clock.pass(UNDELIVERED_MS);
  assert.equal(rig.offer(), true);
  assert.deepEqual(rig.pictures(), ["null 2", "null 4"]);
  assert.deepEqual(rig.held, []);
});

Deno.test("live pictures: such a frame is held until it is drawn on, or a newer one comes", async () => {
  const rig = new Rig();
  rig.bus.isWanted = false;
  rig.demand(false, true);
  for (let at = 0; at < 2; at++) {
    await rig.clock.pass(UNDELIVERED_MS);
    rig.offer();
  }
  assert.deepEqual(rig.held, [1]);
  const draw = (seq: number) => rig.live.draw({ detector: null, seq, drawing: DRAWING });
  draw(0);
  draw(1);
  draw(1);
  assert.deepEqual(rig.pictures(), ["null 0", "null 1", "null 1 boxed"]);
  assert.deepEqual(rig.held, []);
});

Deno.test("live pictures: pausing and resuming change where the pictures come from", async () => {
  const rig = new Rig();
  rig.demand(true);
  await rig.deliver();
  rig.bus.isWanted = false;
  rig.live.subscriptionChanged();
  await rig.clock.pass(UNDELIVERED_MS);
  assert.equal(rig.offer(), true);
  rig.bus.isWanted = true;
  rig.live.subscriptionChanged();
  await rig.clock.pass(SILENCE_MS - UNDELIVERED_MS);
  assert.equal(rig.offer(), false);
  await rig.deliver();
  assert.deepEqual(rig.pictures(), ["person 0", "null 1", "person 3"]);
});

Deno.test("live pictures: the first one does not wait for a slow detector, later ones do", async () => {
  const rig = new Rig();
  rig.bus.periodMs = 10_000;
  rig.demand(true);
  await rig.clock.pass(FIRST_PICTURE_MS);
  assert.equal(rig.offer(), true);
  await rig.clock.pass(9_000);
  assert.equal(rig.offer(), false);
  await rig.deliver("person", 10_000);
  assert.equal(rig.offer(), false);
  // It has failed: two of its periods have passed, and some time.
  await rig.clock.pass(10_000 + SILENCE_MS);
  assert.equal(rig.offer(), true);
  await rig.clock.pass(UNDELIVERED_MS);
  assert.equal(rig.offer(), true);
});

Deno.test("live pictures: what cannot be encoded is logged once, and every frame freed", async () => {
  const rig = new Rig();
  rig.demand(true, true);
  rig.fails = true;
  for (let at = 0; at < 5; at++) {
    const seq = await rig.deliver();
    rig.live.draw({ detector: "person", seq, drawing: DRAWING });
  }
  assert.deepEqual(rig.logs.map(({ event }) => event), ["live.encode_failed"]);
  rig.fails = false;
  await rig.deliver();
  assert.deepEqual(rig.pictures(), ["person 5"]);
  rig.live.close();
  rig.delivered.close();
  assert.deepEqual([rig.held, rig.clock.waitsMs], [[], []]);
});

Deno.test("live: what encoding keeps can be freed when the last viewer is gone, once", async () => {
  const rig = new Rig();
  rig.demand(true);
  rig.demand(true, true);
  await rig.deliver();
  rig.demand(false, true);
  assert.equal(rig.idles, 0);
  rig.demand(false);
  rig.demand(false);
  assert.equal(rig.idles, 1);
  rig.demand(true);
  rig.live.close();
  rig.live.close();
  assert.equal(rig.idles, 2);
});
