import fc from "fast-check";
import assert from "node:assert/strict";
import { steadyMs } from "../../../../src/core/clock.ts";
import { ArrivalClock, type ReadBatch } from "../../../../src/rtsp/timing/arrival_clock.ts";
import { decodingOrder } from "../../../support/cameras/rtp_stream.ts";

const START = 1e12;

interface Read extends Partial<Pick<ReadBatch, "isAwaited" | "isNewest" | "rate">> {
  readonly atMs: number;
  readonly emptyMs?: number;
  readonly receivedMs?: readonly [from: number, to: number];
  readonly ptsMs: readonly number[];
}

/** The arrivals of one read, all in milliseconds since the start. */
function read(clock: ArrivalClock, units: Read): number[] {
  const at = (ms: number) => steadyMs(START + ms);
  return clock.read({
    readAt: at(units.atMs),
    isAwaited: units.isAwaited ?? false,
    emptyAt: units.emptyMs === undefined ? null : at(units.emptyMs),
    received: units.receivedMs === undefined
      ? null
      : { from: at(units.receivedMs[0]), to: at(units.receivedMs[1]) },
    isNewest: units.isNewest ?? true,
    ptsMs: units.ptsMs,
    rate: units.rate ?? null,
  }).map((each) => each - START);
}

/** Units at even intervals, read after pauses of `restMs`. */
function rested(
  { fps, restMs, seconds, speed = 1, reordered = 0, knows, tickMs = 0, rate = null }: {
    readonly fps: number;
    readonly restMs: number;
    readonly seconds: number;
    /** The rate of the camera's clock. */
    readonly speed?: number;
    readonly reordered?: number;
    /** Whether the kernel's receive time is known. */
    readonly knows: boolean;
    /** The resolution of that time. */
    readonly tickMs?: number;
    readonly rate?: number | null;
  },
) {
  const clock = new ArrivalClock();
  const sentMs = Array.from({ length: seconds * fps }, (_, i) => i * 1000 / fps);
  const ptsMs = decodingOrder(sentMs.length, reordered).map((shown) => shown * 1000 * speed / fps);
  const errors: number[] = [];
  let next = 1;
  read(clock, { atMs: 0, isAwaited: true, ptsMs: [0] });
  for (let atMs = restMs; next < sentMs.length; atMs += restMs) {
    const from = next;
    while ((sentMs[next] ?? Infinity) <= atMs) next++;
    const newest = sentMs[next - 1] ?? 0;
    const arrivals = read(clock, {
      atMs,
      emptyMs: atMs - restMs,
      ...(knows ? { receivedMs: tickOf(newest, tickMs) } : {}),
      ptsMs: ptsMs.slice(from, next),
      rate,
    });
    errors.push(...arrivals.map((each, i) => each - (sentMs[from + i] ?? NaN)));
  }
  return errors;
}

/** The tick of the kernel in which something happened. */
function tickOf(ms: number, tickMs: number): [from: number, to: number] {
  if (tickMs === 0) return [ms, ms];
  const from = Math.floor(ms / tickMs) * tickMs;
  return [from, from + tickMs];
}

function assertWithin(errorsMs: readonly number[], ms: number) {
  for (const [i, error] of errorsMs.entries()) {
    assert.ok(Math.abs(error) <= ms, `unit ${i} is ${error} ms off`);
  }
}

Deno.test("rtsp arrival: an awaited unit arrived when it was read", () => {
  const clock = new ArrivalClock();
  const arrivals = [3, 47, 81, 300, 310].map((atMs, i) =>
    read(clock, { atMs, isAwaited: true, receivedMs: [atMs - 3.9, atMs + 0.1], ptsMs: [i * 40] })[0]
  );
  assert.deepEqual(arrivals, [3, 47, 81, 300, 310]);
});

Deno.test("rtsp arrival: where the socket was empty within the tick, the unit arrived after that", () => {
  const clock = new ArrivalClock();
  read(clock, { atMs: 0, isAwaited: true, ptsMs: [0] });
  const late = { atMs: 52, emptyMs: 39, isAwaited: true, receivedMs: [36, 40] } as const;
  assert.deepEqual(read(clock, { ...late, ptsMs: [40] }), [39.5]);
});

Deno.test("rtsp arrival: an awaited unit that a busy thread read late arrived when the kernel received it", () => {
  const clock = new ArrivalClock();
  read(clock, { atMs: 0, isAwaited: true, ptsMs: [0] });
  assert.deepEqual(
    read(clock, {
      atMs: 390,
      emptyMs: 1,
      isAwaited: true,
      receivedMs: [118, 122],
      ptsMs: [40, 80, 120],
    }),
    [40, 80, 120],
  );
});

Deno.test("rtsp arrival: an awaited unit that was read late with a report behind it arrived with the report", () => {
  const clock = new ArrivalClock();
  read(clock, { atMs: 0, isAwaited: true, ptsMs: [0] });
  const late = { atMs: 390, emptyMs: 1, isAwaited: true, receivedMs: [118, 122] } as const;
  assert.deepEqual(read(clock, { ...late, isNewest: false, ptsMs: [120] }), [120]);
});

Deno.test("rtsp arrival: a unit that was not awaited arrived before the bytes that follow it", () => {
  const clock = new ArrivalClock();
  read(clock, { atMs: 0, isAwaited: true, ptsMs: [0] });
  const rest = { atMs: 400, emptyMs: 1, receivedMs: [96, 100], isNewest: false } as const;
  assert.deepEqual(read(clock, { ...rest, ptsMs: [40, 80] }), [40, 80]);
  assert.deepEqual(read(clock, { ...rest, atMs: 800, receivedMs: [496, 500], ptsMs: [600] }), [
    500,
  ]);
});

Deno.test("rtsp arrival: after a pause of 400 ms at 25 fps, units are 40 ms apart and the last arrived with the newest bytes", () => {
  const clock = new ArrivalClock();
  read(clock, { atMs: 5, isAwaited: true, ptsMs: [1000] });
  const ptsMs = Array.from({ length: 10 }, (_, i) => 1040 + i * 40);
  assert.deepEqual(
    read(clock, { atMs: 420, emptyMs: 6, receivedMs: [403, 407], ptsMs }),
    [45, 85, 125, 165, 205, 245, 285, 325, 365, 405],
  );
});

Deno.test("rtsp arrival: after a pause, without the kernel's receive time, arrivals are based on the last awaited unit", () => {
  const clock = new ArrivalClock();
  read(clock, { atMs: 5, isAwaited: true, ptsMs: [1000] });
  const ptsMs = Array.from({ length: 10 }, (_, i) => 1040 + i * 40);
  const expected = [45, 85, 125, 165, 205, 245, 285, 325, 365, 405];
  assert.deepEqual(read(clock, { atMs: 420, emptyMs: 6, ptsMs }), expected);
});

Deno.test("rtsp arrival: of a first batch of units, the last arrived when it was read", () => {
  const units = { atMs: 500, emptyMs: 420, ptsMs: [0, 40, 80, 120] };
  assert.deepEqual(read(new ArrivalClock(), units), [420, 420, 460, 500]);
});

Deno.test("rtsp arrival: after pauses at any frame rate, arrivals are right to half a tick of the kernel", () => {
  for (const fps of [0.2, 1, 5, 25, 60]) {
    for (const restMs of [30, 130, 400]) {
      assertWithin(rested({ fps, restMs, seconds: 60, knows: true }), 0.01);
      assertWithin(rested({ fps, restMs, seconds: 60, knows: false }), 0.01);
      for (const tickMs of [1, 10 / 3, 4, 10]) {
        const camera = { fps, restMs, seconds: 60, knows: true, tickMs };
        assertWithin(rested(camera), tickMs / 2 + 0.01);
      }
    }
  }
});

Deno.test("rtsp arrival: the drift of a camera's clock that is 5 % fast or slow does not accumulate", () => {
  for (const speed of [0.95, 1.05, 0.9999]) {
    for (const fps of [0.2, 1, 5, 25]) {
      const camera = { fps, restMs: 400, seconds: 300, speed };
      assertWithin(rested({ ...camera, knows: true }), 0.01);
      // Without the kernel's receive time, a unit may have arrived at any time during the pause.
      assertWithin(rested({ ...camera, knows: false }), 400);
      // With the rate of the camera's clock, by its reports, arrivals are right again.
      assertWithin(rested({ ...camera, knows: false, rate: 1 / speed }), 0.01);
    }
  }
});

Deno.test("rtsp arrival: after a gap in the presentation times, intervals are right again", () => {
  const clock = new ArrivalClock();
  read(clock, { atMs: 0, isAwaited: true, ptsMs: [0] });
  const arrivals: number[] = [];
  let next = 1;
  for (let atMs = 130; atMs < 5000; atMs += 130) {
    const ptsMs: number[] = [];
    for (; next * 40 <= atMs; next++) ptsMs.push(next * 40 + (next > 50 ? 700 : 0));
    arrivals.push(...read(clock, { atMs, emptyMs: atMs - 130, ptsMs }));
  }
  const distances = arrivals.slice(1).map((each, i) => each - (arrivals[i] ?? 0));
  assertWithin(distances.slice(54).map((each) => each - 40), 0.01);
});

Deno.test("rtsp arrival: B-frames are sent out of presentation order, at even intervals", () => {
  for (const reordered of [1, 2, 3]) {
    const camera = { fps: 25, restMs: 400, seconds: 60, reordered };
    // The reordering depth is known after a few units.
    assertWithin(rested({ ...camera, knows: true }).slice(20), 0.01);
    assertWithin(rested({ ...camera, knows: true }), 40 * (reordered + 1));
  }
});

Deno.test("rtsp arrival: units that a stalled network delayed arrived after the socket was empty, in order", () => {
  const clock = new ArrivalClock();
  read(clock, { atMs: 0, isAwaited: true, ptsMs: [0] });
  const ptsMs = Array.from({ length: 75 }, (_, i) => 40 + i * 40);
  const arrivals = read(clock, { atMs: 5010, emptyMs: 4600, receivedMs: [4998, 5002], ptsMs });
  assert.equal(arrivals.at(-1), 5000);
  assert.ok(arrivals.every((each, i) => each >= 4600 && each >= (arrivals[i - 1] ?? 0)));
});

Deno.test("rtsp arrival: arrivals based on a unit that was read late are limited by the least delay", () => {
  const clock = new ArrivalClock();
  for (let i = 0; i < 50; i++) {
    read(clock, { atMs: i * 40 + 2, isAwaited: true, ptsMs: [i * 40], rate: 1 });
  }
  // A busy thread read this one 350 ms late.
  read(clock, { atMs: 2352, isAwaited: true, ptsMs: [2000], rate: 1 });
  const ptsMs = Array.from({ length: 10 }, (_, i) => 2040 + i * 40);
  const arrivals = read(clock, { atMs: 2790, ptsMs, rate: 1 });
  assert.deepEqual(arrivals.slice(-2), [2462, 2502], "2402 and 100 ms, not 2752");
});

Deno.test("rtsp arrival: no unit arrives after it was read, before the socket was empty, or out of order", () => {
  const reads = fc.array(
    fc.record({
      waitMs: fc.nat(3000),
      emptyMs: fc.option(fc.nat(500)),
      receivedMs: fc.option(fc.integer({ min: -5, max: 600 })),
      isAwaited: fc.boolean(),
      isNewest: fc.boolean(),
      stepsMs: fc.array(fc.integer({ min: -200, max: 6000 }), { maxLength: 12 }),
      rate: fc.option(fc.double({ min: 0.8, max: 1.25, noNaN: true })),
    }),
    { maxLength: 30 },
  );
  fc.assert(fc.property(reads, (all) => {
    const clock = new ArrivalClock();
    let atMs = 0;
    let lastMs = -Infinity;
    let pts = 0;
    for (const { waitMs, emptyMs, receivedMs, isAwaited, isNewest, stepsMs, rate } of all) {
      const emptyAtMs = atMs + Math.min(emptyMs ?? 0, waitMs);
      atMs += waitMs;
      const arrivals = read(clock, {
        atMs,
        isAwaited,
        isNewest,
        ...(emptyMs === null ? {} : { emptyMs: emptyAtMs }),
        ...(receivedMs === null ? {} : { receivedMs: [atMs - receivedMs, atMs - receivedMs + 4] }),
        ptsMs: stepsMs.map((step) => pts += step),
        rate,
      });
      assert.equal(arrivals.length, stepsMs.length);
      for (const each of arrivals) {
        assert.ok(each <= atMs && each >= lastMs, `${each} is not in ${lastMs}..${atMs}`);
        if (emptyMs !== null) assert.ok(each >= emptyAtMs);
        lastMs = each;
      }
    }
  }));
});
