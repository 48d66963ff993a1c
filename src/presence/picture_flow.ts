import { type Clock, latestMs, plusMs, sinceMs, type SteadyMs } from "../core/clock.ts";
import type { CameraState } from "../core/camera_types.ts";

/** A worker is replaced within it. A detector that infers nothing for longer is lost. */
export const DETECTOR_LOST_MS = 30_000;

/** The pictures of one camera: since when there have been none. */
export class PictureFlow {
  readonly #clock: Clock;
  #state: CameraState = "online";
  /** When the state became `online`, or anything else. */
  #sinceMs: SteadyMs;
  /** How long it was online before. */
  #onlineBeforeMs = 0;
  #pictureAtMs: SteadyMs | null = null;
  /** The arrival of the last frame, if none has come for a while. */
  #silentSinceMs: SteadyMs | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
  }

  /** Whether the camera is online, and sends frames. */
  get isSending(): boolean {
    return this.#state === "online" && this.#silentSinceMs === null;
  }

  /** How long the camera has been online altogether. */
  get onlineMs(): number {
    return this.#state === "online"
      ? this.#onlineBeforeMs + sinceMs(this.#sinceMs, this.#clock.nowMs())
      : this.#onlineBeforeMs;
  }

  /** A picture arrived. */
  picture(atMs: SteadyMs): void {
    this.#pictureAtMs = this.#pictureAtMs === null ? atMs : latestMs(this.#pictureAtMs, atMs);
  }

  setState(state: CameraState): void {
    if ((state === "online") !== (this.#state === "online")) {
      this.#onlineBeforeMs = this.onlineMs;
      this.#sinceMs = this.#clock.nowMs();
    }
    this.#state = state;
  }

  /** The camera has sent no frame since the instant; null: it sends again. */
  setSilence(sinceMs: SteadyMs | null): void {
    this.#silentSinceMs = sinceMs;
  }

  /**
   * When a camera has been without pictures for too long.
   * @param gapMs  between the newest pictures that the detector inferred
   * @returns null while it sends them
   */
  cameraLostAtMs({ endMs, gapMs }: { endMs: number; gapMs: number }): SteadyMs | null {
    const isOnline = this.#state === "online";
    // A camera or a detector that is as slow as a stay ends has pauses of its own.
    const isFast = gapMs <= endMs / 2;
    // In a new thread the gap is not known yet.
    const silentSinceMs = isFast && gapMs > 0 ? this.#silentSinceMs : null;
    if (isOnline && silentSinceMs === null) return null;
    if (this.#pictureAtMs === null) return plusMs(silentSinceMs ?? this.#sinceMs, endMs);
    // A stalled camera has sent none for a while. When the newest one came is not known at slow rates.
    const isKnown = this.#state === "stalled" && isFast;
    const fromMs = silentSinceMs ?? (isKnown ? this.#pictureAtMs : this.#sinceMs);
    return plusMs(latestMs(this.#pictureAtMs, fromMs), endMs);
  }

  /**
   * When a detector has inferred nothing for too long while the camera was online.
   * @param onlineMs  {@link onlineMs} at its newest inference
   * @returns null while the camera is not online
   */
  detectorLostAtMs(onlineMs: number): SteadyMs | null {
    if (this.#state !== "online") return null;
    return plusMs(this.#clock.nowMs(), DETECTOR_LOST_MS - (this.onlineMs - onlineMs));
  }
}
