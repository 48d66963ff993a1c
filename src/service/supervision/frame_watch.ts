import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";

/** Frames are missing after this many periods without one. */
const PERIODS = 3;

/** What the frame watch needs to know of a camera. */
export interface WatchedCamera {
  readonly camera: string;
  /** Whether it is online by its own account, and has a detector that is not paused. */
  readonly expected: boolean;
  /** The age of the newest decoded frame; null before the first one. */
  readonly pictureAgoMs: number | null;
  readonly stallTimeoutMs: number;
  /** The shortest period of its detectors that are not paused; 0 for every frame. */
  readonly periodMs: number;
  /** The likely cause should frames be missing. */
  readonly reason: MissingFramesReason;
}

/** `WAITING_FOR_KEYFRAME`: only keyframes are decoded, and none arrives. */
export type MissingFramesReason = "NO_PICTURE" | "WAITING_FOR_KEYFRAME";

/** The state of one camera between inspections. */
interface Expectation {
  /** Since when frames are expected. */
  readonly sinceMs: number;
  /** Whether the absence of frames was reported. */
  isReported: boolean;
}

/**
 * Finds cameras that are online but deliver no frame for longer than their stall timeout and three
 * periods. This only warns: no worker is at fault, and a reconnect would not help.
 */
export class FrameWatch {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onChange: (camera: string, reason: MissingFramesReason | null) => void;
  readonly #expectations = new Map<string, Expectation>();

  /** @param parts.onChange  called with a reason once frames are missing, and with null once they resume */
  constructor(parts: {
    clock: Clock;
    log: Log;
    onChange: (camera: string, reason: MissingFramesReason | null) => void;
  }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#onChange = parts.onChange;
  }

  /** Inspects every camera whose thread answers. */
  inspect(cameras: readonly WatchedCamera[]): void {
    for (const each of cameras) this.#inspect(each);
  }

  /** Forgets all other cameras. */
  retain(cameras: Pick<ReadonlySet<string>, "has">): void {
    for (const camera of this.#expectations.keys()) {
      if (!cameras.has(camera)) this.#expectations.delete(camera);
    }
  }

  #inspect(watched: WatchedCamera): void {
    const { camera, expected, pictureAgoMs } = watched;
    const nowMs = this.#clock.nowMs();
    const expectation = this.#expectations.get(camera);
    if (!expected) {
      // The camera's state explains the absence, or there is none.
      this.#expectations.delete(camera);
      if (expectation?.isReported === true) this.#onChange(camera, null);
      return;
    }
    const { sinceMs, isReported } = expectation ?? { sinceMs: nowMs, isReported: false };
    const missingMs = Math.min(nowMs - sinceMs, pictureAgoMs ?? Infinity);
    const isMissing = missingMs > Math.max(watched.stallTimeoutMs, PERIODS * watched.periodMs);
    this.#expectations.set(camera, { sinceMs, isReported: isMissing });
    if (isMissing === isReported) return;
    this.#onChange(camera, isMissing ? watched.reason : null);
    if (!isMissing) return this.#log.info("camera.picture_resumed", { camera });
    this.#log.warning("camera.picture_missed", {
      camera,
      reason: watched.reason,
      missingForMs: Math.round(missingMs),
      remedy: watched.reason === "WAITING_FOR_KEYFRAME"
        ? "Have the camera send keyframes more often, or set decode to auto."
        : "Check the camera's stream with another program, and the settings decode and decoder.",
    });
  }
}
