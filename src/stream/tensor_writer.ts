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

/** The part of the frame that detectors analyse, in display orientation. */
export interface Region {
  readonly roi: BoxNorm | null;
  readonly masks: readonly (readonly PointNorm[])[];
}

/** One detector's conversion: its converter, and the parameters derived for it. */
interface Conversion {
  readonly converter: TensorConverter;
  /** What the other parameters were derived from. */
  readonly view: View;
  readonly region: Region;
  readonly input: SizePx;
  readonly fit: Fit;
  readonly part: CodedPart;
  readonly spans: MaskSpans;
}

/** Writes frames into the tensors of a camera's detectors, with one converter for each. */
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

  /** Changes the analysed region, from the next frame on. */
  set roi(roi: BoxNorm | null) {
    this.#region = { ...this.#region, roi };
  }

  /** Changes the masked polygons, from the next frame on. */
  set masks(masks: Region["masks"]) {
    this.#region = { ...this.#region, masks };
  }

  /**
   * Crops, scales, letterboxes and converts a frame into the buffer of a `take`, which the caller keeps.
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

  /** Frees a detector's converter. */
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
    // Rounded in coded orientation, because chroma samples are.
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
