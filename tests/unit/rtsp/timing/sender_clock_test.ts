import fc from "fast-check";
import assert from "node:assert/strict";
import { epochMs, steadyMs, wallMs } from "../../../../src/core/clock.ts";
import { SenderClock } from "../../../../src/rtsp/timing/sender_clock.ts";
import { RtpTimeline } from "../../../../src/rtsp/timing/timeline.ts";

const RATE = 90_000;
const WALL = 1_795_345_361_640;

/** Milliseconds since the epoch. */
function capturedAt(clock: SenderClock, pts: number): number | null {
  const at = clock.capturedAt(pts);
  return at === null ? null : epochMs(at);
}

/** A camera at 25 fps with sender reports, and the times of capture derived from them. */
class Camera {
  readonly timeline = new RtpTimeline(RATE);
  readonly clock = new SenderClock({
    clockRate: RATE,
    ptsOf: (rtpTimestamp, at) => this.timeline.ptsOf(rtpTimestamp, at),
  });
  /** The error of its wall clock. */
  wallOffMs = 0;
  /** The offset of its RTP clock. */
  rtpOffMs = 0;
  atMs = 0;
  readonly #rate: number;
  readonly #firstRtp: number;
  readonly #reportEveryMs: number;

  constructor({ rate = 1, firstRtp = 0xffff_ffff - 400_000, reportEveryMs = 2000 } = {}) {
    this.#rate = rate;
    this.#firstRtp = firstRtp;
    this.#reportEveryMs = reportEveryMs;
  }

  rtp(): number {
    const ticks = Math.round((this.atMs * this.#rate + this.rtpOffMs) * RATE / 1000);
    return (this.#firstRtp + ticks) >>> 0;
  }

  report(rtpTimestamp = this.rtp()): void {
    const ntpWallMs = wallMs(WALL + this.atMs + this.wallOffMs);
    this.clock.report({ ntpWallMs, rtpTimestamp, receivedAt: steadyMs(this.atMs) });
  }

  /** Sends a unit 40 ms after the previous one, after the report. */
  unit(rtpTimestamp?: number): number | null {
    this.atMs += 40;
    if (this.atMs % this.#reportEveryMs === 0) this.report(rtpTimestamp);
    const pts = this.timeline.unit(rtpTimestamp ?? this.rtp(), steadyMs(this.atMs));
    return capturedAt(this.clock, pts);
  }

  /** The errors of the times of capture of the next units. */
  errors(units: number): number[] {
    return Array.from({ length: units }, () => {
      const capturedAt = this.unit();
      return capturedAt === null ? NaN : capturedAt - (WALL + this.atMs + this.wallOffMs);
    });
  }
}

function assertWithin(errorsMs: readonly number[], ms: number) {
  for (const [i, error] of errorsMs.entries()) {
    assert.ok(Math.abs(error) <= ms, `unit ${i} is ${error} ms off`);
  }
}

Deno.test("rtsp sender clock: before the first report the time of capture is unknown", () => {
  const camera = new Camera();
  assert.equal(camera.unit(), null);
});

Deno.test("rtsp sender clock: one report suffices, also before the first unit", () => {
  const camera = new Camera({ reportEveryMs: 60_000 });
  camera.report();
  assertWithin(camera.errors(100), 0.1);
  assert.equal(camera.clock.rate, null);
});

Deno.test("rtsp sender clock: an RTP clock 5 % fast or slow stays under 10 ms with reports every 2 s", () => {
  for (const rate of [1.05, 0.95, 1.18, 0.82]) {
    const camera = new Camera({ rate });
    // Before the second report the rate is unknown.
    camera.errors(101);
    assertWithin(camera.errors(1000), 10);
    assert.ok(Math.abs((camera.clock.rate ?? NaN) - 1 / rate) < 1e-4);
  }
});

Deno.test("rtsp sender clock: a step of the camera's clock is followed with the next report", () => {
  for (const stepMs of [40_000, -40_000, 700, -3_600_000]) {
    const camera = new Camera({ rate: 1.05 });
    camera.errors(300);
    camera.wallOffMs = stepMs;
    camera.errors(50);
    assertWithin(camera.errors(500), 10);
  }
});

Deno.test("rtsp sender clock: a small step of the camera's clock is over after two reports", () => {
  for (const stepMs of [300, -300, 60, -60]) {
    const camera = new Camera();
    camera.errors(300);
    camera.wallOffMs = stepMs;
    camera.errors(100);
    assertWithin(camera.errors(500), 10);
  }
});

Deno.test("rtsp sender clock: a step between the first two reports is no rate", () => {
  const camera = new Camera();
  camera.errors(70);
  camera.wallOffMs = 350;
  camera.errors(30);
  assertWithin(camera.errors(500), 10);
});

Deno.test("rtsp sender clock: when the RTP timestamps jump, also with a report, no time is absurd", () => {
  for (const jumpMs of [-5000, -2000, 3000, 700_000, -9_800_000]) {
    for (const jumpsAt of [100, 117]) {
      const camera = new Camera();
      camera.errors(99);
      assertWithin(camera.errors(jumpsAt - 99), 1);
      camera.rtpOffMs = jumpMs;
      assertWithin(camera.errors(400), 50);
    }
  }
});

Deno.test("rtsp sender clock: a report from before a jump that is read together with it applies before it", () => {
  for (const jumpMs of [-5000, -3000, 4000]) {
    const camera = new Camera({ reportEveryMs: 60_000 });
    camera.errors(100);
    camera.report();
    camera.rtpOffMs = jumpMs;
    // Both units are added to the timeline before the first is converted.
    camera.timeline.unit(camera.rtp(), steadyMs(camera.atMs));
    assertWithin(camera.errors(10), 50);
  }
});

Deno.test("rtsp sender clock: wrong timestamps of units and of reports do not affect the time", () => {
  const camera = new Camera();
  camera.errors(100);
  for (let i = 0; i < 200; i++) {
    const isOdd = i % 25 === 24;
    const capturedAt = camera.unit(isOdd ? 12_345 : undefined);
    assertWithin([(capturedAt ?? NaN) - (WALL + camera.atMs)], 20);
  }
});

Deno.test("rtsp sender clock: the wrap of 32 bits and times before the newest report are no special case", () => {
  const clock = new SenderClock({ clockRate: RATE, ptsOf: (rtpTimestamp) => rtpTimestamp });
  clock.report({ ntpWallMs: wallMs(WALL), rtpTimestamp: 900_000, receivedAt: steadyMs(0) });
  assert.equal(clock.capturedAt(900_000), WALL);
  assert.equal(clock.capturedAt(810_000), WALL - 1000);
  assert.equal(clock.capturedAt(2 ** 33), WALL + (2 ** 33 - 900_000) / 90);
});

Deno.test("rtsp sender clock: reports without a time are ignored", () => {
  const camera = new Camera();
  for (const epoch of [-2_208_988_800_000, 0, NaN, Infinity]) {
    const ntpWallMs = wallMs(epoch);
    camera.clock.report({ ntpWallMs, rtpTimestamp: camera.rtp(), receivedAt: steadyMs(0) });
    assert.equal(camera.unit(), null);
  }
});

Deno.test("rtsp sender clock: reports with every unit, of a clock that jitters, give a steady rate", () => {
  const camera = new Camera({ reportEveryMs: 40 });
  for (let i = 0; i < 500; i++) {
    camera.wallOffMs = [0, 3, -3][i % 3] ?? 0;
    camera.unit();
    assert.ok(Math.abs((camera.clock.rate ?? 1) - 1) <= 0.015, `${camera.clock.rate}`);
  }
});

Deno.test("rtsp sender clock: reports of one instant give no rate", () => {
  const report = fc.record({
    ntpWallMs: fc.oneof(
      fc.constant(WALL),
      fc.double({ min: WALL, max: WALL + 10_000, noNaN: true }),
    ),
    rtpTimestamp: fc.oneof(fc.constant(0), fc.nat(900_000)),
    receivedMs: fc.nat(20_000),
  });
  fc.assert(fc.property(fc.array(report, { minLength: 1, maxLength: 20 }), (reports) => {
    const clock = new SenderClock({ clockRate: RATE, ptsOf: (rtpTimestamp) => rtpTimestamp });
    for (const { ntpWallMs, rtpTimestamp, receivedMs } of reports) {
      const receivedAt = steadyMs(receivedMs);
      clock.report({ ntpWallMs: wallMs(ntpWallMs), rtpTimestamp, receivedAt });
      assert.ok(Math.abs((capturedAt(clock, rtpTimestamp) ?? NaN) - ntpWallMs) < 0.01);
      assert.ok(Math.abs(1 / (clock.rate ?? 1) - 1) <= 0.2 + 1e-9);
    }
  }));
});
