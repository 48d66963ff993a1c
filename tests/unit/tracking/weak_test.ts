import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { MAX_TRACKS } from "../../../src/tracking/track_table.ts";
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

Deno.test("weak detections: they do so for one size and height alone, and the nearest one does", () => {
  assert.deepEqual(weakIds(followed(), 3, [500, { height: 240 }]), [null]);
  assert.deepEqual(weakIds(followed(), 3, [500, { footY: 540 }]), [null]);
  assert.deepEqual(weakIds(followed(), 3, [560], [760]), ["t-1", null]);
});

Deno.test("weak detections: begin a track that has an id once it is seen with confidence", () => {
  const watch = new Watch();
  assert.deepEqual(weakIds(watch, 0, [100]), [null]);
  assert.deepEqual(weakIds(watch, 1, [260]), [null]);
  const [track] = watch.at(2, [person(420)]).detections;
  assert.deepEqual(track?.id, "t-1");
  assert.deepEqual(track?.first, { box: person(100).box, atMs: steadyMs(0) });
  assert.deepEqual(weakIds(watch, 3, [580]), ["t-1"]);
});

Deno.test("weak detections: what they alone have begun is forgotten after some seconds", () => {
  const watch = new Watch();
  assert.deepEqual(weakIds(watch, 0, [100]), [null]);
  watch.at(3, []);
  const [track] = watch.at(3.2, [person(100)]).detections;
  assert.deepEqual(track?.first.atMs, steadyMs(3200));
});

Deno.test("weak detections: they begin no track where one that is not seen may be", () => {
  const watch = new Watch();
  for (let frame = 0; frame < 5; frame++) watch.at(frame / 5, [person(400)]);
  // Too high for the track, and near.
  for (const at of [1, 1.2]) assert.deepEqual(weakIds(watch, at, [405, { height: 256 }]), [null]);
  assert.deepEqual(watch.ids(1.4, person(405, { height: 240 })), ["t-1"]);
});

Deno.test("weak detections: a false one takes no room from tracks", () => {
  const watch = new Watch(60_000);
  const row = Array.from(
    { length: MAX_TRACKS },
    (_, index) => person(4 + 10 * index, { height: 8, footY: 100 }),
  );
  watch.at(0, row);
  assert.deepEqual(weakIds(watch, 1, [600]), [null]);
  assert.deepEqual(watch.ids(2, ...row.slice(0, 2)), ["t-1", "t-2"]);
});

Deno.test("weak detections: one who was hidden is found again by them", () => {
  const fast = new Watch();
  for (let frame = 0; frame < 5; frame++) fast.at(frame / 5, [person(400)]);
  for (let frame = 5; frame < 20; frame++) fast.at(frame / 5, []);
  assert.deepEqual(weakIds(fast, 4, [560]), ["t-1"]);
  const slow = followed();
  for (const seconds of [3, 4]) slow.at(seconds, []);
  assert.deepEqual(weakIds(slow, 5, [700]), ["t-1"]);
});

Deno.test("weak detections: one of another size does not take the track that it overlaps", () => {
  const watch = new Watch();
  for (let frame = 0; frame < 5; frame++) watch.at(frame / 5, [person(400)]);
  assert.deepEqual(weakIds(watch, 1, [400, { height: 280, footY: 560 }]), [null]);
  assert.deepEqual(weakIds(watch, 1.2, [405]), ["t-1"]);
});

Deno.test("weak detections: what they have begun takes no detection that continues a track", () => {
  const watch = new Watch();
  const seen = (confidence: number, x: number, y: number, width: number, height: number) => ({
    ...{ class: "person", confidence, box: { x, y, width, height } },
  });
  // A person comes in at the left, as the bundled model sees it in the demo's clip.
  watch.at(1.08, [], [seen(0.11, 0, 115, 139, 579)]);
  watch.at(1.28, []);
  watch.at(1.48, [], [seen(0.23, 1, 128, 132, 496)]);
  watch.at(1.68, [seen(0.55, 2, 129, 182, 413)], [seen(0.17, 1, 304, 157, 416)]);
  const [first] = watch.at(1.88, [seen(0.61, 23, 132, 227, 412)], [seen(0.19, 24, 254, 231, 455)])
    .detections;
  const id = idOf(first ?? null);
  assert.deepEqual(watch.ids(2.04, seen(0.54, 82, 130, 224, 429)), [id]);
  assert.deepEqual(watch.ids(2.28, seen(0.57, 158, 128, 223, 430)), [id]);
});
