import { type Age, ageOf } from "../../../src/core/age.ts";
import { systemClock } from "../../../src/core/clock.ts";

/** The age of a frame that arrives at this moment. */
export function justNow(): Age {
  return ageOf(systemClock.nowMs(), systemClock);
}
