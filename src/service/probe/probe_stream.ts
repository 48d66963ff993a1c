/** Reads a stream until its picture, its frame rate and its keyframes are known. */
import type { Clock } from "../../core/clock.ts";
import type { View } from "../../core/display.ts";
import { StreamError } from "../../core/errors.ts";
import { round } from "../../core/round.ts";
import { LibavError } from "../../libav/error.ts";
import { Frame } from "../../libav/frame.ts";
import type { Libav } from "../../libav/library.ts";
import type { Packet } from "../../libav/packet.ts";
import type { BoundedDecoder } from "../../stream/bounds/bounded_decoder.ts";
import { UnusablePacket } from "../../stream/bounds/errors.ts";
import type { PacketSource, SourcePacket } from "../../stream/packet_source.ts";
import { PictureViews } from "../../stream/picture_views.ts";

/** What is looked at; it stays the caller's. */
export interface LookParts {
  readonly libav: Libav;
  readonly source: PacketSource;
  readonly decoder: BoundedDecoder;
  readonly clock: Clock;
  /** The stream, for messages; without a credential. */
  readonly where: string;
  /** A packet's presentation time in seconds, or null where it has none. */
  readonly positionOf: (packet: SourcePacket) => number | null;
  /** How many packets so far had the timestamp of those before, so that it says nothing. */
  readonly constantStamps: () => number;
  /** Ends a pending read of the source: time is up. */
  readonly end: () => void;
}

/** What was seen of a stream. */
export interface Looked {
  /** The first picture's. */
  readonly view: View;
  readonly pixelFormat: string;
  /** Frames a second; null when too few came. */
  readonly fps: number | null;
  /** null when fewer than two keyframes came. */
  readonly keyframeIntervalSeconds: number | null;
}

/** Looked at for so long at most: enough for two keyframes of most cameras. */
const LOOK_MS = 12_000;
const KEYFRAMES_WANTED = 3;
/** Where every picture is a keyframe, three of them say little of the rate. */
const MIN_SPAN_SECONDS = 2;
/** Fewer frames tell no rate. */
const MIN_FRAMES = 3;

/**
 * Reads on until enough is known, the stream ends or the time is up.
 *
 * @throws {StreamError} `STREAM_STALLED` or `STREAM_ENDED` when nothing came, `WAITING_FOR_KEYFRAME` when
 *   nothing that decoding can begin with did, `STREAM_INVALID` when there was no picture in it; what the
 *   source throws; and {@link BoundsError}
 */
export async function look(parts: LookParts): Promise<Looked> {
  const { libav, source, clock } = parts;
  using seen = new Seen(parts);
  let isOver = false;
  const cancel = clock.after(LOOK_MS, () => {
    isOver = true;
    parts.end();
  });
  try {
    while (!isOver && !seen.isEnough && await source.read() === "read") {
      for (let packet = source.take(); packet !== null; packet = source.take()) seen.packet(packet);
    }
  } catch (error) {
    // A read that was ended from outside fails in one way or another.
    if (!isOver) throw error;
  } finally {
    cancel();
  }
  const frame = seen.finish();
  if (frame === null) throw noPicture(parts, seen, isOver);
  const views = new PictureViews({ libav, video: source.video, wish: { rotate: 0, aspect: null } });
  const view = views.of(frame);
  return { ...seen.rates(), view, pixelFormat: libav.pixelFormatName(frame.format) };
}

/** What has been seen so far, and the first whole picture. */
class Seen implements Disposable {
  frames = 0;
  isDecoding = false;
  readonly #parts: LookParts;
  readonly #frame: Frame;
  readonly #positions = new Spread();
  readonly #keyPositions = new Spread();
  readonly #keyIndices = new Spread();
  readonly #arrivalsMs: number[] = [];
  #hasPicture = false;

  constructor(parts: LookParts) {
    this.#parts = parts;
    this.#frame = new Frame(parts.libav);
  }

  /** The rates are known, and a picture is decoded. */
  get isEnough(): boolean {
    return this.#hasPicture && this.#keyPositions.count >= KEYFRAMES_WANTED &&
      this.#positions.span >= MIN_SPAN_SECONDS;
  }

  packet(packet: SourcePacket): void {
    const seconds = this.#parts.positionOf(packet);
    if (packet.isKey) this.#keyIndices.add(this.frames);
    this.frames++;
    this.#arrivalsMs.push(packet.arrivedAtMs);
    if (seconds !== null) this.#positions.add(seconds);
    if (seconds !== null && packet.isKey) this.#keyPositions.add(seconds);
    if (this.#hasPicture) return;
    if (packet.isCorrupt) this.isDecoding = false;
    else this.isDecoding ||= packet.isKey || packet.isRecoveryPoint;
    if (this.isDecoding) this.#decode(packet.packet);
  }

  /** Nothing follows. @returns the picture, which stays this object's; null without one */
  finish(): Frame | null {
    if (!this.#hasPicture && this.isDecoding) this.#decode(null);
    return this.#hasPicture ? this.#frame : null;
  }

  rates(): Pick<Looked, "fps" | "keyframeIntervalSeconds"> {
    const isTimed = this.#parts.constantStamps() * 2 <= this.frames;
    const [frame, keyframe] = isTimed ? this.#timedIntervals : this.#arrivalIntervals;
    return {
      fps: frame === null ? null : round(1 / frame, 3),
      keyframeIntervalSeconds: keyframe === null ? null : round(keyframe, 3),
    };
  }

  [Symbol.dispose](): void {
    this.#frame[Symbol.dispose]();
  }

  /** Seconds from frame to frame, and from keyframe to keyframe, by the timestamps. */
  get #timedIntervals(): Intervals {
    const frame = this.#positions.count < MIN_FRAMES ? null : this.#positions.interval;
    return [frame, this.#keyPositions.interval];
  }

  /** The same where timestamps say nothing. */
  get #arrivalIntervals(): Intervals {
    const frame = arrivalIntervalSeconds(this.#arrivalsMs);
    const keyframe = this.#keyIndices.interval;
    return [frame, frame === null || keyframe === null ? null : keyframe * frame];
  }

  /** A damaged packet gives no picture. */
  #decode(packet: Packet | null): void {
    const { decoder } = this.#parts;
    try {
      decoder.send(packet);
      this.#hasPicture = decoder.receive(this.#frame) === "frame";
    } catch (error) {
      if (!(error instanceof LibavError || error instanceof UnusablePacket)) throw error;
    }
  }
}

type Intervals = readonly [frame: number | null, keyframe: number | null];

/**
 * Seconds from frame to frame by their arrival: the median over frames half the look apart, since the
 * first ones lay in the socket while the decoder was opened.
 */
function arrivalIntervalSeconds(arrivalsMs: readonly number[]): number | null {
  if (arrivalsMs.length < MIN_FRAMES) return null;
  const half = Math.floor(arrivalsMs.length / 2);
  const spans = arrivalsMs.slice(half).map((ms, index) => ms - (arrivalsMs[index] ?? ms));
  const median = spans.toSorted((a, b) => a - b)[Math.floor(spans.length / 2)] ?? 0;
  return median > 0 ? median / half / 1000 : null;
}

/** Positions in any order: B-frames come after pictures that are shown later. */
class Spread {
  count = 0;
  #least = Infinity;
  #most = -Infinity;

  add(seconds: number): void {
    this.count++;
    this.#least = Math.min(this.#least, seconds);
    this.#most = Math.max(this.#most, seconds);
  }

  /** From the first to the last, in seconds. */
  get span(): number {
    return this.count === 0 ? 0 : this.#most - this.#least;
  }

  /** The mean distance in seconds; null when all are one. */
  get interval(): number | null {
    return this.span > 0 ? this.span / (this.count - 1) : null;
  }
}

function noPicture({ where }: LookParts, seen: Seen, isOver: boolean): StreamError {
  const { frames, isDecoding } = seen;
  const within = isOver ? `in ${LOOK_MS / 1000} s` : "before the stream ended";
  const action = `Cannot get a picture of ${where}`;
  if (frames === 0) {
    return new StreamError({
      code: isOver ? "STREAM_STALLED" : "STREAM_ENDED",
      message: `${action}: nothing came ${within}`,
      retryable: true,
      remedy: "Look whether the camera streams at all, with another program; restart it.",
    });
  }
  if (!isDecoding) {
    return new StreamError({
      code: "WAITING_FOR_KEYFRAME",
      message: `${action}: WAITING_FOR_KEYFRAME, of ${frames} frames ${within} none was one that ` +
        "decoding can begin with",
      retryable: true,
      remedy:
        "Set a shorter keyframe interval (GOP, I-frame interval) in the camera, or try again.",
    });
  }
  return new StreamError({
    code: "STREAM_INVALID",
    message: `${action}: none of ${frames} frames ${within} could be decoded`,
    retryable: true,
    remedy: "Check that the address is a video stream; then the camera's settings.",
  });
}
