import { assert } from "../core/assert.ts";
import { CLOCK_START, type SteadyMs, type WallMs, wallMs } from "../core/clock.ts";
import { UPRIGHT, type View, viewOf } from "../core/display.ts";
import type { CaptureClock } from "../core/frame_meta.ts";
import type { BusFrame } from "../framebus/detector_mailbox.ts";
import { Frame } from "../libav/frame.ts";
import type { Libav } from "../libav/library.ts";

/** What a picture carries beside its pixels. */
export interface PictureInfo {
  readonly seq: number;
  readonly isKey: boolean;
  readonly ptsSeconds: number;
  readonly capturedAtMs: WallMs;
  readonly arrivedAtMs: SteadyMs;
  readonly shownAtMs: SteadyMs;
  readonly clock: CaptureClock;
  readonly view: View;
}

const NOTHING: PictureInfo = {
  seq: -1,
  isKey: false,
  ptsSeconds: 0,
  capturedAtMs: wallMs(0),
  arrivedAtMs: CLOCK_START,
  shownAtMs: CLOCK_START,
  clock: "arrival",
  view: viewOf({ width: 0, height: 0 }, UPRIGHT, 1),
};

/** A decoded picture with a count of its holders; the last to release it gives it back to its pool. */
export class SharedFrame implements BusFrame {
  readonly picture: Frame;
  info: PictureInfo = NOTHING;
  readonly #free: (frame: SharedFrame) => void;
  #holders = 0;

  constructor(picture: Frame, free: (frame: SharedFrame) => void) {
    this.picture = picture;
    this.#free = free;
  }

  get seq(): number {
    return this.info.seq;
  }

  get arrivedAtMs(): SteadyMs {
    return this.info.arrivedAtMs;
  }

  get shownAtMs(): SteadyMs {
    return this.info.shownAtMs;
  }

  retain(): void {
    this.#holders++;
  }

  release(): void {
    assert(this.#holders > 0, "a frame was released by more holders than it had");
    if (--this.#holders === 0) this.#free(this);
  }
}

/**
 * The frames of one camera. Never more exist than are held at once (one a mailbox and the one in
 * hand): a frame that is free again is the next one to be used.
 */
export class FramePool implements Disposable {
  readonly #libav: Libav;
  readonly #free: SharedFrame[] = [];
  #disposed = false;

  constructor(libav: Libav) {
    this.#libav = libav;
  }

  /** An empty frame, held once by the caller. */
  take(): SharedFrame {
    assert(!this.#disposed, "a frame was asked of a closed pool");
    let frame = this.#free.pop();
    if (frame === undefined) {
      frame = new SharedFrame(new Frame(this.#libav), (freed) => this.#put(freed));
    }
    frame.retain();
    return frame;
  }

  /** Frees what is free; a frame still held is freed when its last holder lets go. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const frame of this.#free.splice(0)) this.#drop(frame);
  }

  #put(frame: SharedFrame): void {
    if (!frame.picture.isEmpty) frame.picture.unref();
    frame.info = NOTHING;
    if (this.#disposed) this.#drop(frame);
    else this.#free.push(frame);
  }

  #drop(frame: SharedFrame): void {
    frame.picture[Symbol.dispose]();
  }
}
