import type { StreamInfo } from "../core/camera_types.ts";
import { type View, viewInfo } from "../core/display.ts";
import type { VideoStream } from "../libav/video_stream.ts";
import type { BoundedDecoder } from "./bounds/bounded_decoder.ts";
import type { FrameViews } from "./frame_views.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** Keyframe intervals of which the longest is reported. */
const MAX_INTERVALS = 10;

/** Properties of the stream that only a frame shows. */
interface FrameProperties {
  readonly view: View;
  readonly format: number;
}

/** Reports the properties of a stream once they are known, and again when they change. */
export class StreamInfoReporter {
  readonly #video: VideoStream;
  readonly #decoder: BoundedDecoder;
  readonly #views: FrameViews;
  readonly #onInfo: (info: StreamInfo) => void;
  #lastKeySeconds: number | null = null;
  readonly #intervalsSeconds: number[] = [];
  #properties: FrameProperties | null = null;
  #reported: unknown[] = [];

  constructor(parts: {
    readonly video: VideoStream;
    readonly decoder: BoundedDecoder;
    readonly views: FrameViews;
    readonly onInfo: (info: StreamInfo) => void;
  }) {
    this.#video = parts.video;
    this.#decoder = parts.decoder;
    this.#views = parts.views;
    this.#onInfo = parts.onInfo;
  }

  /** Records a keyframe at this position of the stream. */
  keyframe(positionSeconds: number): void {
    if (this.#lastKeySeconds !== null) {
      this.#intervalsSeconds.push(positionSeconds - this.#lastKeySeconds);
      if (this.#intervalsSeconds.length > MAX_INTERVALS) this.#intervalsSeconds.shift();
    }
    this.#lastKeySeconds = positionSeconds;
  }

  /** Restarts a file from its beginning. */
  rewind(): void {
    this.#lastKeySeconds = null;
  }

  /** Records an intact frame; null for one that was not decoded. */
  frame(frame: SharedFrame | null): void {
    if (frame !== null) this.#properties = { view: frame.info.view, format: frame.picture.format };
    const { view, format } = this.#properties ?? { view: this.#views.newest, format: null };
    const newest = this.#intervalsSeconds.at(-1) ?? null;
    const longest = newest === null ? null : Math.max(...this.#intervalsSeconds);
    const known = [view, format, newest, longest];
    if (known.every((one, index) => one === this.#reported[index])) return;
    this.#reported = known;
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
