import assert from "node:assert/strict";
import { steadyMs } from "../../../../src/core/clock.ts";
import { RtpTimeline } from "../../../../src/rtsp/timing/timeline.ts";
import {
  assertUnique,
  decodingOrder,
  NONE,
  played,
  RATE,
  steady,
} from "../../../support/cameras/rtp_stream.ts";

function assertNear(actual: readonly number[], expected: readonly number[], within: number) {
  assert.equal(actual.length, expected.length);
  for (const [i, each] of actual.entries()) {
    const wanted = expected[i] ?? NaN;
    assert.ok(Math.abs(each - wanted) <= within, `unit ${i}: ${each}, not ${wanted}`);
  }
}

Deno.test("rtsp timeline: with every 60th timestamp hours off, all frames have plausible times", () => {
  const sane = steady(400, 20);
  const faulty = sane.map((unit, i) => i > 0 && i % 60 === 0 ? { ...unit, stampS: -9800 } : unit);
  const { timeline, pts, seconds } = played(faulty);
  assertUnique(pts);
  assertNear(seconds, sane.map(({ stampS }) => stampS), 0.02);
  assert.deepEqual(timeline.anomalies, { ...NONE, outlier: 6 });
});

for (const offS of [-5, -0.5, 3, 100, -9800]) {
  Deno.test(`rtsp timeline: timestamps that jump by ${offS} s in mid-stream are shifted back`, () => {
    const sane = steady(500, 25);
    const faulty = sane.map((unit, i) => i >= 250 ? { ...unit, stampS: unit.stampS + offS } : unit);
    const { timeline, pts, seconds } = played(faulty);
    assertUnique(pts);
    assertNear(seconds, sane.map(({ stampS }) => stampS), 0.02);
    assert.deepEqual(timeline.anomalies, { ...NONE, jump: 1 });
  });
}

Deno.test("rtsp timeline: a jump among B-frames is detected, also at one frame per second", () => {
  for (const [fps, reordered] of [[25, 2], [25, 3], [1, 0]] as const) {
    const units = decodingOrder(300, reordered).map((shown, i) => ({
      stampS: shown / fps + (i >= 150 ? -5 : 0),
      arrivedMs: (i + reordered) * 1000 / fps,
    }));
    const { timeline, pts, seconds } = played(units);
    assertUnique(pts);
    const shown = decodingOrder(300, reordered);
    assertNear(seconds, shown.map((each) => each / fps), (2 * reordered + 1.1) / fps);
    assert.equal(timeline.anomalies.jump, 1);
    assert.ok(timeline.anomalies.outlier <= reordered);
  }
});

Deno.test("rtsp timeline: a first timestamp unlike the others is a jump", () => {
  const units = steady(50, 25).map((unit, i) => i === 0 ? { ...unit, stampS: 700 } : unit);
  const { timeline, seconds } = played(units);
  assertNear(seconds, steady(50, 25).map(({ stampS }) => stampS), 0.05);
  assert.deepEqual(timeline.anomalies, { ...NONE, jump: 1 });
});

Deno.test("rtsp timeline: with constant timestamps, times are those of arrival", () => {
  const units = steady(500, 20).map((unit) => ({ ...unit, stampS: 0 }));
  const { timeline, pts, seconds } = played(units);
  assertUnique(pts);
  assertNear(seconds, steady(500, 20).map(({ stampS }) => stampS), 0.06);
  assert.deepEqual(timeline.anomalies, { ...NONE, constant: 498 });
});

Deno.test("rtsp timeline: constant timestamps read in batches of 400 ms are spread by the cadence", () => {
  const units = steady(1000, 25).map(({ arrivedMs }) => ({
    stampS: 0,
    arrivedMs: arrivedMs < 2000 ? arrivedMs : Math.ceil(arrivedMs / 400) * 400,
  }));
  const { pts, seconds } = played(units);
  assertUnique(pts);
  assertNear(seconds, steady(1000, 25).map(({ stampS }) => stampS), 0.4);
  const steps = seconds.slice(1).map((each, i) => each - (seconds[i] ?? 0)).slice(100);
  assert.ok(steps.every((step) => step > 0.02 && step < 0.06), "not spread");
});

Deno.test("rtsp timeline: constant timestamps after a stall continue from the time of arrival", () => {
  const units = steady(300, 25).map(({ arrivedMs }, i) => ({
    stampS: 0,
    arrivedMs: arrivedMs + (i < 150 ? 0 : 7000),
  }));
  const { seconds } = played(units);
  assertNear(seconds, units.map(({ arrivedMs }) => arrivedMs / 1000), 0.15);
});

Deno.test("rtsp timeline: timestamps that change once a second are kept, and interpolated by the cadence", () => {
  const units = steady(200, 20).map((unit) => ({ ...unit, stampS: Math.floor(unit.stampS) }));
  const { timeline, pts, seconds } = played(units);
  assertUnique(pts);
  assertNear(seconds, steady(200, 20).map(({ stampS }) => stampS), 0.06);
  assert.equal(timeline.anomalies.jump + timeline.anomalies.outlier, 0);
});

Deno.test("rtsp timeline: two fields with one timestamp get distinct times and are no anomaly", () => {
  const units = steady(100, 25).flatMap((unit) => [unit, unit]);
  const { timeline, pts } = played(units);
  assert.deepEqual(pts.slice(0, 6), [0, 1, 3600, 3601, 7200, 7201]);
  assert.deepEqual(timeline.anomalies, NONE);
});

Deno.test("rtsp timeline: after a stall, a camera that drops delayed units is not an anomaly", () => {
  // Ten units from before the stall and the present ones arrive at one instant.
  const sane = steady(600, 25);
  const units = sane.filter((_, i) => i < 260 || i >= 400).map((unit, i) => ({
    ...unit,
    arrivedMs: i < 250 ? unit.arrivedMs : Math.max(unit.arrivedMs, 16_000),
  }));
  const { timeline, pts } = played(units);
  assert.deepEqual(pts, units.map(({ stampS }) => Math.round(stampS * RATE)));
  assert.deepEqual(timeline.anomalies, NONE);
});

Deno.test("rtsp timeline: a server that begins with a burst of ten seconds is accepted", () => {
  const units = steady(600, 25).map((unit) => ({
    ...unit,
    arrivedMs: Math.max(0, unit.arrivedMs - 10_000),
  }));
  const { timeline, pts } = played(units);
  assert.deepEqual(pts, units.map(({ stampS }) => Math.round(stampS * RATE)));
  assert.deepEqual(timeline.anomalies, NONE);
});

Deno.test("rtsp timeline: after a pause, timestamps that stood still, continued or restarted are plausible", () => {
  for (const offS of [0, -30, 5000]) {
    const units = steady(500, 25).map(({ stampS, arrivedMs }, i) => ({
      stampS: stampS + (i >= 250 ? offS : 0),
      arrivedMs: arrivedMs + (i >= 250 ? 30_000 : 0),
    }));
    const { timeline, pts, seconds } = played(units);
    assertUnique(pts);
    const lost = offS === 0 ? 0 : 30;
    const wanted = units.map((_, i) => i / 25 + (i >= 250 ? lost : 0));
    assertNear(seconds, wanted, 0.05);
    assert.equal(timeline.anomalies.outlier, 0);
  }
});

Deno.test("rtsp timeline: a jump soon after a pause is detected", () => {
  const sane = steady(100, 25).map(({ stampS, arrivedMs }, i) => ({
    stampS: stampS + (i >= 50 ? 30 : 0),
    arrivedMs: arrivedMs + (i >= 50 ? 30_000 : 0),
  }));
  const units = sane.map((unit, i) => i >= 55 ? { ...unit, stampS: unit.stampS + 3 } : unit);
  const { timeline, seconds } = played(units);
  assertNear(seconds, sane.map(({ stampS }) => stampS), 0.2);
  assert.deepEqual(timeline.anomalies, { ...NONE, jump: 1 });
});

Deno.test("rtsp timeline: random timestamps are replaced by the arrivals", () => {
  let noise = 1;
  const units = steady(500, 25).map((unit) => {
    noise = Math.imul(noise, 1_103_515_245) + 12_345 | 0;
    return { ...unit, stampS: noise / RATE };
  });
  const { pts, seconds, timeline } = played(units);
  assertUnique(pts);
  assertNear(seconds.slice(10), units.slice(10).map(({ arrivedMs }) => arrivedMs / 1000), 1.2);
  assert.ok(timeline.anomalies.outlier > 400);
});

Deno.test("rtsp timeline: a repeated timestamp among pairs of fields is one outlier, not a jump", () => {
  const units = steady(100, 25).flatMap((unit, i) => {
    const each = i === 50 ? { ...unit, stampS: -9800 } : unit;
    return [each, each];
  });
  const { timeline } = played(units);
  assert.deepEqual(timeline.anomalies, { ...NONE, outlier: 2 });
});

Deno.test("rtsp timeline: a clock that is 5 % fast is followed across the wrap of 32 bits", () => {
  const units = steady(50_000, 1).map((unit) => ({ ...unit, stampS: unit.stampS * 1.05 }));
  const { timeline, pts } = played(units);
  assert.equal(pts.at(-1), Math.round(49_999 * 1.05 * RATE));
  assert.deepEqual(timeline.anomalies, NONE);
});

Deno.test("rtsp timeline: pictures presented before the first have times below 0", () => {
  const { timeline, pts } = played(
    [0, -2, -1, 3, 1, 2].map((shown, i) => ({ stampS: shown / 25, arrivedMs: i * 40 })),
  );
  assert.deepEqual(pts, [0, -7200, -3600, 10_800, 3600, 7200]);
  assert.deepEqual(timeline.anomalies, NONE);
});

Deno.test("rtsp timeline: a report's timestamp is converted, also across a jump, unless it is implausible", () => {
  const timeline = new RtpTimeline(RATE);
  assert.equal(timeline.ptsOf(0, steadyMs(0)), null);
  for (let i = 0; i <= 100; i++) timeline.unit(1000 + i * 3600, steadyMs(i * 40));
  const now = steadyMs(4000);
  assert.equal(timeline.ptsOf(1000 + 360_000, now), 360_000);
  assert.equal(timeline.ptsOf(1000 + 360_000 + 45_000, steadyMs(4500)), 405_000);
  assert.equal(timeline.ptsOf(1000 + 360_000 - 882_000_000, now), null);
  assert.equal(timeline.ptsOf(1000 + 360_000 + 900_000, now), null);
  // The first unit after a jump back by two seconds is not confirmed yet.
  const pts = timeline.unit(1000 + 101 * 3600 - 180_000, steadyMs(4040));
  const report = timeline.ptsOf(1000 + 101 * 3600 - 180_000, steadyMs(4039));
  assert.equal(report, pts);
  timeline.unit(1000 + 102 * 3600 - 180_000, steadyMs(4080));
  assert.equal(timeline.ptsOf(1000 + 101 * 3600 - 180_000, steadyMs(4080)), pts);
});

Deno.test("rtsp timeline: a constant timestamp in a report is ignored", () => {
  const timeline = new RtpTimeline(RATE);
  for (let i = 0; i < 10; i++) timeline.unit(77, steadyMs(i * 40));
  assert.equal(timeline.ptsOf(77, steadyMs(400)), null);
});
