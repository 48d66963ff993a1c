import assert from "node:assert/strict";
import { plusMs, steadyMs } from "../../../src/core/clock.ts";
import { RateLimiter } from "../../../src/pacing/rate_limiter.ts";
import { type Candidate, DecodePolicy } from "../../../src/pacing/decode_policy.ts";

const ANY: Candidate = {
  isKey: false,
  isRecoveryPoint: false,
  isCorrupt: false,
  isTooSlow: false,
  isDisposable: () => false,
  atMs: steadyMs(0),
  frameMs: 40,
  wanted: true,
  pictureWanted: false,
  periodMs: 0,
  dueInMs: 0,
  dueNextInMs: 0,
  holdsBack: false,
  buffer: "incomplete",
};
const KEY = { isKey: true };
const DELTA = {};
const UNWANTED = { wanted: false };

/** `D` decode, `?` unusable, else the reason's first letter. */
function fate(gate: DecodePolicy, packet: Partial<Candidate>): string {
  const fate = gate.decide({ ...ANY, ...packet });
  if (fate.kind === "catch-up") return "C";
  return fate.kind === "decode" ? "D" : fate.kind === "unusable" ? "?" : fate.reason[0] ?? "";
}

function fates(gate: DecodePolicy, packets: readonly Partial<Candidate>[]): string {
  return packets.map((packet) => fate(gate, packet)).join("");
}

/** A camera of 25 frames a second, and a detector that takes what is decoded at its rate at once. */
function play(options: {
  readonly rateHz: number;
  readonly keyframeEvery: (frame: number) => boolean;
  readonly frames: number;
  readonly disposable?: (frame: number) => boolean;
}): { gate: DecodePolicy; fates: string; takenAtMs: number[] } {
  const gate = new DecodePolicy("auto");
  const rate = new RateLimiter(options.rateHz);
  const takenAtMs: number[] = [];
  let text = "";
  for (let index = 0; index < options.frames; index++) {
    const atMs = steadyMs(40 * index);
    const isKey = options.keyframeEvery(index);
    const letter = fate(gate, {
      isKey,
      isDisposable: () => options.disposable?.(index) ?? false,
      atMs,
      periodMs: rate.periodMs ?? 0,
      dueInMs: rate.waitMs(atMs),
      dueNextInMs: rate.waitMs(atMs),
      buffer: "complete",
    });
    text += letter;
    const everyMs = gate.keyframes.intervalMs;
    if (isKey && everyMs !== null && gate.keyframes.isSteady) rate.follow({ atMs, everyMs });
    const nearMs = (gate.keyframesOnly ? everyMs ?? 40 : 40) / 2;
    if ("DC".includes(letter) && rate.waitMs(atMs) <= nearMs) {
      takenAtMs.push(atMs);
      // A worker is told, takes, and has its frame a little later.
      rate.delivered(plusMs(atMs, 12));
    }
  }
  return { gate, fates: text, takenAtMs };
}

function gaps(takenAtMs: readonly number[]): number[] {
  return takenAtMs.slice(1).map((at, index) => at - (takenAtMs[index] ?? 0));
}

function count(text: string, letter: string): number {
  return text.split(letter).length - 1;
}

const everyTwoSeconds = (frame: number) => frame % 50 === 0;

Deno.test("decode gate: nothing is decoded before the first keyframe", () => {
  assert.equal(fates(new DecodePolicy("all"), [DELTA, DELTA, KEY, DELTA]), "??DD");
});

Deno.test("decode gate: after a time in which nobody wanted frames it goes on with a keyframe", () => {
  assert.equal(
    fates(new DecodePolicy("auto"), [KEY, DELTA, UNWANTED, DELTA, DELTA, KEY, DELTA]),
    "DDuaaDD",
  );
});

Deno.test("decode gate: a stream that begins while nobody wants frames is not taken for damaged", () => {
  assert.equal(fates(new DecodePolicy("auto"), [UNWANTED, KEY, DELTA]), "uDD");
});

Deno.test("decode gate: keyframes only", () => {
  assert.equal(fates(new DecodePolicy("keyframes"), [DELTA, KEY, DELTA, DELTA, KEY]), "kDkkD");
});

Deno.test("decode gate: at 0.5 Hz of a camera with a keyframe every 2 s only those are decoded", () => {
  const run = play({ rateHz: 0.5, keyframeEvery: everyTwoSeconds, frames: 1000 });
  // The first group of pictures is decoded whole: how long it would be was not known.
  assert.match(run.fates, /^D{50}(Dk{49})+$/);
  assert.equal(run.gate.level, "keyframes");
  assert.deepEqual(gaps(run.takenAtMs), Array(19).fill(2000));
});

Deno.test("decode gate: at 1 Hz it sleeps from the frame in the middle until the keyframe", () => {
  const run = play({ rateHz: 1, keyframeEvery: everyTwoSeconds, frames: 1000 });
  assert.match(run.fates.slice(500), /^(D{26}a{24})+$/);
  assert.equal(run.gate.level, "gop");
  assert.deepEqual(gaps(run.takenAtMs), Array(39).fill(1000));
});

Deno.test("decode gate: every rate is kept, whatever is left out", () => {
  for (const rateHz of [0.1, 0.33, 0.5, 0.7, 1, 2, 3, 5, 7, 10]) {
    const { takenAtMs } = play({ rateHz, keyframeEvery: everyTwoSeconds, frames: 5000 });
    const spanMs = (takenAtMs.at(-1) ?? 0) - (takenAtMs[0] ?? 0);
    const found = (takenAtMs.length - 1) * 1000 / spanMs;
    assert.ok(Math.abs(found / rateHz - 1) <= 0.02, `${rateHz} Hz: ${found}`);
    // A rate slower than the keyframes takes the nearest one, else the nearest frame.
    const mostMs = rateHz <= 0.5 ? 2000 : 80;
    for (const gapMs of gaps(takenAtMs)) {
      assert.ok(Math.abs(gapMs - 1000 / rateHz) <= mostMs, `${rateHz} Hz: a gap of ${gapMs} ms`);
    }
  }
});

Deno.test("decode gate: of keyframes alone, as in MJPEG, only those are decoded that somebody takes", () => {
  for (const rateHz of [0.5, 1, 2, 3, 5, 7, 10]) {
    const run = play({ rateHz, keyframeEvery: () => true, frames: 5000 });
    const taken = run.takenAtMs.length;
    assert.ok(Math.abs(taken / (200 * rateHz) - 1) <= 0.02, `${rateHz} Hz: ${taken} in 200 s`);
    assert.ok(count(run.fates, "D") <= taken + 4, `${rateHz} Hz: ${count(run.fates, "D")} decoded`);
    for (const gapMs of gaps(run.takenAtMs)) {
      assert.ok(Math.abs(gapMs - 1000 / rateHz) <= 40, `${rateHz} Hz: a gap of ${gapMs} ms`);
    }
  }
});

Deno.test("decode gate: keyframes that come when they like delay nobody by more than their interval", () => {
  let next = 0;
  let seed = 1;
  const keyframeEvery = (frame: number) => {
    if (frame !== next) return false;
    seed = seed * 48271 % 2147483647;
    next += 10 + seed % 90;
    return true;
  };
  const { takenAtMs } = play({ rateHz: 1, keyframeEvery, frames: 5000 });
  for (const gapMs of gaps(takenAtMs)) assert.ok(gapMs <= 1000 + 4000, `${gapMs} ms`);
  assert.ok(takenAtMs.length >= 190, `${takenAtMs.length} frames in 200 s`);
});

Deno.test("decode gate: pictures that no other refers to are decoded when a detector is due", () => {
  const run = play({
    rateHz: 1,
    keyframeEvery: (frame) => frame % 200 === 0,
    frames: 1000,
    disposable: (frame) => frame % 50 % 3 !== 0,
  });
  assert.ok(count(run.fates, "n") > 150, run.fates);
  for (const gapMs of gaps(run.takenAtMs)) assert.ok(Math.abs(gapMs - 1000) <= 40, `${gapMs} ms`);
});

Deno.test("decode gate: a picture that somebody waits for ends the sleep at the next keyframe", () => {
  const gate = new DecodePolicy("auto");
  const slow = { periodMs: 10_000, dueInMs: 10_000 };
  for (let frame = 0; frame < 120; frame++) {
    fate(gate, { ...slow, isKey: frame % 50 === 0, atMs: steadyMs(40 * frame) });
  }
  assert.equal(gate.level, "keyframes");
  // Not even a keyframe is decoded long before anybody is due.
  assert.equal(fate(gate, { ...slow, isKey: true, atMs: steadyMs(4800) }), "k");
  const wanted = { ...slow, pictureWanted: true };
  assert.equal(fate(gate, { ...wanted, atMs: steadyMs(4840) }), "k");
  assert.equal(fate(gate, { ...wanted, isKey: true, atMs: steadyMs(6000) }), "D");
});

Deno.test("decode gate: a rate that was raised is in force from the next keyframe", () => {
  const gate = new DecodePolicy("auto");
  for (let frame = 0; frame < 120; frame++) {
    fate(gate, {
      periodMs: 2000,
      dueInMs: 1000,
      isKey: frame % 50 === 0,
      atMs: steadyMs(40 * frame),
    });
  }
  const fast = { periodMs: 100, dueInMs: 0 };
  assert.equal(
    fates(gate, [{ ...fast, atMs: steadyMs(4800) }, {
      ...fast,
      isKey: true,
      atMs: steadyMs(6000),
    }]),
    "kD",
  );
  assert.equal(fate(gate, { ...fast, atMs: steadyMs(6040) }), "D");
});

Deno.test("decode gate: after a damaged packet nothing is usable until a whole keyframe", () => {
  const gate = new DecodePolicy("all");
  const corrupt = { isCorrupt: true };
  assert.equal(fates(gate, [KEY, DELTA, corrupt, DELTA, DELTA]), "DD???");
  assert.equal(fates(gate, [{ ...KEY, ...corrupt }, DELTA, KEY, DELTA]), "??DD");
});

Deno.test("decode gate: a recovery point wakes a decoder that waits, and is no keyframe to count on", () => {
  const gate = new DecodePolicy("auto");
  const recovery = { isRecoveryPoint: true };
  assert.equal(fates(gate, [DELTA, recovery, DELTA, { isCorrupt: true }, DELTA]), "?DD??");
  assert.equal(fates(gate, [recovery, DELTA]), "DD");
  assert.equal(gate.keyframes.intervalMs, null);
});

Deno.test("decode gate: a decoder that is too slow goes on with the next keyframe", () => {
  const gate = new DecodePolicy("all");
  const late = { isTooSlow: true };
  assert.equal(fates(gate, [KEY, DELTA, late, DELTA, { ...KEY, ...late }, DELTA]), "DDaaDD");
});

const KEPT = { buffer: "complete" } as const;

/** A gate that has seen keyframes 0, 25 and 50 and what is between; and how it goes on. */
function watched(base: Partial<Candidate>) {
  const gate = new DecodePolicy("auto");
  const at = (index: number, more: Partial<Candidate> = {}) =>
    fate(gate, { atMs: steadyMs(40 * index), ...base, ...KEPT, ...more });
  for (let index = 0; index <= 50; index++) at(index, index % 25 === 0 ? KEY : DELTA);
  return { gate, at };
}

const NOT_DUE = { dueInMs: 1000, dueNextInMs: 1000 };

Deno.test("decode gate: a decoder that slept catches up when the keyframe did not come and one is due", () => {
  const { at } = watched(NOT_DUE);
  for (let index = 51; index < 75; index++) assert.equal(at(index), "a");
  assert.equal(at(75, { dueNextInMs: 0 }), "a", "it may be one frame late");
  assert.equal(at(76), "a", "no detector is due");
  assert.equal(at(77, { dueNextInMs: 0 }), "C");
  assert.equal(at(78), "D", "and goes on, since no keyframe can be counted on");
});

Deno.test("decode gate: frames that come unevenly do not make a keyframe overdue", () => {
  const { at } = watched(NOT_DUE);
  for (let index = 51; index < 74; index++) at(index);
  const late = { dueNextInMs: 0, atMs: steadyMs(40 * 76.4) };
  assert.equal(at(74, late), "a");
  assert.equal(at(75, { ...late, ...KEY }), "D");
});

Deno.test("decode gate: a camera that sends fewer frames than before is not waited for", () => {
  const { at } = watched(NOT_DUE);
  for (let index = 51; index < 60; index++) {
    at(index, { atMs: steadyMs(40 * (50 + 3 * (index - 50))) });
  }
  assert.equal(at(60, { atMs: steadyMs(40 * 80), dueNextInMs: 0 }), "C");
});

Deno.test("decode gate: a detector that is due earlier than was thought need not wait for a keyframe", () => {
  const { at } = watched(NOT_DUE);
  at(51);
  assert.equal(at(55, { dueNextInMs: 0, buffer: "incomplete" }), "a", "nothing was kept");
  assert.equal(at(56, { dueNextInMs: 0 }), "C");
  at(75, KEY);
  at(76);
  assert.equal(at(77, { pictureWanted: true }), "C", "nor a person who wants a picture");
  at(100, KEY);
  at(101);
  assert.equal(at(102, { buffer: "full" }), "C", "no more can be kept");
  assert.equal(at(103, { buffer: "full" }), "D");
});

Deno.test("decode gate: what is not kept, or would have to be decoded again, is not slept through", () => {
  const { at } = watched(NOT_DUE);
  assert.equal(at(51, { buffer: "incomplete" }), "D");
  assert.equal(at(52, { holdsBack: true }), "a");
  assert.equal(at(53, { holdsBack: true, pictureWanted: true }), "C");
  assert.equal(at(54, { holdsBack: true }), "D", "not before the next keyframe");
  assert.equal(at(55), "a", "but for a decoder that goes on from where it is");
  at(75, KEY);
  assert.equal(at(76, { holdsBack: true }), "a");
});

Deno.test("decode gate: keyframes alone go on being enough for a detector that is due between them", () => {
  const { gate, at } = watched({ periodMs: 1400, dueInMs: 0, dueNextInMs: 1000 });
  assert.ok(gate.keyframesOnly);
  for (let index = 51; index < 63; index++) at(index);
  assert.equal(at(63, { dueNextInMs: 0 }), "k", "the next keyframe is nearer than the last was");
  for (let index = 64; index < 76; index++) at(index);
  assert.equal(at(76, { dueNextInMs: 0 }), "C", "it did not come");
  assert.ok(!gate.keyframesOnly);
});
