import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { person, SIZE, Watch } from "../../support/tracking/walks.ts";

Deno.test("tracker: a track of another thread goes on with its id, and new ones count from 1", () => {
  const watch = new Watch();
  const resumed = {
    id: "other-7",
    class: "person",
    box: person(600).box,
    ...{ size: SIZE, velocity: null, seenAtMs: steadyMs(9000) },
  };
  watch.tracker.resume(resumed);
  watch.tracker.resume({ ...resumed, id: "other-8", box: { x: 0, y: 0, width: 0, height: 10 } });
  assert.deepEqual(watch.ids(10, person(630), person(100)), ["other-7", "t-1"]);
  assert.deepEqual(watch.ids(10.2, person(640), person(100)), ["other-7", "t-1"]);
});

Deno.test("tracker: a track of another thread goes on in a picture of another size, as it went", () => {
  const half = { width: SIZE.width / 2, height: SIZE.height / 2 };
  const ofHalf = (x: number) => person(x / 2, { footY: 250, height: 100 });
  const resume = (watch: Watch, velocity: { readonly x: number; readonly y: number } | null) =>
    watch.tracker.resume({
      ...{ id: "other-7", class: "person", box: ofHalf(300).box, size: half, velocity },
      seenAtMs: steadyMs(8000),
    });
  const before = new Watch();
  resume(before, null);
  assert.deepEqual(before.ids(8.2, person(330)), ["other-7"], "the whole size comes first");
  const after = new Watch();
  after.at(7, [person(1100)]);
  resume(after, null);
  assert.deepEqual(after.ids(8.2, person(330), person(1100)), ["other-7", "t-1"]);
  const moving = new Watch();
  resume(moving, { x: 80, y: 0 });
  moving.at(9, []);
  // Both are as near to where it was; it went to the right, by 160 pixels of this picture a second.
  assert.deepEqual(moving.ids(10, person(20), person(580)), ["t-1", "other-7"]);
});
