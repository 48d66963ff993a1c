import type { StreamInfo } from "../core/camera_types.ts";
import { type View, viewInfo } from "../core/display.ts";
import type { VideoStream } from "../libav/input.ts";
import type { BoundedDecoder } from "./bounds/bounded_decoder.ts";
import type { PictureViews } from "./picture_views.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** Intervals between keyframes of which the longest is told. */
const MAX_INTERVALS = 10;

/** What a picture says of the stream. */
interface Seen {
  readonly view: View;
  readonly format: number;
}

/** Tells what a stream is when that is first known, and again when it changes. */
export class StreamInfoReporter {
  readonly #video: VideoStream;
  readonly #decoder: BoundedDecoder;
  readonly #views: PictureViews;
  readonly #onInfo: (info: StreamInfo) => void;
  #lastKeySeconds: number | null = null;
  readonly #intervalsSeconds: number[] = [];
  #seen: Seen | null = null;
  #told: unknown[] = [];

  constructor(parts: {
    readonly video: VideoStream;
    readonly decoder: BoundedDecoder;
    readonly views: PictureViews;
    readonly onInfo: (info: StreamInfo) => void;
  }) {
    this.#video = parts.video;
    this.#decoder = parts.decoder;
    this.#views = parts.views;
    this.#onInfo = parts.onInfo;
  }

  /** A keyframe came, at this position of the stream. */
  keyframe(positionSeconds: number): void {
    if (this.#lastKeySeconds !== null) {
      this.#intervalsSeconds.push(positionSeconds - this.#lastKeySeconds);
      if (this.#intervalsSeconds.length > MAX_INTERVALS) this.#intervalsSeconds.shift();
    }
    this.#lastKeySeconds = positionSeconds;
  }

  /** A file starts again from its beginning. */
  rewind(): void {
    this.#lastKeySeconds = null;
  }

  /** A good frame came; null for one that was not decoded. */
  frame(frame: SharedFrame | null): void {
    if (frame !== null) this.#seen = { view: frame.info.view, format: frame.picture.format };
    const { view, format } = this.#seen ?? { view: this.#views.newest, format: null };
    const newest = this.#intervalsSeconds.at(-1) ?? null;
    const longest = newest === null ? null : Math.max(...this.#intervalsSeconds);
    const known = [view, format, newest, longest];
    if (known.every((one, index) => one === this.#told[index])) return;
    this.#told = known;
    this.#onInfo({
      ...viewInfo(view),
      codec: this.#video.codecName,
      decoder: this.#decoder.name,
      pixelFormat: format === null ? "" : this.#decoder.pixelFormatName(format),
      fps: this.#video.frameRate,
      keyframeIntervalSeconds: newest,
      longestKeyframeIntervalSeconds: longest,
    });
  }
}
