import type { CaptureClock } from "../core/messages.ts";

/**
 * A camera's own clock that is further off than this is not set: the time of arrival is nearer to the
 * truth then.
 */
const MAX_OFF_MS = 60_000;

/** A step back that is larger than this is a clock that was put right, not a picture out of order. */
const MAX_HELD_MS = 5000;

/** When pictures were taken, by the best clock there is. */
export class CaptureTime {
  #lastMs = -Infinity;

  /**
   * @param arrivedMs  the wall clock when the packet arrived
   * @param cameraMs   the camera's clock for this picture, from its sender reports, or null
   */
  of(arrivedMs: number, cameraMs: number | null): { capturedAtMs: number; clock: CaptureClock } {
    const isSane = cameraMs !== null && Math.abs(cameraMs - arrivedMs) <= MAX_OFF_MS;
    return isSane
      ? { capturedAtMs: cameraMs, clock: "rtcp" }
      : { capturedAtMs: arrivedMs, clock: "arrival" };
  }

  /**
   * For pictures in the order in which they are shown: never before the last one, unless a clock was
   * put right. Packets come in another order where there are B-frames.
   */
  inOrder(capturedAtMs: number): number {
    const isHeld = capturedAtMs < this.#lastMs && this.#lastMs - capturedAtMs <= MAX_HELD_MS;
    if (!isHeld) this.#lastMs = capturedAtMs;
    return this.#lastMs;
  }
}
