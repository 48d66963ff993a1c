import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";

/** A camera may leave out this many of the periods in which a picture is wanted. */
const PERIODS = 3;

/** What is looked at of a camera. */
export interface WatchedCamera {
  readonly camera: string;
  /** It is online as far as its thread says, and some detector wants its pictures. */
  readonly expected: boolean;
  /** How long ago its newest picture was decoded; null before the first one. */
  readonly pictureAgoMs: number | null;
  readonly stallTimeoutMs: number;
  /** The shortest period of its detectors that are not paused; 0 for every frame. */
  readonly periodMs: number;
  /** Why pictures may be missing, as far as that is known. */
  readonly reason: NoPictureReason;
}

/** `WAITING_FOR_KEYFRAME`: only keyframes are decoded, and none comes. */
export type NoPictureReason = "NO_PICTURE" | "WAITING_FOR_KEYFRAME";

/** One camera from look to look. */
interface Waiting {
  /** Since when pictures are expected of it. */
  readonly sinceMs: number;
  isTold: boolean;
}

/**
 * Finds cameras that are online but give no picture, for longer than their stall time and three
 * periods. That is a warning: it is not the fault of a worker, and no new connection would mend it.
 */
export class FrameWatch {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tell: (camera: string, reason: NoPictureReason | null) => void;
  readonly #waiting = new Map<string, Waiting>();

  /** @param parts.tell  told the reason once when pictures are missing, and null once when they come */
  constructor(parts: {
    clock: Clock;
    log: Log;
    tell: (camera: string, reason: NoPictureReason | null) => void;
  }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#tell = parts.tell;
  }

  /** One look at every camera whose thread answers. */
  inspect(cameras: readonly WatchedCamera[]): void {
    for (const each of cameras) this.#inspect(each);
  }

  #inspect(watched: WatchedCamera): void {
    const { camera, expected, pictureAgoMs } = watched;
    const nowMs = this.#clock.nowMs();
    const waiting = this.#waiting.get(camera);
    if (!expected) {
      // Its state says what is the matter, or that nothing is.
      this.#waiting.delete(camera);
      if (waiting?.isTold === true) this.#tell(camera, null);
      return;
    }
    const { sinceMs, isTold } = waiting ?? { sinceMs: nowMs, isTold: false };
    const missingMs = Math.min(nowMs - sinceMs, pictureAgoMs ?? Infinity);
    const isMissing = missingMs > Math.max(watched.stallTimeoutMs, PERIODS * watched.periodMs);
    this.#waiting.set(camera, { sinceMs, isTold: isMissing });
    if (isMissing === isTold) return;
    this.#tell(camera, isMissing ? watched.reason : null);
    if (!isMissing) return this.#log.info("camera.picture_resumed", { camera });
    this.#log.warning("camera.picture_missed", {
      camera,
      reason: watched.reason,
      missingForMs: Math.round(missingMs),
      remedy: watched.reason === "WAITING_FOR_KEYFRAME"
        ? "Have the camera send keyframes more often, or set decode to auto."
        : "Look at the camera's stream with another program, and at decode and decoder.",
    });
  }
}
