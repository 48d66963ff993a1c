import assert from "node:assert/strict";
import { MAX_TRACKS } from "../../../src/tracking/track_table.ts";
import { steadyMs } from "../../../src/core/clock.ts";
import {
  follow,
  idOf,
  person,
  SIZE,
  times,
  type Walk,
  Watch,
} from "../../support/tracking/walks.ts";

/** 0.8 heights of the box per second, which is 1.4 m/s. */
const WALK = 160;

const RATES_HZ = [0.5, 1, 5, 25] as const;

/** From left to right, past the middle at half the time. */
const towardsRight: Walk = (seconds) => person(100 + WALK * seconds);
const towardsLeft: Walk = (seconds) => person(1180 - WALK * seconds, { footY: 530, height: 215 });

for (const rateHz of RATES_HZ) {
  const to = 6;

  Deno.test(`tracker: at ${rateHz} Hz a walker is one track from the first frame on`, () => {
    assert.deepEqual(follow([towardsRight], times(rateHz, { to })), [["t-1"]]);
  });

  Deno.test(`tracker: at ${rateHz} Hz walkers that cross keep their tracks`, () => {
    const ids = follow([towardsRight, towardsLeft], times(rateHz, { to }));
    assert.deepEqual(ids, [["t-1"], ["t-2"]]);
  });

  Deno.test(`tracker: at ${rateHz} Hz a walker who stops, turns and goes back is one track`, () => {
    const walk: Walk = (seconds) => {
      const steps = seconds < 3 ? seconds : seconds < 5 ? 3 : 8 - seconds;
      return person(300 + WALK * steps);
    };
    assert.deepEqual(follow([walk], times(rateHz, { to: 8 })), [["t-1"]]);
  });
}

for (const rateHz of [1, 5, 25]) {
  const HIDES = [0.5, 1, 2, 4] as const;
  const hidden = (walk: Walk, hide: number): Walk => (seconds) =>
    seconds > 3 && seconds < 3 + hide ? null : walk(seconds);

  for (const hide of HIDES) {
    Deno.test(`tracker: at ${rateHz} Hz one who walks on while hidden for ${hide} s is the same`, () => {
      const ids = follow([hidden(towardsRight, hide)], times(rateHz, { to: 7.2 }));
      assert.deepEqual(ids, [["t-1"]]);
    });

    Deno.test(`tracker: at ${rateHz} Hz one who stops while hidden for ${hide} s is the same`, () => {
      const walk: Walk = (seconds) => person(100 + WALK * Math.min(seconds, 3 + hide / 3));
      const ids = follow([hidden(walk, hide)], times(rateHz, { to: 8 }));
      assert.deepEqual(ids, [["t-1"]]);
    });

    Deno.test(`tracker: at ${rateHz} Hz one who goes back while hidden for ${hide} s is the same`, () => {
      const turn = 3 + hide / 3;
      const walk: Walk = (seconds) =>
        person(300 + WALK * (seconds < turn ? seconds : 2 * turn - seconds));
      const ids = follow([hidden(walk, hide)], times(rateHz, { to: 8 }));
      assert.deepEqual(ids, [["t-1"]]);
    });
  }
}

Deno.test("tracker: the rate may change at any frame", () => {
  const changing = [
    ...times(25, { to: 1 }),
    ...times(1, { from: 2, to: 4 }),
    ...times(5, { from: 4.2, to: 5 }),
    ...[5.04, 7],
  ];
  assert.deepEqual(follow([towardsRight, towardsLeft], changing), [["t-1"], ["t-2"]]);
});

Deno.test("tracker: a track is found again after a gap without frames, and by keepMs is gone", () => {
  const stands: Walk = () => person(600);
  const gap = (seconds: number) => {
    const watch = new Watch();
    follow([stands], times(5, { to: 2 }), watch);
    // The camera or a worker was away; the first frame after it shows nothing, as detectors do.
    watch.at(2 + seconds, []);
    return watch.ids(2.2 + seconds, person(605))[0];
  };
  assert.equal(gap(3), "t-1");
  assert.equal(gap(6), "t-2");
});

Deno.test("tracker: who was seen in the newest frame is the same when the next comes after keepMs", () => {
  const watch = new Watch();
  const ids = [0, 10, 20, 30].map((seconds) => watch.ids(seconds, person(600 + seconds / 10))[0]);
  assert.deepEqual(ids, ["t-1", "t-1", "t-1", "t-1"]);
  assert.deepEqual(watch.ids(3600, person(603)), ["t-2"], "but not an hour later");
});

Deno.test("tracker: keepMs counts from its change on", () => {
  const watch = new Watch();
  watch.at(0, [person(600)]);
  watch.at(4, []);
  watch.tracker.keepMs = 60_000;
  watch.at(40, []);
  assert.deepEqual(watch.ids(50, person(600)), ["t-1"]);
  watch.tracker.keepMs = 1000;
  watch.at(52, []);
  watch.tracker.keepMs = 60_000;
  assert.deepEqual(watch.ids(52.2, person(600)), ["t-2"]);
});

Deno.test("tracker: weak detections continue tracks, also one that was seen once, and begin none", () => {
  const watch = new Watch();
  const weak = (x: number) => [person(x, { confidence: 0.2 })];
  assert.deepEqual(watch.at(0, [], weak(300)).weak, [null]);
  watch.at(0.2, [person(300)]);
  assert.deepEqual(watch.at(0.4, [], weak(300)).weak.map(idOf), ["t-1"]);
  watch.at(0.6, [person(300)]);
  const { weak: [track] } = watch.at(0.8, [], weak(310));
  assert.equal(idOf(track ?? null), "t-1");
  assert.deepEqual(track?.box, weak(310)[0]?.box);
  assert.deepEqual(
    watch.at(1, [], weak(700)).weak,
    [null],
    "no weak one is found by distance at once",
  );
});

Deno.test("tracker: weak detections alone do not keep a track forever", () => {
  const watch = new Watch();
  for (const at of times(5, { to: 1 })) watch.at(at, [person(300)]);
  // A coat beside the door by which the person has left.
  const coat = times(5, { from: 1.2, to: 60 }).map((at) =>
    idOf(watch.at(at, [], [person(310, { confidence: 0.2 })]).weak[0] ?? null)
  );
  assert.equal(coat[0], "t-1");
  assert.equal(coat.at(-1), null);
  const slow = new Watch();
  for (const at of [0, 10]) slow.at(at, [person(300)]);
  const [third] = slow.at(40, [], [person(300, { confidence: 0.2 })]).weak;
  assert.equal(idOf(third ?? null), "t-1", "at a low rate a few of them in any case");
});

Deno.test("tracker: a confident detection is assigned before a weak one", () => {
  const watch = new Watch();
  for (const at of [0, 0.2]) watch.at(at, [person(300)]);
  const { detections, weak } = watch.at(0.4, [person(320)], [person(300, { confidence: 0.2 })]);
  assert.deepEqual(detections.map(idOf), ["t-1"]);
  assert.deepEqual(weak, [null]);
});

Deno.test("tracker: a person never becomes a car", () => {
  const watch = new Watch();
  const car = person(300, { class: "car" });
  assert.deepEqual(watch.ids(0, person(300), car), ["t-1", "t-2"]);
  assert.deepEqual(watch.ids(0.2, car, person(300)), ["t-2", "t-1"]);
  assert.deepEqual(watch.ids(0.4, car), ["t-2"]);
  assert.deepEqual(watch.ids(0.6, person(300, { class: "dog" })), ["t-3"]);
  assert.equal(watch.at(0.8, [person(300)]).detections[0]?.class, "person");
});

Deno.test("tracker: an older frame is assigned, and moves nothing back", () => {
  const watch = new Watch();
  for (const at of times(5, { to: 2 })) watch.at(at, [person(100 + WALK * at)]);
  watch.at(2.4, [person(100 + WALK * 2.4)]);
  const { detections: [late] } = watch.at(2.2, [person(100 + WALK * 2.2)]);
  assert.equal(late?.id, "t-1");
  assert.equal(late?.seenAtMs, 2400);
  assert.deepEqual(late?.box, person(100 + WALK * 2.4).box);
  assert.deepEqual(watch.ids(2.6, person(100 + WALK * 2.6)), ["t-1"]);
});

Deno.test("tracker: frames of a pool of workers, in pairs the wrong way around", () => {
  const order = times(10, { to: 6 }).map((at, index, all) => all[index ^ 1] ?? at);
  assert.deepEqual(follow([towardsRight, towardsLeft], order), [["t-1"], ["t-2"]]);
});

Deno.test("tracker: a false detection takes the track of a hidden person for one frame only", () => {
  const watch = new Watch();
  for (const at of times(5, { to: 2 })) watch.at(at, [person(600)]);
  watch.at(2.2, []);
  watch.at(3, []);
  assert.deepEqual(watch.ids(3.2, person(800)), ["t-1"], "it may be the same, who has walked on");
  watch.at(3.4, []);
  assert.deepEqual(watch.ids(3.6, person(560)), ["t-1"], "but was not");
  assert.deepEqual(watch.ids(3.8, person(555)), ["t-1"]);
});

Deno.test("tracker: an older frame does not take a track back to where it was before", () => {
  const watch = new Watch();
  for (const at of times(5, { to: 2 })) watch.at(at, [person(600)]);
  watch.at(2.2, []);
  assert.deepEqual(watch.ids(3.2, person(800)), ["t-1"]);
  assert.deepEqual(watch.ids(3, person(560)), ["t-2"]);
  assert.deepEqual(watch.ids(3.4, person(810)), ["t-1"]);
});

Deno.test("tracker: of two who are hidden each keeps the track of its size, though the other one is nearer", () => {
  const watch = new Watch();
  const small = { height: 150, footY: 460 };
  for (const at of times(5, { to: 1 })) watch.at(at, [person(300), person(500, small)]);
  watch.at(2, []);
  assert.deepEqual(watch.ids(3, person(370, small), person(440)), ["t-2", "t-1"]);
});

Deno.test("tracker: one of another size is another one", () => {
  const watch = new Watch();
  for (const at of times(5, { to: 1 })) watch.at(at, [person(300)]);
  watch.at(1.8, []);
  assert.deepEqual(watch.ids(2, person(400, { height: 148 })), ["t-2"]);
  assert.deepEqual(watch.ids(2.2, person(420, { height: 148 }), person(400)), ["t-2", "t-1"]);
});

Deno.test("tracker: a pair that is clear is not given up for two that are not", () => {
  const watch = new Watch();
  for (const at of times(5, { to: 1 })) watch.at(at, [person(400), person(850)]);
  watch.at(2.8, []);
  // The second could only be the first track, and then the first detection the second track.
  assert.deepEqual(watch.ids(3, person(490), person(40)), ["t-1", "t-3"]);
});

Deno.test("tracker: a picture of another size shows the same tracks", () => {
  const watch = new Watch();
  const scaled = (x: number) => {
    const { box, ...rest } = person(x);
    return {
      ...rest,
      box: { x: box.x / 2, y: box.y / 2, width: box.width / 2, height: box.height / 2 },
    };
  };
  for (const at of times(5, { to: 2 })) watch.at(at, [person(100 + WALK * at)]);
  const half = { width: SIZE.width / 2, height: SIZE.height / 2 };
  const ids = [3, 3.2].map((at) => watch.at(at, [scaled(100 + WALK * at)], [], half));
  assert.deepEqual(ids.map(({ detections: [track] }) => idOf(track ?? null)), ["t-1", "t-1"]);
});

Deno.test("tracker: one who comes in over the edge is as wide as can be seen", () => {
  const watch = new Watch();
  const whole = person(20).box;
  const cut = { ...whole, x: 0, width: 28 };
  watch.at(0, [{ class: "person", confidence: 0.8, box: cut }]);
  assert.deepEqual(watch.ids(1, person(170)), ["t-1"]);
});

Deno.test("tracker: a track that was forgotten is another one when seen again", () => {
  const watch = new Watch();
  watch.at(0, [person(600)]);
  watch.tracker.forget("t-1");
  watch.tracker.forget("t-1");
  assert.deepEqual(watch.ids(0.2, person(600)), ["t-2"]);
});

Deno.test("tracker: beyond the bound detections have no track, and the oldest lost ones make room", () => {
  const watch = new Watch(60_000);
  const row = (y: number, count: number) =>
    Array.from({ length: count }, (_, index) => person(4 + 10 * index, { height: 8, footY: y }));
  const full = watch.ids(0, ...row(100, MAX_TRACKS), ...row(300, 2));
  assert.equal(full.filter((id) => id !== null).length, MAX_TRACKS);
  assert.deepEqual(full.slice(MAX_TRACKS), [null, null]);
  // All but the first are seen again; the two new ones take the place of the first and of none.
  const again = watch.ids(1, ...row(100, MAX_TRACKS).slice(1), ...row(300, 2));
  assert.deepEqual(again.slice(0, 3), ["t-2", "t-3", "t-4"]);
  assert.deepEqual(again.slice(-2), [`t-${MAX_TRACKS + 1}`, null]);
});

Deno.test("tracker: a track is as of its frame", () => {
  const watch = new Watch();
  const [first] = watch.at(0, [person(300)]).detections;
  watch.at(0.2, [person(320)]);
  assert.deepEqual(first, {
    ...{ id: "t-1", class: "person", box: person(300).box, seenAtMs: steadyMs(0) },
    first: { box: person(300).box, atMs: steadyMs(0) },
  });
});

Deno.test("tracker: one whose height seemed to shrink is the same at the height of before", () => {
  const watch = new Watch();
  watch.at(0, [person(600, { height: 240 })]);
  watch.at(0.2, [person(602, { height: 212 })]);
  assert.deepEqual(watch.ids(0.6, person(640, { height: 252 })), ["t-1"]);
});

Deno.test("tracker: one of whom the edge shows a strip at first is the same a step later", () => {
  const watch = new Watch();
  const strip = { ...person(0), box: { x: 8, y: 300, width: 20, height: 200 } };
  const whole = { ...person(0), box: { x: 40, y: 300, width: 80, height: 200 } };
  assert.deepEqual([watch.ids(0, strip), watch.ids(1, whole)], [["t-1"], ["t-1"]]);
});

Deno.test("tracker: who walked out of the picture is not found far from there, who stood there may be", () => {
  for (const [speed, id] of [[WALK, "t-2"], [0, "t-1"]] as const) {
    const watch = new Watch();
    for (let at = 0; at <= 1; at += 0.2) watch.at(at, [person(1240 + speed * (at - 1))]);
    assert.deepEqual(watch.ids(4, person(690)), [id]);
  }
});
