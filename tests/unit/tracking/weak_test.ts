import assert from "node:assert/strict";
import { idOf, person, Watch } from "../../support/tracking/walks.ts";

const WEAK = 0.3;

/** A track of three frames, one a second; the newest at x = 420, 2 s. */
function followed(): Watch {
  const watch = new Watch();
  for (const [seconds, x] of [[0, 100], [1, 260], [2, 420]] as const) {
    watch.at(seconds, [person(x)]);
  }
  return watch;
}

/** The tracks of what is seen with little confidence. */
function weakIds(watch: Watch, seconds: number, ...weak: Parameters<typeof person>[]) {
  const detections = weak.map(([x, more]) => person(x, { confidence: WEAK, ...more }));
  return watch.at(seconds, [], detections).weak.map(idOf);
}

Deno.test("weak detections: at 1 Hz they continue the track of a walker whose box they do not overlap", () => {
  const watch = followed();
  assert.deepEqual(weakIds(watch, 3, [540]), ["t-1"]);
  assert.deepEqual(weakIds(watch, 4, [700]), ["t-1"]);
  assert.deepEqual(watch.ids(5, person(860)), ["t-1"]);
});

Deno.test("weak detections: they do so for one size and height alone, and where it is clear", () => {
  assert.deepEqual(weakIds(followed(), 3, [500, { height: 240 }]), [null]);
  assert.deepEqual(weakIds(followed(), 3, [500, { footY: 540 }]), [null]);
  assert.deepEqual(weakIds(followed(), 3, [500], [660]), [null, null]);
});

Deno.test("weak detections: of a track that was seen twice they are none by distance", () => {
  const watch = new Watch();
  watch.at(0, [person(100)]);
  watch.at(1, [person(260)]);
  assert.deepEqual(weakIds(watch, 2, [520]), [null]);
});

Deno.test("weak detections: one who was hidden is found again by them, at high rates and not at low ones", () => {
  const fast = new Watch();
  for (let frame = 0; frame < 5; frame++) fast.at(frame / 5, [person(400)]);
  for (let frame = 5; frame < 20; frame++) fast.at(frame / 5, []);
  assert.deepEqual(weakIds(fast, 4, [560]), ["t-1"]);
  const slow = followed();
  for (const seconds of [3, 4]) slow.at(seconds, []);
  assert.deepEqual(weakIds(slow, 5, [700]), [null]);
});

Deno.test("weak detections: one of another size does not take the track that it overlaps", () => {
  const watch = new Watch();
  for (let frame = 0; frame < 5; frame++) watch.at(frame / 5, [person(400)]);
  assert.deepEqual(weakIds(watch, 1, [400, { height: 280, footY: 560 }]), [null]);
  assert.deepEqual(weakIds(watch, 1.2, [405]), ["t-1"]);
});
