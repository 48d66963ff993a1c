import assert from "node:assert/strict";
import fc from "fast-check";
import { steadyMs } from "../../../src/core/clock.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import type { KeepRequest } from "../../../src/core/presence_types.ts";
import {
  FRAMES_IN_TRANSIT,
  MAX_KEPT_FRAMES,
  MAX_KEPT_STAYS,
  type PictureRequest,
  StayPictures,
} from "../../../src/stream/stay_pictures.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";

const MASK = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: 1 }];
const OTHER = [{ x: 0.5, y: 0.5 }, { x: 1, y: 0.5 }, { x: 1, y: 1 }];

/** Pictures whose JPEG is the number of the frame. */
class Rig {
  readonly frames: CountedFrame[] = [];
  readonly encoded: PictureRequest<CountedFrame>[] = [];
  readonly logs: LogRecord[] = [];
  readonly pictures: StayPictures<CountedFrame>;
  workers = 1;
  fails = false;

  constructor(wanted = true) {
    this.pictures = new StayPictures<CountedFrame>({
      masks: [MASK],
      workersOf: () => this.workers,
      encode: (request) => {
        this.encoded.push(request);
        assert.equal(request.frame.freed, 0, "a frame was encoded after it was freed");
        if (this.fails) throw new Error("no encoder");
        return Uint8Array.of(request.frame.seq).buffer;
      },
      log: logTo((record) => void this.logs.push(record)),
    });
    this.subscribe({ pictures: wanted });
  }

  subscribe(change: { pictures?: boolean; paused?: boolean }, detector = "person"): void {
    this.pictures.subscribe({ detector, rateHz: 5, paused: false, pictures: true, ...change });
  }

  /** Delivers the next frame, which has no other holder afterwards. */
  deliver(count = 1, detector = "person"): void {
    for (let each = 0; each < count; each++) {
      const frame = new CountedFrame(this.frames.length, steadyMs(0));
      this.frames.push(frame);
      this.pictures.delivered(detector, frame);
      frame.release();
    }
  }

  keep(stay: string, seq: number, detector = "person"): boolean {
    const box = { x: 1, y: 2, width: 3, height: 4 };
    const request: KeepRequest = { camera: "gate", detector, stay, seq, box, mode: "crop" };
    return this.pictures.keep(request);
  }

  /** The numbers of the frames that are held. */
  get held(): number[] {
    return this.frames.filter(({ freed }) => freed === 0).map(({ seq }) => seq);
  }

  /** The number of the frame of a JPEG; null without one. */
  picture(stay: string, release = false): number | null {
    const { bytes, seq, ...other } = this.pictures.picture(stay, release);
    assert.deepEqual(other, { stay });
    const shown = bytes === null ? null : new Uint8Array(bytes)[0] ?? null;
    assert.equal(shown, seq);
    return seq;
  }
}

Deno.test("stay pictures: without pictures nothing is held and nothing encoded", () => {
  const rig = new Rig(false);
  rig.deliver(10);
  rig.deliver(10, "unknown");
  assert.deepEqual(rig.held, []);
  assert.equal(rig.keep("s1", 9), false);
  assert.equal(rig.picture("s1"), null);
  assert.deepEqual([rig.encoded, rig.logs], [[], []]);
});

Deno.test("stay pictures: as many of the newest frames are held as may yet be asked for", () => {
  const rig = new Rig();
  rig.deliver(10);
  assert.deepEqual(rig.held, [6, 7, 8, 9]);
  assert.equal(rig.held.length, 1 + FRAMES_IN_TRANSIT);
  rig.workers = 3;
  rig.deliver(10);
  assert.equal(rig.held.length, 3 + FRAMES_IN_TRANSIT);
  assert.deepEqual(rig.encoded, []);
});

Deno.test("stay pictures: a kept frame outlives the newer ones, until a better one takes its place", () => {
  const rig = new Rig();
  rig.deliver(3);
  assert.equal(rig.keep("s1", 1), true);
  rig.deliver(5);
  assert.deepEqual(rig.held, [1, 4, 5, 6, 7]);
  assert.equal(rig.picture("s1"), 1);
  assert.equal(rig.picture("s1"), 1);
  assert.equal(rig.encoded.length, 1, "it is encoded once");
  assert.deepEqual(rig.held, [4, 5, 6, 7], "and its frame freed then");
  assert.equal(rig.keep("s1", 7), true);
  assert.equal(rig.picture("s1", true), 7);
  assert.equal(rig.picture("s1"), null, "it was released");
  assert.equal(rig.encoded.length, 2);
});

Deno.test("stay pictures: a request that comes late changes nothing", () => {
  const rig = new Rig();
  rig.deliver(3);
  assert.equal(rig.keep("s1", 2), true);
  rig.deliver(20);
  assert.equal(rig.keep("s1", 5), false);
  assert.equal(rig.keep("s2", 5), false);
  assert.deepEqual([rig.picture("s1"), rig.picture("s2")], [2, null]);
});

Deno.test("stay pictures: each detector has frames of its own", () => {
  const rig = new Rig();
  rig.subscribe({}, "animal");
  rig.deliver(2, "animal");
  rig.deliver(6);
  assert.equal(rig.keep("s1", 1, "animal"), true);
  assert.equal(rig.keep("s2", 1), false);
  rig.subscribe({ pictures: false }, "animal");
  assert.deepEqual(rig.held, [4, 5, 6, 7]);
  assert.equal(rig.picture("s1"), null);
});

Deno.test("stay pictures: while a detector is paused only the kept frames are held", () => {
  const rig = new Rig();
  rig.deliver(3);
  assert.equal(rig.keep("s1", 1), true);
  rig.subscribe({ paused: true });
  assert.deepEqual(rig.held, [1]);
  rig.deliver(2);
  assert.equal(rig.picture("s1"), 1);
  rig.subscribe({});
  rig.deliver(1);
  assert.deepEqual(rig.held, [5]);
});

Deno.test("stay pictures: beyond the bound of frames the oldest is encoded, and none is lost", () => {
  const rig = new Rig();
  const count = MAX_KEPT_FRAMES + 3;
  for (let seq = 0; seq < count; seq++) {
    rig.deliver();
    assert.equal(rig.keep(`a${seq}`, seq), true);
    assert.equal(rig.keep(`b${seq}`, seq), true, "two stays share a frame");
  }
  const kept = Array.from({ length: MAX_KEPT_FRAMES }, (_, index) => index + 3);
  assert.deepEqual(rig.held, kept);
  assert.deepEqual(rig.encoded.map(({ frame }) => frame.seq), [0, 0, 1, 1, 2, 2]);
  for (let seq = 0; seq < count; seq++) assert.equal(rig.picture(`b${seq}`), seq);
});

Deno.test("stay pictures: beyond the bound of stays the one that changed longest ago has none", () => {
  const rig = new Rig();
  rig.deliver();
  for (let stay = 0; stay < MAX_KEPT_STAYS; stay++) rig.keep(`s${stay}`, 0);
  rig.keep("s0", 0);
  rig.keep("one more", 0);
  assert.deepEqual(["s0", "s1", "s2"].map((stay) => rig.picture(stay)), [0, null, 0]);
});

Deno.test("stay pictures: what was or is masked is black, and what was encoded before is freed", () => {
  const rig = new Rig();
  rig.deliver(2);
  rig.keep("s1", 0);
  rig.keep("s2", 1);
  assert.equal(rig.picture("s1"), 0);
  assert.deepEqual(rig.encoded[0]?.masks, [MASK]);
  rig.pictures.masks = [OTHER];
  assert.equal(rig.picture("s1"), null);
  assert.equal(rig.picture("s2"), 1);
  assert.deepEqual(rig.encoded[1]?.masks, [MASK, OTHER]);
  rig.deliver();
  rig.keep("s3", 2);
  rig.picture("s3");
  assert.deepEqual(rig.encoded[2]?.masks, [OTHER]);
});

Deno.test("stay pictures: a frame that cannot be encoded is logged once, and there is no picture", () => {
  const rig = new Rig();
  rig.fails = true;
  rig.deliver(1);
  rig.keep("s1", 0);
  assert.deepEqual([rig.picture("s1"), rig.picture("s1")], [null, null]);
  assert.deepEqual(rig.logs.map(({ event }) => event), ["picture.encode_failed"]);
  rig.fails = false;
  rig.deliver(1);
  rig.keep("s1", 1);
  assert.equal(rig.picture("s1"), 1);
});

Deno.test("stay pictures: in whatever order things happen, every frame is freed once", () => {
  const stay = fc.constantFrom("s1", "s2", "s3", "s4");
  const action = fc.oneof(
    fc.record({ kind: fc.constant("deliver" as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant("keep" as const), stay, back: fc.nat({ max: 6 }) }),
    fc.record({ kind: fc.constant("picture" as const), stay, release: fc.boolean() }),
    fc.record({
      kind: fc.constant("subscribe" as const),
      pictures: fc.boolean(),
      paused: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("masks" as const) }),
    fc.record({ kind: fc.constant("fail" as const), fails: fc.boolean() }),
  );
  fc.assert(fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
    const rig = new Rig();
    const wanted = new Map<string, number | null>();
    for (const one of actions) {
      if (one.kind === "deliver") rig.deliver(one.count);
      else if (one.kind === "subscribe") rig.subscribe(one);
      else if (one.kind === "masks") rig.pictures.masks = [OTHER];
      else if (one.kind === "fail") rig.fails = one.fails;
      else if (one.kind === "keep") {
        const seq = rig.frames.length - 1 - one.back;
        if (rig.keep(one.stay, seq)) wanted.set(one.stay, seq);
      } else {
        const seq = rig.picture(one.stay, one.release);
        assert.ok(seq === null || seq === wanted.get(one.stay));
        if (one.release) wanted.delete(one.stay);
      }
      assert.ok(rig.held.length <= 1 + FRAMES_IN_TRANSIT + 4);
    }
    rig.pictures.close();
    rig.deliver();
    assert.deepEqual(rig.held, []);
    assert.ok(rig.frames.every(({ freed }) => freed === 1));
  }));
});
