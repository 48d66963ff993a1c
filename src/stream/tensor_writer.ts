import { ageOf } from "../core/age.ts";
import type { Clock } from "../core/clock.ts";
import { codedPart, shownPart, type View } from "../core/display.ts";
import type { SentFrame } from "../core/frame_meta.ts";
import {
  type BoxNorm,
  cropOf,
  type InputFit,
  letterbox,
  type PointNorm,
} from "../core/geometry.ts";
import type { ToMailbox } from "../core/messages.ts";
import { barsKey, inputFor, type InputPolicy, isSamePolicy } from "../core/model_input.ts";
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
  readonly policy: InputPolicy;
  readonly fit: InputFit;
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
   * Crops, scales, letterboxes and converts a frame into the front part of the buffer of a `take`, which
   * the caller keeps. The size of the tensor follows the shape of what is cropped.
   */
  write(
    frame: SharedFrame,
    take: ToMailbox,
    context: { readonly detector: string; readonly dropsSinceLast: number },
  ): SentFrame {
    const startedAtMs = this.#clock.nowMs();
    const { picture, info } = frame;
    const { input: policy, buffer } = take;
    const { converter, fit, part, spans } = this.#conversion(context.detector, info.view, policy);
    const fill = barsKey(fit, policy.bars) !== take.barsKey;
    converter.convert(picture, fit, buffer, { grey: policy.bars, fill }, part);
    if (spans.length > 0) {
      blackOut(new Float32Array(buffer), spans, fit.input.width * fit.input.height);
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

  #conversion(detector: string, view: View, policy: InputPolicy): Conversion {
    const region = this.#region;
    const old = this.#conversions.get(detector);
    if (
      old?.view === view && old.region === region && isSamePolicy(old.policy, policy)
    ) return old;
    const { orientation } = view;
    const roi = region.roi === null ? null : codedPart(region.roi, orientation);
    // Rounded in coded orientation, because chroma samples are.
    const crop = cropOf(roi, view.coded);
    const shown = shownPart(crop, view);
    const fit = letterbox(shown, inputFor(policy, shown), policy.placement);
    const conversion = {
      converter: old?.converter ?? new TensorConverter(this.#libav),
      ...{ view, region, policy, fit },
      part: { crop, orientation },
      spans: maskSpans(region.masks, view.shown, fit, fit.input),
    };
    this.#conversions.set(detector, conversion);
    return conversion;
  }
}
