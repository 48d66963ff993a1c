import type { CameraSource } from "../core/camera_types.ts";
import { type Orientation, turned, UPRIGHT, type View, viewOf } from "../core/display.ts";
import type { SizePx } from "../core/geometry.ts";
import { turnsBackwards } from "../libav/check_turn.ts";
import type { Frame } from "../libav/frame.ts";
import type { VideoStream } from "../libav/input.ts";
import type { Libav } from "../libav/library.ts";

/**
 * What a stream's pictures say of how they are to be shown, over those that say nothing.
 *
 * H.264 sends a message of its own for it. One that says nothing repeats the last, until the next
 * keyframe begins anew; unless the stream sends the message with every picture, where libav leaves out
 * only those that turn nothing.
 */
export class SignalledOrientation {
  #held: Orientation | null = null;
  #isRepeated = false;

  /** @param own  what a picture says itself, or null */
  next(own: Orientation | null, isKey: boolean): Orientation | null {
    if (isKey) this.#isRepeated = false;
    else if (own !== null) this.#isRepeated ||= own === this.#held;
    if (isKey || own !== null || this.#isRepeated) this.#held = own;
    return this.#held;
  }
}

export interface PictureViewsParts {
  readonly libav: Libav;
  readonly video: VideoStream;
  /** What the configuration says of the camera. */
  readonly wish: Pick<CameraSource, "rotate" | "aspect">;
}

/**
 * How each picture of a connection is shown: as it says itself, else as its container says, and turned
 * further as configured. The shape of its pixels is the configured one, else the container's, else its
 * own.
 */
export class PictureViews {
  readonly #parts: PictureViewsParts;
  readonly #signalled = new SignalledOrientation();
  #isBackwards: boolean | null = null;
  #view: View;

  constructor(parts: PictureViewsParts) {
    this.#parts = parts;
    const { size, orientation } = parts.video;
    this.#view = viewOf(size, this.#turned(orientation), this.#pixelAspect(size, null));
  }

  /** The newest one: before the first picture, what is announced. */
  get newest(): View {
    return this.#view;
  }

  /**
   * The view of the next picture; the same object as long as nothing changes. Each picture that leaves
   * the decoder has to be seen, in order.
   */
  of(picture: Frame): View {
    const signalled = this.#signalled.next(picture.orientation(), picture.isKey);
    const said = signalled === null ? null : this.#corrected(signalled);
    const orientation = this.#turned(said ?? this.#parts.video.orientation);
    const { width, height } = picture;
    const pixelAspect = this.#pixelAspect(picture, picture.pixelAspect);
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

  /** Some releases of libav take a turn to the left for one to the right. */
  #corrected(orientation: Orientation): Orientation {
    if (orientation.isMirrored || orientation.quarterTurns % 2 === 0) return orientation;
    const { libav, video } = this.#parts;
    this.#isBackwards ??= turnsBackwards(libav, video.codecName);
    return this.#isBackwards ? turned(orientation, 2) : orientation;
  }
}
