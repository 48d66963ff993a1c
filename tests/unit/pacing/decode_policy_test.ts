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
  isWanted: true,
  isSnapshotWanted: false,
  periodMs: 0,
  dueInMs: 0,
  dueNextInMs: 0,
  hasDelayedFrames: false,
  buffer: "incomplete",
};
const KEY = { isKey: true };
const DELTA = {};
const UNWANTED = { isWanted: false };

/** `D` decode, `C` catch up, `?` unusable, else the first letter of the reason to skip. */
function decision(policy: DecodePolicy, packet: Partial<Candidate>): string {
  const decision = policy.decide({ ...ANY, ...packet });
  if (decision.kind === "catch-up") return "C";
  if (decision.kind === "unusable") return "?";
  return decision.kind === "decode" ? "D" : decision.reason[0] ?? "";
}

function decisions(policy: DecodePolicy, packets: readonly Partial<Candidate>[]): string {
  return packets.map((packet) => decision(policy, packet)).join("");
}

/** A camera of 25 frames per second, and a detector that takes decoded frames at its rate at once. */
function play(options: {
  readonly rateHz: number;
  readonly keyframeEvery: (frame: number) => boolean;
  readonly frames: number;
  readonly disposable?: (frame: number) => boolean;
}): { policy: DecodePolicy; decisions: string; takenAtMs: number[] } {
  const policy = new DecodePolicy("auto");
  const rate = new RateLimiter(options.rateHz);
  const takenAtMs: number[] = [];
  let text = "";
  for (let index = 0; index < options.frames; index++) {
    const atMs = steadyMs(40 * index);
    const isKey = options.keyframeEvery(index);
    const letter = decision(policy, {
      isKey,
      isDisposable: () => options.disposable?.(index) ?? false,
      atMs,
      periodMs: rate.periodMs ?? 0,
      dueInMs: rate.waitMs(atMs),
      dueNextInMs: rate.waitMs(atMs),
      buffer: "complete",
    });
    text += letter;
    const intervalMs = policy.keyframes.intervalMs;
    if (isKey && intervalMs !== null && policy.keyframes.isSteady) rate.align({ atMs, intervalMs });
    const nearMs = (policy.keyframesOnly ? intervalMs ?? 40 : 40) / 2;
    if ("DC".includes(letter) && rate.waitMs(atMs) <= nearMs) {
      takenAtMs.push(atMs);
      // A worker is notified, takes, and has its frame a little later.
      rate.delivered(plusMs(atMs, 12));
    }
  }
  return { policy, decisions: text, takenAtMs };
}

function gaps(takenAtMs: readonly number[]): number[] {
  return takenAtMs.slice(1).map((at, index) => at - (takenAtMs[index] ?? 0));
}

function count(text: string, letter: string): number {
  return text.split(letter).length - 1;
}

const everyTwoSeconds = (frame: number) => frame % 50 === 0;

Deno.test("decode policy: nothing is decoded before the first keyframe", () => {
  assert.equal(decisions(new DecodePolicy("all"), [DELTA, DELTA, KEY, DELTA]), "??DD");
});

Deno.test("decode policy: after a time without an active detector it continues with a keyframe", () => {
  assert.equal(
    decisions(new DecodePolicy("auto"), [KEY, DELTA, UNWANTED, DELTA, DELTA, KEY, DELTA]),
    "DDuaaDD",
  );
});

Deno.test("decode policy: a stream that begins without an active detector is not taken for corrupt", () => {
  assert.equal(decisions(new DecodePolicy("auto"), [UNWANTED, KEY, DELTA]), "uDD");
});

Deno.test("decode policy: keyframes only", () => {
  assert.equal(decisions(new DecodePolicy("keyframes"), [DELTA, KEY, DELTA, DELTA, KEY]), "kDkkD");
});

Deno.test("decode policy: at 0.5 Hz of a camera with a keyframe every 2 s only those are decoded", () => {
  const run = play({ rateHz: 0.5, keyframeEvery: everyTwoSeconds, frames: 1000 });
  // The first GOP is decoded whole: its length was not known.
  assert.match(run.decisions, /^D{50}(Dk{49})+$/);
  assert.equal(run.policy.level, "keyframes");
  assert.deepEqual(gaps(run.takenAtMs), Array(19).fill(2000));
});

Deno.test("decode policy: at 1 Hz it sleeps from the frame in the middle until the keyframe", () => {
  const run = play({ rateHz: 1, keyframeEvery: everyTwoSeconds, frames: 1000 });
  assert.match(run.decisions.slice(500), /^(D{26}a{24})+$/);
  assert.equal(run.policy.level, "gop");
  assert.deepEqual(gaps(run.takenAtMs), Array(39).fill(1000));
});

Deno.test("decode policy: every rate is kept, whatever is skipped", () => {
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

Deno.test("decode policy: of keyframes alone, as in MJPEG, only those are decoded that a detector takes", () => {
  for (const rateHz of [0.5, 1, 2, 3, 5, 7, 10]) {
    const run = play({ rateHz, keyframeEvery: () => true, frames: 5000 });
    const taken = run.takenAtMs.length;
    assert.ok(Math.abs(taken / (200 * rateHz) - 1) <= 0.02, `${rateHz} Hz: ${taken} in 200 s`);
    assert.ok(
      count(run.decisions, "D") <= taken + 4,
      `${rateHz} Hz: ${count(run.decisions, "D")} decoded`,
    );
    for (const gapMs of gaps(run.takenAtMs)) {
      assert.ok(Math.abs(gapMs - 1000 / rateHz) <= 40, `${rateHz} Hz: a gap of ${gapMs} ms`);
    }
  }
});

Deno.test("decode policy: keyframes at random intervals delay no detector by more than their interval", () => {
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

Deno.test("decode policy: disposable frames are decoded when a detector is due", () => {
  const run = play({
    rateHz: 1,
    keyframeEvery: (frame) => frame % 200 === 0,
    frames: 1000,
    disposable: (frame) => frame % 50 % 3 !== 0,
  });
  assert.ok(count(run.decisions, "n") > 150, run.decisions);
  for (const gapMs of gaps(run.takenAtMs)) assert.ok(Math.abs(gapMs - 1000) <= 40, `${gapMs} ms`);
});

Deno.test("decode policy: a requested snapshot ends the sleep at the next keyframe", () => {
  const policy = new DecodePolicy("auto");
  const slow = { periodMs: 10_000, dueInMs: 10_000 };
  for (let frame = 0; frame < 120; frame++) {
    decision(policy, { ...slow, isKey: frame % 50 === 0, atMs: steadyMs(40 * frame) });
  }
  assert.equal(policy.level, "keyframes");
  // Not even a keyframe is decoded long before a detector is due.
  assert.equal(decision(policy, { ...slow, isKey: true, atMs: steadyMs(4800) }), "k");
  const wanted = { ...slow, isSnapshotWanted: true };
  assert.equal(decision(policy, { ...wanted, atMs: steadyMs(4840) }), "k");
  assert.equal(decision(policy, { ...wanted, isKey: true, atMs: steadyMs(6000) }), "D");
});

Deno.test("decode policy: a rate that was raised is in force from the next keyframe", () => {
  const policy = new DecodePolicy("auto");
  for (let frame = 0; frame < 120; frame++) {
    decision(policy, {
      periodMs: 2000,
      dueInMs: 1000,
      isKey: frame % 50 === 0,
      atMs: steadyMs(40 * frame),
    });
  }
  const fast = { periodMs: 100, dueInMs: 0 };
  assert.equal(
    decisions(policy, [{ ...fast, atMs: steadyMs(4800) }, {
      ...fast,
      isKey: true,
      atMs: steadyMs(6000),
    }]),
    "kD",
  );
  assert.equal(decision(policy, { ...fast, atMs: steadyMs(6040) }), "D");
});

Deno.test("decode policy: after a corrupt packet nothing is usable until an intact keyframe", () => {
  const policy = new DecodePolicy("all");
  const corrupt = { isCorrupt: true };
  assert.equal(decisions(policy, [KEY, DELTA, corrupt, DELTA, DELTA]), "DD???");
  assert.equal(decisions(policy, [{ ...KEY, ...corrupt }, DELTA, KEY, DELTA]), "??DD");
});

Deno.test("decode policy: a recovery point wakes a decoder that waits, and does not count as a keyframe", () => {
  const policy = new DecodePolicy("auto");
  const recovery = { isRecoveryPoint: true };
  assert.equal(decisions(policy, [DELTA, recovery, DELTA, { isCorrupt: true }, DELTA]), "?DD??");
  assert.equal(decisions(policy, [recovery, DELTA]), "DD");
  assert.equal(policy.keyframes.intervalMs, null);
});

Deno.test("decode policy: a decoder that is too slow continues with the next keyframe", () => {
  const policy = new DecodePolicy("all");
  const late = { isTooSlow: true };
  assert.equal(decisions(policy, [KEY, DELTA, late, DELTA, { ...KEY, ...late }, DELTA]), "DDaaDD");
});

const BUFFERED = { buffer: "complete" } as const;

/** A policy after keyframes 0, 25 and 50 and the packets between them; and how it goes on. */
function observed(base: Partial<Candidate>) {
  const policy = new DecodePolicy("auto");
  const at = (index: number, more: Partial<Candidate> = {}) =>
    decision(policy, { atMs: steadyMs(40 * index), ...base, ...BUFFERED, ...more });
  for (let index = 0; index <= 50; index++) at(index, index % 25 === 0 ? KEY : DELTA);
  return { policy, at };
}

const NOT_DUE = { dueInMs: 1000, dueNextInMs: 1000 };

Deno.test("decode policy: a decoder that slept catches up when the keyframe did not come and a detector is due", () => {
  const { at } = observed(NOT_DUE);
  for (let index = 51; index < 75; index++) assert.equal(at(index), "a");
  assert.equal(at(75, { dueNextInMs: 0 }), "a", "it may be one frame late");
  assert.equal(at(76), "a", "no detector is due");
  assert.equal(at(77, { dueNextInMs: 0 }), "C");
  assert.equal(at(78), "D", "and goes on, since no keyframe is expected");
});

Deno.test("decode policy: frames that arrive unevenly do not make a keyframe overdue", () => {
  const { at } = observed(NOT_DUE);
  for (let index = 51; index < 74; index++) at(index);
  const late = { dueNextInMs: 0, atMs: steadyMs(40 * 76.4) };
  assert.equal(at(74, late), "a");
  assert.equal(at(75, { ...late, ...KEY }), "D");
});

Deno.test("decode policy: a keyframe is not waited for when the camera sends fewer frames than before", () => {
  const { at } = observed(NOT_DUE);
  for (let index = 51; index < 60; index++) {
    at(index, { atMs: steadyMs(40 * (50 + 3 * (index - 50))) });
  }
  assert.equal(at(60, { atMs: steadyMs(40 * 80), dueNextInMs: 0 }), "C");
});

Deno.test("decode policy: a detector that is due earlier than expected need not wait for a keyframe", () => {
  const { at } = observed(NOT_DUE);
  at(51);
  assert.equal(at(55, { dueNextInMs: 0, buffer: "incomplete" }), "a", "nothing was buffered");
  assert.equal(at(56, { dueNextInMs: 0 }), "C");
  at(75, KEY);
  at(76);
  assert.equal(at(77, { isSnapshotWanted: true }), "C", "nor a snapshot");
  at(100, KEY);
  at(101);
  assert.equal(at(102, { buffer: "full" }), "C", "no more can be buffered");
  assert.equal(at(103, { buffer: "full" }), "D");
});

Deno.test("decode policy: it does not sleep where packets are not buffered, or would have to be decoded again", () => {
  const { at } = observed(NOT_DUE);
  assert.equal(at(51, { buffer: "incomplete" }), "D");
  assert.equal(at(52, { hasDelayedFrames: true }), "a");
  assert.equal(at(53, { hasDelayedFrames: true, isSnapshotWanted: true }), "C");
  assert.equal(at(54, { hasDelayedFrames: true }), "D", "not before the next keyframe");
  assert.equal(at(55), "a", "unless the decoder continues from where it is");
  at(75, KEY);
  assert.equal(at(76, { hasDelayedFrames: true }), "a");
});

Deno.test("decode policy: keyframes alone stay enough for a detector that is due between them", () => {
  const { policy, at } = observed({ periodMs: 1400, dueInMs: 0, dueNextInMs: 1000 });
  assert.ok(policy.keyframesOnly);
  for (let index = 51; index < 63; index++) at(index);
  assert.equal(at(63, { dueNextInMs: 0 }), "k", "the next keyframe is nearer than the last was");
  for (let index = 64; index < 76; index++) at(index);
  assert.equal(at(76, { dueNextInMs: 0 }), "C", "it did not come");
  assert.ok(!policy.keyframesOnly);
});
