/** The delay after the last picture with which a stall is reported, as measured by the test. */
import assert from "node:assert/strict";
import type { CaptureRun } from "./capture_run.ts";
import type { ReportedState } from "./capture_run_types.ts";
import { PATIENCE } from "../system/lines.ts";

/** The clocks of two threads are not read at the same instant. */
const EARLY_MS = 50;
/**
 * The exact time is tested in `tests/unit/stream/stall_timer_test.ts`. A busy machine reports it late; without
 * a stall time it would be minutes, the duration of a connection.
 */
const LATE_MS = 5_000 * PATIENCE;

/** Asserts that a state was reported `afterMs` after the last delivered picture, and not before. */
export function assertReportedAfter(
  run: CaptureRun,
  reported: ReportedState,
  afterMs: number,
): void {
  const last = run.frames.at(-1) ?? assert.fail("there was no picture");
  const foundMs = reported.atMs - last.arrivedAtMs;
  assert.ok(foundMs >= afterMs - EARLY_MS && foundMs < afterMs + LATE_MS, `after ${foundMs} ms`);
}
