import type { StreamInfo } from "../core/messages.ts";
import type { VideoStream } from "../libav/input.ts";
import type { BoundedDecoder } from "./bounds/bounded_decoder.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** Intervals between keyframes of which the longest is told. */
const MAX_INTERVALS = 10;

/** What a picture says of the stream. */
interface Seen {
  readonly width: number;
  readonly height: number;
  readonly format: number;
}

/** Tells what a stream is when that is first known, and again when it changes. */
export class InfoTeller {
  readonly #video: VideoStream;
  readonly #decoder: BoundedDecoder;
  readonly #onInfo: (info: StreamInfo) => void;
  #lastKeySeconds: number | null = null;
  readonly #intervalsSeconds: number[] = [];
  #seen: Seen | null = null;
  #told = "";

  constructor(parts: {
    readonly video: VideoStream;
    readonly decoder: BoundedDecoder;
    readonly onInfo: (info: StreamInfo) => void;
  }) {
    this.#video = parts.video;
    this.#decoder = parts.decoder;
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
    const picture = frame?.picture;
    if (picture !== undefined) this.#seen = seenOf(picture, this.#seen);
    const { width, height, format } = this.#seen ?? { ...this.#video.size, format: null };
    const newest = this.#intervalsSeconds.at(-1) ?? null;
    const longest = newest === null ? null : Math.max(...this.#intervalsSeconds);
    const key = `${width}x${height}:${format}:${newest}:${longest}`;
    if (key === this.#told) return;
    this.#told = key;
    this.#onInfo({
      width,
      height,
      codec: this.#video.codecName,
      decoder: this.#decoder.name,
      pixelFormat: format === null ? "" : this.#decoder.pixelFormatName(format),
      fps: this.#video.frameRate,
      keyframeIntervalSeconds: newest,
      longestKeyframeIntervalSeconds: longest,
    });
  }
}

/** The picture's properties; the same object as long as they stay the same. */
function seenOf({ width, height, format }: Seen, before: Seen | null): Seen {
  const same = before?.width === width && before.height === height && before.format === format;
  return same ? before : { width, height, format };
}
