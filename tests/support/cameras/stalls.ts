/** How long after its last picture a camera's silence is noticed, by an observer's stopwatch. */
import assert from "node:assert/strict";
import type { CaptureRun, ReportedState } from "./capture_run.ts";
import { PATIENCE } from "../system/lines.ts";

/** Clocks of two threads are not read at the same instant. */
const EARLY_MS = 50;
/**
 * When to the millisecond is held in `tests/unit/stream/stall_timer_test.ts`. On a busy machine it is told
 * later; without the limit it would be after the minutes that a connection may last.
 */
const LATE_MS = 5_000 * PATIENCE;

/** Asserts that the state was told so long after the last picture that was taken, and not before. */
export function assertToldAfter(run: CaptureRun, told: ReportedState, afterMs: number): void {
  const last = run.frames.at(-1) ?? assert.fail("there was no picture");
  const foundMs = told.atMs - last.arrivedAtMs;
  assert.ok(foundMs >= afterMs - EARLY_MS && foundMs < afterMs + LATE_MS, `after ${foundMs} ms`);
}
