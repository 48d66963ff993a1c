import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { DeliveredFrames, FRAMES_IN_TRANSIT } from "../../../src/stream/delivered_frames.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";

const MASK = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: 1 }];
const OTHER = [{ x: 0.5, y: 0.5 }, { x: 1, y: 0.5 }, { x: 1, y: 1 }];

/** Frames delivered to detectors with two workers. */
class Rig {
  readonly delivered = new DeliveredFrames<CountedFrame>([MASK], () => 2);
  readonly frames: CountedFrame[] = [];

  deliver(count: number, detector = "person"): void {
    for (let each = 0; each < count; each++) {
      const frame = new CountedFrame(this.frames.length, steadyMs(0));
      this.frames.push(frame);
      this.delivered.add(detector, frame);
      frame.release();
    }
  }

  get held(): number[] {
    return this.frames.filter(({ freed }) => freed === 0).map(({ seq }) => seq);
  }
}

Deno.test("delivered frames: of a detector without a use none is held", () => {
  const rig = new Rig();
  rig.delivered.hold("car", "live");
  rig.deliver(5);
  rig.delivered.release("person", "live");
  assert.deepEqual([rig.held, rig.delivered.find("person", 4, "live")], [[], null]);
});

Deno.test("delivered frames: two uses share them, and the last one frees them", () => {
  const rig = new Rig();
  const { delivered } = rig;
  delivered.hold("person", "live");
  rig.deliver(8);
  assert.deepEqual(rig.held, [3, 4, 5, 6, 7]);
  assert.equal(rig.held.length, 2 + FRAMES_IN_TRANSIT);
  assert.equal(delivered.find("person", 7, "stays"), null, "not held for that");
  delivered.hold("person", "stays");
  delivered.hold("person", "stays");
  assert.equal(delivered.find("person", 7, "stays")?.frame, rig.frames[7]);
  assert.equal(delivered.find("person", 1, "stays"), null, "it is gone");
  delivered.release("person", "live");
  assert.equal(rig.held.length, 2 + FRAMES_IN_TRANSIT);
  delivered.release("person", "stays");
  assert.deepEqual(rig.held, []);
});

Deno.test("delivered frames: black is what was masked at delivery, and what is masked now", () => {
  const rig = new Rig();
  rig.delivered.hold("person", "live");
  rig.deliver(1);
  const found = rig.delivered.find("person", 0, "live") ?? assert.fail();
  assert.deepEqual(rig.delivered.blackIn(found), [MASK]);
  rig.delivered.masks = [OTHER];
  assert.deepEqual(rig.delivered.blackIn(found), [MASK, OTHER]);
  rig.delivered.close();
  assert.deepEqual(rig.held, []);
});
