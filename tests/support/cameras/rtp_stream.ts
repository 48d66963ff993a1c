/** RTP timestamps of simulated cameras, and the presentation times of a timeline. */
import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { RtpTimeline } from "../../../src/rtsp/timing/timeline.ts";

/** Ticks of the RTP timestamp per second. */
export const RATE = 90_000;
/** No anomalies. */
export const NONE = { outlier: 0, jump: 0, constant: 0 };

/** An access unit of a simulated camera. */
export interface StampedUnit {
  /** Its timestamp in seconds since the first one, before any fault. */
  readonly stampS: number;
  readonly arrivedMs: number;
}

/** A stream at even intervals without delays. */
export function steady(units: number, fps: number): StampedUnit[] {
  return Array.from({ length: units }, (_, i) => ({ stampS: i / fps, arrivedMs: i * 1000 / fps }));
}

/** The presentation times of a stream, in seconds. */
export function played(
  units: readonly StampedUnit[],
  { firstRtp = 0xffff_ffff - 60_000, startMs = 1e12 } = {},
) {
  const timeline = new RtpTimeline(RATE);
  const pts = units.map(({ stampS, arrivedMs }) =>
    timeline.unit((firstRtp + Math.round(stampS * RATE)) >>> 0, steadyMs(startMs + arrivedMs))
  );
  return { timeline, pts, seconds: pts.map((each) => timeline.positionSeconds(each)) };
}

/** Units in decoding order with `reordered` B-frames after each P, captured at even intervals. */
export function decodingOrder(units: number, reordered: number): number[] {
  const order = [0];
  for (let anchor = reordered + 1; order.length < units; anchor += reordered + 1) {
    order.push(anchor);
    for (let b = anchor - reordered; b < anchor; b++) order.push(b);
  }
  return order.slice(0, units);
}

/** Asserts that presentation times are unique. */
export function assertUnique(pts: readonly number[]) {
  assert.equal(new Set(pts).size, pts.length, "a presentation time came twice");
  assert.ok(pts.every(Number.isSafeInteger));
}
