import type { CameraSource } from "../core/camera_types.ts";
import { type Orientation, turned, UPRIGHT, type View, viewOf } from "../core/display.ts";
import type { SizePx } from "../core/geometry.ts";
import { turnsBackwards } from "../libav/check_turn.ts";
import type { Frame } from "../libav/frame.ts";
import type { VideoStream } from "../libav/video_stream.ts";
import type { Libav } from "../libav/library.ts";

/**
 * Tracks the display orientation that a stream signals, across frames without a signal.
 *
 * H.264 signals it by an SEI message. A frame without one inherits the last orientation until the next
 * keyframe; but in a stream that sends one with every picture, libav drops only those of an upright frame.
 */
export class SignalledOrientation {
  #current: Orientation | null = null;
  #isRepeated = false;

  /** @param own  the orientation that a frame signals, or null */
  next(own: Orientation | null, isKey: boolean): Orientation | null {
    if (isKey) this.#isRepeated = false;
    else if (own !== null) this.#isRepeated ||= own === this.#current;
    if (isKey || own !== null || this.#isRepeated) this.#current = own;
    return this.#current;
  }
}

export interface FrameViewsParts {
  readonly libav: Libav;
  readonly video: VideoStream;
  /** The camera's configuration. */
  readonly wish: Pick<CameraSource, "rotate" | "aspect">;
}

/**
 * Determines how each frame of a connection is displayed: the orientation is the frame's own, else the
 * container's, rotated further as configured; the pixel aspect is the configured one, else the
 * container's, else the frame's own.
 */
export class FrameViews {
  readonly #parts: FrameViewsParts;
  readonly #signalled = new SignalledOrientation();
  #isBackwards: boolean | null = null;
  #view: View;

  constructor(parts: FrameViewsParts) {
    this.#parts = parts;
    const { size, orientation } = parts.video;
    this.#view = viewOf(size, this.#turned(orientation), this.#pixelAspect(size, null));
  }

  /** The newest view; before the first frame the announced one. */
  get newest(): View {
    return this.#view;
  }

  /**
   * The view of the next frame; the same object until something changes. Must be called for every frame
   * that the decoder outputs, in order.
   */
  of(frame: Frame): View {
    const signalled = this.#signalled.next(frame.orientation(), frame.isKey);
    const corrected = signalled === null ? null : this.#corrected(signalled);
    const orientation = this.#turned(corrected ?? this.#parts.video.orientation);
    const { width, height } = frame;
    const pixelAspect = this.#pixelAspect(frame, frame.pixelAspect);
    const { coded, ...known } = this.#view;
    const isSame = coded.width === width && coded.height === height &&
      known.orientation === orientation && known.pixelAspect === pixelAspect;
    if (!isSame) this.#view = viewOf({ width, height }, orientation, pixelAspect);
    return this.#view;
  }

  #turned(orientation: Orientation | null): Orientation {
    return turned(orientation ?? UPRIGHT, this.#parts.wish.rotate / 90);
  }

  #pixelAspect({ width, height }: SizePx, own: number | null): number {
    const { video, wish } = this.#parts;
    if (wish.aspect === null) return video.pixelAspect ?? own ?? 1;
    return height > 0 && width > 0 ? wish.aspect * height / width : 1;
  }

  /** Some releases of libav mistake a turn to the left for one to the right. */
  #corrected(orientation: Orientation): Orientation {
    if (orientation.isMirrored || orientation.quarterTurns % 2 === 0) return orientation;
    const { libav, video } = this.#parts;
    this.#isBackwards ??= turnsBackwards(libav, video.codecName);
    return this.#isBackwards ? turned(orientation, 2) : orientation;
  }
}
