import { sinceMs, type WallMs } from "../core/clock.ts";
import type { CaptureClock } from "../core/frame_meta.ts";

/**
 * Largest plausible error of a camera's clock. Beyond it the clock is not set (some cameras send their
 * uptime), and the arrival time is more accurate.
 */
const MAX_OFF_MS = 60_000;

/** A larger step back is a corrected clock, not reordered frames. */
const MAX_STEP_BACK_MS = 5000;

/** Determines when frames were captured, by the best clock available. */
export class CaptureTime {
  #last: WallMs | null = null;

  /**
   * @param arrivedAt   the wall clock when the packet arrived
   * @param cameraTime  the camera's clock for this frame, from its sender reports, or null
   */
  of(
    arrivedAt: WallMs,
    cameraTime: WallMs | null,
  ): { readonly capturedAtMs: WallMs; readonly clock: CaptureClock } {
    const isSane = cameraTime !== null && Math.abs(sinceMs(arrivedAt, cameraTime)) <= MAX_OFF_MS;
    return isSane
      ? { capturedAtMs: cameraTime, clock: "rtcp" }
      : { capturedAtMs: arrivedAt, clock: "arrival" };
  }

  /**
   * Makes capture times monotonic for frames in presentation order, unless a clock was corrected.
   * B-frames arrive in decoding order, so that arrival times are not monotonic.
   */
  inOrder(capturedAt: WallMs): WallMs {
    const aheadMs = this.#last === null ? 0 : sinceMs(capturedAt, this.#last);
    const isReordered = aheadMs > 0 && aheadMs <= MAX_STEP_BACK_MS;
    if (this.#last === null || !isReordered) this.#last = capturedAt;
    return this.#last;
  }
}
