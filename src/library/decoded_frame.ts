/** A frame in the hands of a program: its facts, and its picture as JPEG or tensor. */
import { epochMs } from "../core/clock.ts";
import type { CaptureClock } from "../core/frame_meta.ts";
import type { InputFit, Placement, SizePx } from "../core/geometry.ts";
import { inputBytes } from "../core/model_input.ts";
import type { JpegEncoder } from "../libav/jpeg.ts";
import type { SharedFrame } from "../stream/shared_frame.ts";
import { jpegPart, wholePart } from "../stream/stay_jpeg.ts";
import type { TensorWriter } from "../stream/tensor_writer.ts";
import { checkedSide, FramesError, within } from "./options.ts";

/** The consumer in whose name the library takes frames from the bus. */
export const CONSUMER = "frames";

/** The longest side of a JPEG, unless asked for otherwise, and at most. */
const DEFAULT_JPEG_PX = 1920;
const JPEG_SIDES_PX = { least: 2, most: 16_384 } as const;
/** The grey of what no picture covers, as in most models' training. */
const DEFAULT_BARS = 114 / 255;

/** How a frame becomes a tensor. */
export interface TensorOptions extends SizePx {
  /** Where the picture lies in it. Default: `centre`, with bars on both sides. */
  readonly placement?: Placement;
  /** The grey level of the bars, 0 to 1. Default: 114 / 255. */
  readonly bars?: number;
  /** Written to in place of a new buffer; at least 12 × width × height bytes. Stays the caller's. */
  readonly into?: ArrayBuffer;
}

/** A frame as the input of a network. */
export interface FrameTensor {
  /** Red, green and blue planes one after another (NCHW, a batch of one), 0 to 1. */
  readonly data: Float32Array<ArrayBuffer>;
  /** Where the picture lies in it: {@link unletterbox} takes boxes back to pixels of the frame. */
  readonly fit: InputFit;
}

/** What pictures of a stream are made with. Owned by the stream. */
export interface FrameTools {
  /** Makes tensors. */
  readonly writer: TensorWriter;
  /** Makes JPEGs. */
  readonly encoder: JpegEncoder;
}

/**
 * A decoded frame. Its picture is libav's memory, and valid until the loop asks for the next frame or
 * ends; JPEGs and tensors made of it are copies, and stay.
 */
export class DecodedFrame {
  /** Counts the stream's frames from 0, with those that were skipped. */
  readonly seq: number;
  /** Width in pixels, as shown. */
  readonly width: number;
  /** Height in pixels, as shown. */
  readonly height: number;
  /** Whether it is a keyframe. */
  readonly isKey: boolean;
  /** Seconds since the connection's first frame; of a file the position. */
  readonly ptsSeconds: number;
  /** When it was captured, in milliseconds since the Unix epoch. */
  readonly capturedAtMs: number;
  /** Whose clock that is: the camera's (`rtcp`), this machine's at arrival, or a file's playing. */
  readonly clock: CaptureClock;
  /** Frames skipped since the one before, for whatever reason. */
  readonly dropsSinceLast: number;
  readonly #tools: FrameTools;
  #frame: SharedFrame | null;

  /**
   * Made by the library alone.
   * @param frame  held until {@link release}
   */
  constructor(frame: SharedFrame, dropsSinceLast: number, tools: FrameTools) {
    const { seq, isKey, ptsSeconds, capturedAtMs, clock, view: { shown } } = frame.info;
    this.seq = seq;
    this.width = shown.width;
    this.height = shown.height;
    this.isKey = isKey;
    this.ptsSeconds = ptsSeconds;
    this.capturedAtMs = epochMs(capturedAtMs);
    this.clock = clock;
    this.dropsSinceLast = dropsSinceLast;
    this.#tools = tools;
    frame.retain();
    this.#frame = frame;
  }

  /**
   * The frame as the bytes of a JPEG file, in display orientation.
   * @param options  `maxSidePx`: the longest side at most; default: 1920
   * @throws {FramesError} `FRAMES_OPTION`; `FRAMES_RELEASED` when the loop has gone on
   * @throws {StreamError} `STREAM_JPEG` when this libav has no encoder for it, `STREAM_PIXEL_FORMAT`
   */
  jpeg(options: { readonly maxSidePx?: number } = {}): Uint8Array<ArrayBuffer> {
    const { maxSidePx = DEFAULT_JPEG_PX } = options;
    const { picture, info: { view } } = this.#held();
    const whole = wholePart(view, within("maxSidePx", maxSidePx, JPEG_SIDES_PX));
    const part = jpegPart(whole, { view, masks: [] });
    return new Uint8Array(this.#tools.encoder.encode(picture, view, part));
  }

  /**
   * The frame as the input of a network: scaled in proportion unless stretched, with bars around it.
   * @param options  width and height of the network's input, in pixels: 32 to 4096
   * @throws {FramesError} `FRAMES_OPTION`; `FRAMES_RELEASED` when the loop has gone on
   * @throws {StreamError} `STREAM_PIXEL_FORMAT`
   */
  tensor(options: TensorOptions): FrameTensor {
    const size = {
      width: checkedSide("width", options.width),
      height: checkedSide("height", options.height),
    };
    const bars = within("bars", options.bars ?? DEFAULT_BARS, { least: 0, most: 1 });
    const bytes = inputBytes(size);
    const buffer = options.into ?? new ArrayBuffer(bytes);
    within("into.byteLength", buffer.byteLength, { least: bytes, most: Infinity });
    const { meta: { fit } } = this.#tools.writer.write(this.#held(), {
      kind: "take",
      input: {
        size: { kind: "fixed", ...size },
        placement: options.placement ?? "centre",
        bars,
      },
      buffer,
      barsKey: null,
    }, { detector: CONSUMER, dropsSinceLast: this.dropsSinceLast });
    return { data: new Float32Array(buffer, 0, bytes / Float32Array.BYTES_PER_ELEMENT), fit };
  }

  /** Gives the picture back to libav; the loop does it. Twice is harmless. */
  release(): void {
    this.#frame?.release();
    this.#frame = null;
  }

  #held(): SharedFrame {
    if (this.#frame !== null) return this.#frame;
    throw new FramesError({
      code: "FRAMES_RELEASED",
      message: `Cannot read frame ${this.seq}: the loop has gone on, and its picture is no more`,
      retryable: false,
      remedy: "Make its JPEG or tensor before the loop asks for the next frame.",
    });
  }
}
