/** What has to hold between the tolerances; `src/pacing/tolerances.ts` says why. */
import assert from "node:assert/strict";
import * as tolerances from "../../../src/pacing/tolerances.ts";

Deno.test("tolerances: of two frames around a due time exactly one is near enough to be announced first", () => {
  assert.ok(tolerances.EARLY_FRAMES > 0.5, "of two that are equally far the earlier one");
  assert.ok(tolerances.EARLY_FRAMES < 1, "never one that is followed by another in time");
  assert.ok(tolerances.FRESH_FRAMES < tolerances.EARLY_FRAMES);
});

Deno.test("tolerances: the keyframe that a decoder sleeps until is near when a detector becomes due", () => {
  const { EARLY_FRAMES, LATE_KEYFRAME_FRAMES, NEAR_KEYFRAME_FRAMES } = tolerances;
  assert.ok(LATE_KEYFRAME_FRAMES > 1 - EARLY_FRAMES, "later than the nearest frame may be");
  assert.ok(EARLY_FRAMES + LATE_KEYFRAME_FRAMES < 2, "it is the next packet");
  assert.ok(NEAR_KEYFRAME_FRAMES >= 1, "and waited for");
  assert.ok(tolerances.OVERDUE_KEYFRAME_FRAMES > NEAR_KEYFRAME_FRAMES);
});

Deno.test("tolerances: due times are aligned only where keyframes serve the period", () => {
  assert.ok(tolerances.ALIGNED_PERIOD_PART < tolerances.SAME_PERIOD_PART);
  assert.ok(tolerances.SAME_PERIOD_PART < tolerances.STEADY_PART);
});
