import { ageOf } from "../core/age.ts";
import type { Clock } from "../core/clock.ts";
import { codedPart, shownPart, type View } from "../core/display.ts";
import type { SentFrame } from "../core/frame_meta.ts";
import {
  type BoxNorm,
  cropOf,
  type Fit,
  letterbox,
  type PointNorm,
  type SizePx,
} from "../core/geometry.ts";
import type { ToMailbox } from "../core/messages.ts";
import { barsKey, type InputShape } from "../core/model_input.ts";
import { type CodedPart, TensorConverter } from "../libav/converter.ts";
import type { Libav } from "../libav/library.ts";
import { blackOut, type MaskSpans, maskSpans } from "./masks.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** What part of the picture as shown is looked at. */
export interface Region {
  readonly roi: BoxNorm | null;
  readonly masks: readonly (readonly PointNorm[])[];
}

/** One detector's conversion: the scaler and what it was set up for. */
interface Conversion {
  readonly converter: TensorConverter;
  /** What the rest was worked out for. */
  readonly view: View;
  readonly region: Region;
  readonly input: SizePx;
  readonly fit: Fit;
  readonly part: CodedPart;
  readonly spans: MaskSpans;
}

/** Writes pictures into the tensors of a camera's detectors, one scaler for each. */
export class TensorWriter implements Disposable {
  readonly #libav: Libav;
  readonly #camera: string;
  readonly #clock: Clock;
  readonly #conversions = new Map<string, Conversion>();
  #region: Region;

  constructor(parts: { libav: Libav; camera: string; clock: Clock; region: Region }) {
    this.#libav = parts.libav;
    this.#camera = parts.camera;
    this.#clock = parts.clock;
    this.#region = parts.region;
  }

  /** Looks at another part of the picture, from the next frame on. */
  set roi(roi: BoxNorm | null) {
    this.#region = { ...this.#region, roi };
  }

  /**
   * Crops, scales, letterboxes and converts a picture into the buffer of a `take`, which stays the
   * caller's.
   */
  write(
    frame: SharedFrame,
    take: ToMailbox,
    context: { readonly detector: string; readonly dropsSinceLast: number },
  ): SentFrame {
    const startedAtMs = this.#clock.nowMs();
    const { picture, info } = frame;
    const { input, buffer } = take;
    const { converter, fit, part, spans } = this.#conversion(context.detector, info.view, input);
    converter.convert(picture, fit, input, buffer, barsKey(fit, input) !== take.barsKey, part);
    if (spans.length > 0) {
      blackOut(new Float32Array(buffer), spans, input.width * input.height);
    }
    const meta = {
      camera: this.#camera,
      seq: info.seq,
      size: info.view.shown,
      keyframe: info.isKey,
      ptsSeconds: info.ptsSeconds,
      capturedAtMs: info.capturedAtMs,
      clock: info.clock,
      roi: this.#region.roi === null ? null : fit.crop,
      fit,
      queueMs: Math.max(0, startedAtMs - info.arrivedAtMs),
      convertMs: this.#clock.nowMs() - startedAtMs,
      dropsSinceLast: context.dropsSinceLast,
    };
    return { meta, age: ageOf(info.arrivedAtMs, this.#clock) };
  }

  /** Frees a detector's scaler. */
  forget(detector: string): void {
    this.#conversions.get(detector)?.converter[Symbol.dispose]();
    this.#conversions.delete(detector);
  }

  [Symbol.dispose](): void {
    for (const detector of [...this.#conversions.keys()]) this.forget(detector);
  }

  #conversion(detector: string, view: View, input: InputShape): Conversion {
    const region = this.#region;
    const old = this.#conversions.get(detector);
    if (
      old?.view === view && old.region === region && old.input.width === input.width &&
      old.input.height === input.height
    ) return old;
    const { orientation } = view;
    const roi = region.roi === null ? null : codedPart(region.roi, orientation);
    // Whole chroma samples are coded ones, so the region is rounded there.
    const crop = cropOf(roi, view.coded);
    const fit = letterbox(shownPart(crop, view), input);
    const conversion = {
      converter: old?.converter ?? new TensorConverter(this.#libav),
      ...{ view, region, input, fit },
      part: { crop, orientation },
      spans: maskSpans(region.masks, view.shown, fit, input),
    };
    this.#conversions.set(detector, conversion);
    return conversion;
  }
}
