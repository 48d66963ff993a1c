import { ageOf } from "../core/age.ts";
import type { Clock } from "../core/clock.ts";
import { type BoxNorm, cropOf, type Fit, letterbox, type PointNorm } from "../core/geometry.ts";
import { barsKey, type InputShape, type SentFrame, type ToMailbox } from "../core/messages.ts";
import { TensorConverter } from "../libav/converter.ts";
import type { Libav } from "../libav/library.ts";
import { blackOut, type MaskSpans, maskSpans } from "../roi/masks.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** What part of the picture is looked at. */
export interface Region {
  readonly roi: BoxNorm | null;
  readonly masks: readonly (readonly PointNorm[])[];
}

/** One detector's conversion: the scaler and what it was set up for. */
interface Conversion {
  readonly converter: TensorConverter;
  key: string;
  fit: Fit;
  spans: MaskSpans;
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
    for (const conversion of this.#conversions.values()) conversion.key = "";
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
    const size = { width: picture.width, height: picture.height };
    const { converter, fit, spans } = this.#conversion(context.detector, size, input);
    converter.convert(picture, fit, input, buffer, barsKey(fit, input) !== take.barsKey);
    if (spans.length > 0) {
      blackOut(new Float32Array(buffer), spans, input.width * input.height);
    }
    const meta = {
      camera: this.#camera,
      seq: info.seq,
      size,
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

  #conversion(
    detector: string,
    size: { width: number; height: number },
    input: InputShape,
  ): Conversion {
    const key = `${size.width}x${size.height}>${input.width}x${input.height}`;
    let conversion = this.#conversions.get(detector);
    if (conversion?.key === key) return conversion;
    const fit = letterbox(cropOf(this.#region.roi, size), input);
    const spans = maskSpans(this.#region.masks, size, fit, input);
    if (conversion === undefined) {
      conversion = { converter: new TensorConverter(this.#libav), key, fit, spans };
      this.#conversions.set(detector, conversion);
    } else {
      conversion.key = key;
      conversion.fit = fit;
      conversion.spans = spans;
    }
    return conversion;
  }
}
