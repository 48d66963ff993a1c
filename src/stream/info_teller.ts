import { type View, viewInfo } from "../core/display.ts";
import type { StreamInfo } from "../core/messages.ts";
import type { Decoder } from "../libav/decoder.ts";
import type { VideoStream } from "../libav/input.ts";
import type { PictureViews } from "./picture_views.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** What a picture says of the stream. */
interface Seen {
  readonly view: View;
  readonly format: number;
}

/** Tells what a stream is when that is first known, and again when it changes. */
export class InfoTeller {
  readonly #video: VideoStream;
  readonly #decoder: Decoder;
  readonly #views: PictureViews;
  readonly #onInfo: (info: StreamInfo) => void;
  #lastKeySeconds: number | null = null;
  #keyframeIntervalSeconds: number | null = null;
  #seen: Seen | null = null;
  #told: unknown[] = [];

  constructor(parts: {
    readonly video: VideoStream;
    readonly decoder: Decoder;
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
      this.#keyframeIntervalSeconds = positionSeconds - this.#lastKeySeconds;
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
    const known = [view, format, this.#keyframeIntervalSeconds];
    if (known.every((one, index) => one === this.#told[index])) return;
    this.#told = known;
    this.#onInfo({
      ...viewInfo(view),
      codec: this.#video.codecName,
      decoder: this.#decoder.name,
      pixelFormat: format === null ? "" : this.#decoder.pixelFormatName(format),
      fps: this.#video.frameRate,
      keyframeIntervalSeconds: this.#keyframeIntervalSeconds,
    });
  }
}
