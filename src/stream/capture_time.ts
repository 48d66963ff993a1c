import { sinceMs, type WallMs } from "../core/clock.ts";
import type { CaptureClock } from "../core/frame_meta.ts";

/**
 * A camera's own clock that is further off than this is not set (some send the time since they were
 * switched on): the time of arrival is nearer to the truth then.
 */
const MAX_OFF_MS = 60_000;

/** A step back that is larger than this is a clock that was put right, not a picture out of order. */
const MAX_HELD_MS = 5000;

/** When pictures were taken, by the best clock there is. */
export class CaptureTime {
  #last: WallMs | null = null;

  /**
   * @param arrivedAt   the wall clock when the packet arrived
   * @param cameraTime  the camera's clock for this picture, from its sender reports, or null
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
   * For pictures in the order in which they are shown: never before the last one, unless a clock was
   * put right. Packets come in another order where there are B-frames.
   */
  inOrder(capturedAt: WallMs): WallMs {
    const aheadMs = this.#last === null ? 0 : sinceMs(capturedAt, this.#last);
    const isHeld = aheadMs > 0 && aheadMs <= MAX_HELD_MS;
    if (this.#last === null || !isHeld) this.#last = capturedAt;
    return this.#last;
  }
}
