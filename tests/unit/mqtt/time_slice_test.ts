import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import {
  type Clock,
  plusMs,
  type SteadyMs,
  steadyMs,
  systemClock,
} from "../../../src/core/clock.ts";
import { TimeSlice } from "../../../src/mqtt/time_slice.ts";
import { WriteTracker } from "../../../src/mqtt/write_tracker.ts";

/** A clock on which every sleep has taken `sleptMs`, and which counts them. */
class SleepClock implements Pick<Clock, "nowMs"> {
  now: SteadyMs = steadyMs(1000);
  sleeps = 0;
  readonly #sleptMs: number;
  #isAsleep = false;

  constructor(sleptMs: number) {
    this.#sleptMs = sleptMs;
  }

  /** Asked before a sleep, and after it. */
  nowMs(): SteadyMs {
    const now = this.now;
    if (this.#isAsleep) {
      this.sleeps += 1;
      this.now = plusMs(now, this.#sleptMs);
    }
    this.#isAsleep = !this.#isAsleep;
    return this.now;
  }

  /** What a skipped sleep leaves: the instant was asked for once. */
  skipped(): void {
    assert.ok(this.#isAsleep, "it slept");
    this.#isAsleep = false;
  }
}

function sliceOn(clock: SleepClock): TimeSlice {
  return new TimeSlice({ ...systemClock, nowMs: () => clock.nowMs() });
}

Deno.test("time slice: the thread sleeps", () => {
  const slice = new TimeSlice(systemClock);
  const before = systemClock.nowMs();
  slice.renew();
  assert.ok(systemClock.nowMs() - before >= 0.05);
});

Deno.test("time slice: at most a tenth of the time is slept, on a loaded machine too", () => {
  const clock = new SleepClock(7);
  const slice = sliceOn(clock);
  slice.renew();
  assert.equal(clock.sleeps, 1);
  for (const laterMs of [0, 30, 32.9]) {
    clock.now = steadyMs(1007 + laterMs);
    slice.renew();
    clock.skipped();
  }
  clock.now = steadyMs(1070);
  slice.renew();
  assert.equal(clock.sleeps, 2);
});

Deno.test("time slice: it is renewed before a call that precedes a write, and for no other chunk", async () => {
  const clock = new SleepClock(0.1);
  const written: string[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
    writev(chunks, done) {
      for (const { chunk } of chunks) written.push(String(chunk));
      done();
    },
  });
  const writes = new WriteTracker(stream, sliceOn(clock));
  const sleepsAtCalls: number[] = [];
  const timed = (text: string) => {
    const chunk = Buffer.from(text);
    writes.before(chunk, () => {
      assert.ok(!written.includes(text));
      sleepsAtCalls.push(clock.sleeps);
    });
    return chunk;
  };
  stream.write(Buffer.from("ping"));
  assert.equal(clock.sleeps, 0);
  stream.write(timed("one"));
  clock.now = steadyMs(2000);
  stream.cork();
  for (const chunk of [Buffer.from("head"), timed("two"), timed("three")]) stream.write(chunk);
  stream.uncork();
  await new Promise<void>((resolve) => stream.end(resolve));
  assert.deepEqual(sleepsAtCalls, [1, 2, 2]);
  assert.deepEqual(written, ["ping", "one", "head", "two", "three"]);
});
