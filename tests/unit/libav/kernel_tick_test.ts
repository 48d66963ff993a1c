import fc from "fast-check";
import assert from "node:assert/strict";
import { type SteadyMs, steadyMs } from "../../../src/core/clock.ts";
import { betweenTicks, findTick } from "../../../src/libav/kernel_tick.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

/** The most that a tick is found late by. */
const DOUBT_MS = 0.1;

/** A kernel that counts time in ticks, and a clock that advances with every query. */
class TickingClock extends HeldClock {
  readonly #rateHz: number;
  readonly #phaseMs: number;
  /** How long it takes to read the clock. */
  callMs = 0.002;
  #atMs = 1_000;

  constructor(rateHz: number, phaseMs: number) {
    super();
    this.#rateHz = rateHz;
    this.#phaseMs = phaseMs;
  }

  /** `TICK_NSEC`, which is a whole number. */
  get periodMs(): number {
    return Math.round(1e9 / this.#rateHz) / 1e6;
  }

  override nowMs(): SteadyMs {
    return steadyMs(this.#atMs += this.callMs);
  }

  /** The thread is preempted, or sleeps. */
  wait(ms: number): void {
    this.#atMs += ms;
  }

  /** Milliseconds since an instant, as `jiffies_to_msecs` rounds them up. */
  age(since: number): number {
    const ticks = this.#ticks(this.#atMs) - this.#ticks(since);
    return Math.ceil(ticks * 1000 / this.#rateHz - 1e-6);
  }

  #ticks(atMs: number): number {
    return Math.floor((atMs - this.#phaseMs) * this.#rateHz / 1000);
  }
}

/** Evenly spread, which doubles of the library are not. */
function upToMs(ms: number): fc.Arbitrary<number> {
  return fc.nat(Math.round(ms * 1000)).map((us) => us / 1000);
}

Deno.test("libav kernel tick: what happened is known to one tick, at every rate and phase of the timer", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(100, 250, 300, 1000),
      upToMs(10),
      upToMs(60),
      upToMs(400),
      // The tick is found late by as much.
      upToMs(0.9 * DOUBT_MS),
      (rateHz, phaseMs, idleMs, waitMs, callMs) => {
        const clock = new TickingClock(rateHz, phaseMs);
        clock.callMs = Math.max(callMs, clock.callMs);
        const tick = findTick(() => clock.age(900), clock.periodMs, clock);
        assert.ok(tick !== null);
        clock.callMs = 0.002;
        clock.wait(idleMs);
        const happenedAt = clock.nowMs();
        clock.wait(waitMs);
        const before = clock.nowMs();
        const ageMs = clock.age(happenedAt);
        const { from, to } = betweenTicks(tick, ageMs, { before, after: clock.nowMs() });
        assert.ok(from - DOUBT_MS <= happenedAt && happenedAt <= to + DOUBT_MS);
        // The query itself may be at a tick.
        assert.ok(to - from <= 2 * tick.periodMs + 1e-6);
      },
    ),
    { examples: [[1000, 0, 20.589, 52.271, 0.089]] },
  );
});

Deno.test("libav kernel tick: a thread that is preempted while it searches finds the right tick or none", () => {
  const waits = fc.array(fc.tuple(fc.nat(700), fc.double({ min: 0, max: 9, noNaN: true })), {
    maxLength: 12,
  });
  fc.assert(fc.property(fc.constantFrom(100, 250, 300, 1000), waits, (rateHz, preemptions) => {
    const phaseMs = 0.7;
    const clock = new TickingClock(rateHz, phaseMs);
    const waitsMs = new Map(preemptions);
    let query = 0;
    const tick = findTick(
      () => {
        clock.wait(waitsMs.get(query++) ?? 0);
        return clock.age(900);
      },
      clock.periodMs,
      clock,
    );
    if (tick === null) return;
    const lateMs = (tick.at - phaseMs) % tick.periodMs;
    assert.ok(lateMs <= 0.1 || lateMs >= tick.periodMs - 0.001, `${lateMs} ms after a tick`);
  }));
});

Deno.test("libav kernel tick: without an age, or where it does not grow, there is none", () => {
  const clock = new TickingClock(250, 0);
  assert.equal(findTick(() => null, 4, clock), null);
  assert.equal(findTick(() => 0, 4, clock), null);
});
