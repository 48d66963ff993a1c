import type { CaptureClock } from "../core/messages.ts";

/**
 * A camera's own clock that is further off than this is not set: the time of arrival is nearer to the
 * truth then.
 */
const MAX_OFF_MS = 60_000;

/** A step back that is larger than this is a clock that was put right, not a picture out of order. */
const MAX_HELD_MS = 5000;

/** When pictures were taken, by the best clock there is; monotone but for a clock that is put right. */
export class CaptureTime {
  #lastMs = -Infinity;

  /**
   * @param arrivedMs  the wall clock when the packet arrived
   * @param cameraMs   the camera's clock for this picture, from its sender reports, or null
   */
  of(arrivedMs: number, cameraMs: number | null): { capturedAtMs: number; clock: CaptureClock } {
    const isSane = cameraMs !== null && Math.abs(cameraMs - arrivedMs) <= MAX_OFF_MS;
    const atMs = isSane ? cameraMs : arrivedMs;
    const isHeld = atMs < this.#lastMs && this.#lastMs - atMs <= MAX_HELD_MS;
    const capturedAtMs = isHeld ? this.#lastMs : atMs;
    this.#lastMs = capturedAtMs;
    return { capturedAtMs, clock: isSane ? "rtcp" : "arrival" };
  }
}
