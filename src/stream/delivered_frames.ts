import type { PointNorm } from "../core/geometry.ts";
import type { BusFrame } from "../framebus/detector_mailbox.ts";

/** Frames of a detector whose results are on their way, beside the one that each worker infers. */
export const FRAMES_IN_TRANSIT = 3;

export type Masks = readonly (readonly PointNorm[])[];

/** What frames are held for. */
export type FrameUse = "stays" | "live";

/** A delivered frame, and the masks at that time. */
export interface Delivered<F> {
  readonly frame: F;
  readonly masks: Masks;
}

/** The newest frames of one detector. */
interface Ring<F> {
  readonly uses: Set<FrameUse>;
  /** The newest last. */
  readonly frames: Delivered<F>[];
}

/**
 * The newest frames that were delivered to the detectors of one camera, so that a picture can be made of
 * one of them once its result has arrived. For a detector without a use nothing is held.
 *
 * Memory: per detector one frame for each of its workers and {@link FRAMES_IN_TRANSIT}.
 */
export class DeliveredFrames<F extends BusFrame> {
  readonly #workersOf: (detector: string) => number;
  readonly #rings = new Map<string, Ring<F>>();
  /** What is black in pictures of frames that are delivered from now on. */
  masks: Masks;

  /** @param workersOf  the number of workers of a detector, each of which may have one of its frames */
  constructor(masks: Masks, workersOf: (detector: string) => number) {
    this.masks = masks;
    this.#workersOf = workersOf;
  }

  /** Begins to hold a detector's frames. */
  hold(detector: string, use: FrameUse): void {
    const ring = this.#rings.get(detector) ?? { uses: new Set(), frames: [] };
    ring.uses.add(use);
    this.#rings.set(detector, ring);
  }

  /** Ends a use; the frames are freed with the last one. */
  release(detector: string, use: FrameUse): void {
    const ring = this.#rings.get(detector);
    if (ring === undefined || !ring.uses.delete(use) || ring.uses.size > 0) return;
    this.#rings.delete(detector);
    for (const { frame } of ring.frames) frame.release();
  }

  /** A frame was delivered to a detector; the caller keeps its own hold. */
  add(detector: string, frame: F): void {
    const frames = this.#rings.get(detector)?.frames;
    if (frames === undefined) return;
    frame.retain();
    frames.push({ frame, masks: this.masks });
    const most = this.#workersOf(detector) + FRAMES_IN_TRANSIT;
    while (frames.length > most) frames.shift()?.frame.release();
  }

  /** A frame that is held for a use still, or null; it stays held here. */
  find(detector: string, seq: number, use: FrameUse): Delivered<F> | null {
    const ring = this.#rings.get(detector);
    if (ring === undefined || !ring.uses.has(use)) return null;
    return ring.frames.find(({ frame }) => frame.seq === seq) ?? null;
  }

  /** What is black in a picture that is made now: what was masked when its frame was delivered, and is. */
  blackIn({ masks }: Delivered<F>): Masks {
    return masks === this.masks ? masks : [...masks, ...this.masks];
  }

  /** Frees every frame. */
  close(): void {
    for (const [detector, { uses }] of this.#rings) {
      for (const use of [...uses]) this.release(detector, use);
    }
  }
}
