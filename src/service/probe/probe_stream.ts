/** Reads a stream until a frame is decoded, and its frame rate and keyframe interval are known. */
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
import { FrameViews } from "../../stream/frame_views.ts";

/** The stream to measure; the caller keeps ownership. */
export interface MeasureParts {
  readonly libav: Libav;
  readonly source: PacketSource;
  readonly decoder: BoundedDecoder;
  readonly clock: Clock;
  /** The stream, for messages; without credentials. */
  readonly where: string;
  /** A packet's presentation time in seconds, or null without one. */
  readonly positionOf: (packet: SourcePacket) => number | null;
  /** The number of packets whose timestamp repeated that of the previous ones. */
  readonly constantStamps: () => number;
  /** Ends a pending read of the source at the time limit. */
  readonly end: () => void;
  /** Gets the first decoded frame, which is freed afterwards. */
  readonly onFrame: ((libav: Libav, frame: Frame, view: View) => void) | undefined;
}

/** The measured properties of a stream. */
export interface Measured {
  /** Of the first frame. */
  readonly view: View;
  readonly pixelFormat: string;
  /** Frames per second; null with too few frames. */
  readonly fps: number | null;
  /** null with fewer than two keyframes. */
  readonly keyframeIntervalSeconds: number | null;
}

/** The time limit: long enough for two keyframes of most cameras. */
const MEASURE_MS = 12_000;
const KEYFRAMES_WANTED = 3;
/** Where every frame is a keyframe, three of them do not suffice for the frame rate. */
const MIN_SPAN_SECONDS = 2;
/** The frame rate needs this many frames. */
const MIN_FRAMES = 3;

/**
 * Reads until enough is known, the stream ends or the time limit is reached.
 *
 * @throws {StreamError} `STREAM_STALLED` or `STREAM_ENDED` without any packet, `WAITING_FOR_KEYFRAME` without a
 *   packet that decoding can begin with, `STREAM_INVALID` when nothing could be decoded; the errors of the
 *   source; and {@link BoundsError}
 */
export async function measure(parts: MeasureParts): Promise<Measured> {
  const { libav, source, clock } = parts;
  using measurement = new Measurement(parts);
  let isOver = false;
  const cancel = clock.after(MEASURE_MS, () => {
    isOver = true;
    parts.end();
  });
  try {
    while (!isOver && !measurement.isComplete && await source.read() === "read") {
      for (let packet = source.take(); packet !== null; packet = source.take()) {
        measurement.add(packet);
      }
    }
  } catch (error) {
    // A read that is ended from outside may fail with any error.
    if (!isOver) throw error;
  } finally {
    cancel();
  }
  const frame = measurement.finish();
  if (frame === null) throw noFrame(parts, measurement, isOver);
  const views = new FrameViews({ libav, video: source.video, wish: { rotate: 0, aspect: null } });
  const view = views.of(frame);
  parts.onFrame?.(libav, frame, view);
  return { ...measurement.rates(), view, pixelFormat: libav.pixelFormatName(frame.format) };
}

/** The packets so far, and the first decoded frame. */
class Measurement implements Disposable {
  frames = 0;
  /** Frames that lack packets. */
  corruptFrames = 0;
  isDecoding = false;
  readonly #parts: MeasureParts;
  readonly #frame: Frame;
  readonly #positions = new Spread();
  readonly #keyPositions = new Spread();
  readonly #keyIndices = new Spread();
  readonly #arrivalsMs: number[] = [];
  #hasFrame = false;

  constructor(parts: MeasureParts) {
    this.#parts = parts;
    this.#frame = new Frame(parts.libav);
  }

  /** Whether the rates are known and a frame is decoded. */
  get isComplete(): boolean {
    return this.#hasFrame && this.#keyPositions.count >= KEYFRAMES_WANTED &&
      this.#positions.span >= MIN_SPAN_SECONDS;
  }

  add(packet: SourcePacket): void {
    const seconds = this.#parts.positionOf(packet);
    if (packet.isKey) this.#keyIndices.add(this.frames);
    this.frames++;
    if (packet.isCorrupt) this.corruptFrames++;
    this.#arrivalsMs.push(packet.arrivedAtMs);
    if (seconds !== null) this.#positions.add(seconds);
    if (seconds !== null && packet.isKey) this.#keyPositions.add(seconds);
    if (this.#hasFrame) return;
    if (packet.isCorrupt) this.isDecoding = false;
    else this.isDecoding ||= packet.isKey || packet.isRecoveryPoint;
    if (this.isDecoding) this.#decode(packet.packet);
  }

  /** Ends the stream. @returns the frame, owned by this object; null without one */
  finish(): Frame | null {
    if (!this.#hasFrame && this.isDecoding) this.#decode(null);
    return this.#hasFrame ? this.#frame : null;
  }

  rates(): Pick<Measured, "fps" | "keyframeIntervalSeconds"> {
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

  /** The intervals of frames and of keyframes in seconds, by timestamp. */
  get #timedIntervals(): Intervals {
    const frame = this.#positions.count < MIN_FRAMES ? null : this.#positions.interval;
    return [frame, this.#keyPositions.interval];
  }

  /** The same by time of arrival, where timestamps are constant. */
  get #arrivalIntervals(): Intervals {
    const frame = arrivalIntervalSeconds(this.#arrivalsMs);
    const keyframe = this.#keyIndices.interval;
    return [frame, frame === null || keyframe === null ? null : keyframe * frame];
  }

  /** A corrupt packet yields no frame. */
  #decode(packet: Packet | null): void {
    const { decoder } = this.#parts;
    try {
      decoder.send(packet);
      this.#hasFrame = decoder.receive(this.#frame) === "frame";
    } catch (error) {
      if (!(error instanceof LibavError || error instanceof UnusablePacket)) throw error;
    }
  }
}

type Intervals = readonly [frame: number | null, keyframe: number | null];

/**
 * The frame interval by time of arrival, in seconds: the median over frames half the measurement apart,
 * since the first ones waited in the socket while the decoder was opened.
 */
function arrivalIntervalSeconds(arrivalsMs: readonly number[]): number | null {
  if (arrivalsMs.length < MIN_FRAMES) return null;
  const half = Math.floor(arrivalsMs.length / 2);
  const spans = arrivalsMs.slice(half).map((ms, index) => ms - (arrivalsMs[index] ?? ms));
  const median = spans.toSorted((a, b) => a - b)[Math.floor(spans.length / 2)] ?? 0;
  return median > 0 ? median / half / 1000 : null;
}

/** Positions in any order: B-frames follow frames that are displayed later. */
class Spread {
  count = 0;
  #least = Infinity;
  #most = -Infinity;

  add(seconds: number): void {
    this.count++;
    this.#least = Math.min(this.#least, seconds);
    this.#most = Math.max(this.#most, seconds);
  }

  /** From the least to the greatest, in seconds. */
  get span(): number {
    return this.count === 0 ? 0 : this.#most - this.#least;
  }

  /** The mean interval in seconds; null when all are equal. */
  get interval(): number | null {
    return this.span > 0 ? this.span / (this.count - 1) : null;
  }
}

function noFrame({ where }: MeasureParts, measurement: Measurement, isOver: boolean): StreamError {
  const { frames, corruptFrames, isDecoding } = measurement;
  const within = isOver ? `in ${MEASURE_MS / 1000} s` : "before the stream ended";
  const action = `Cannot get a picture of ${where}`;
  if (frames === 0) {
    return new StreamError({
      code: isOver ? "STREAM_STALLED" : "STREAM_ENDED",
      message: `${action}: nothing came ${within}`,
      retryable: true,
      remedy: "Check with another program whether the camera streams at all; restart it.",
    });
  }
  if (!isDecoding) {
    return new StreamError({
      code: "WAITING_FOR_KEYFRAME",
      message: `${action}: WAITING_FOR_KEYFRAME, of ${frames} frames ${within} none was one that ` +
        "decoding can begin with" + (corruptFrames === 0 ? "" : `, and ${corruptFrames} had gaps`),
      retryable: true,
      remedy: corruptFrames === 0
        ? "Set a shorter keyframe interval (GOP, I-frame interval) in the camera, or try again."
        : "Packets are lost: use TCP, or a better link.",
    });
  }
  return new StreamError({
    code: "STREAM_INVALID",
    message: `${action}: none of ${frames} frames ${within} could be decoded`,
    retryable: true,
    remedy: "Check that the address is a video stream; then the camera's settings.",
  });
}
