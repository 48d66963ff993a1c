import type { Subscription } from "../core/camera_types.ts";
import { errorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { KeepRequest, StayPicture } from "../core/presence_types.ts";
import type { BusFrame } from "../framebus/detector_mailbox.ts";
import type { Delivered, DeliveredFrames, Masks } from "./delivered_frames.ts";

/** Frames that are held as pictures at most; beyond that the oldest is encoded. */
export const MAX_KEPT_FRAMES = 8;
/** Stays with a picture at most; beyond that the least recently changed picture is freed. */
export const MAX_KEPT_STAYS = 64;

/** The frame that a picture is made of, how, and what is black in it. */
export interface PictureRequest<F> {
  readonly frame: F;
  readonly box: KeepRequest["box"];
  readonly mode: KeepRequest["mode"];
  readonly masks: Masks;
}

/** What the pictures work with; they own none of it. */
export interface StayPicturesParts<F extends BusFrame> {
  /** The frames that were delivered. */
  readonly frames: DeliveredFrames<F>;
  /** Encodes a JPEG, owned by the caller. */
  readonly encode: (request: PictureRequest<F>) => ArrayBuffer;
  readonly log: Log;
}

/** The picture of a stay: a frame until it is encoded, then the JPEG; neither where that failed. */
interface Kept<F> extends Delivered<F> {
  readonly request: KeepRequest;
  isHeld: boolean;
  jpeg: ArrayBuffer | null;
}

/**
 * The pictures of one camera's stays.
 *
 * The newest frames that were delivered to a detector are held, so that one of them can be kept once its
 * result has arrived. This is done for the detectors that want pictures alone; for others nothing is held
 * and nothing encoded. A kept frame is encoded when its picture is requested, once, and then released.
 *
 * Memory: beside {@link DeliveredFrames} {@link MAX_KEPT_FRAMES} kept frames in all, and
 * {@link MAX_KEPT_STAYS} JPEGs. A frame of 1920x1080 in 4:2:0 has 3 MB, a JPEG about 0.1. A frame that
 * several hold is in memory once. The pool of frames grows by those that are held, and so do libav's
 * buffers: a software decoder does not wait for them.
 *
 * What was masked when a frame was delivered, or is masked when it is encoded, is black in its picture. The
 * pictures that were encoded before the masks change are freed.
 */
export class StayPictures<F extends BusFrame> {
  readonly #parts: StayPicturesParts<F>;
  /** By stay; the one that changed last is the last. */
  readonly #kept = new Map<string, Kept<F>>();

  constructor(parts: StayPicturesParts<F>) {
    this.#parts = parts;
  }

  /** Changes what is black, from the next frame and the next picture on. */
  set masks(masks: Masks) {
    this.#parts.frames.masks = masks;
    for (const [stay, kept] of this.#kept) if (!kept.isHeld) this.#kept.delete(stay);
  }

  /** A detector was added or changed: holds its frames, or frees what was held for it. */
  subscribe({ detector, paused, pictures }: Subscription): void {
    const { frames } = this.#parts;
    if (pictures && !paused) frames.hold(detector, "stays");
    else frames.release(detector, "stays");
    if (pictures) return;
    for (const [stay, { request }] of this.#kept) {
      if (request.detector === detector) this.#forget(stay);
    }
  }

  /** A detector was removed: frees what was held for it. */
  unsubscribe(detector: string): void {
    this.subscribe({ detector, rateHz: null, paused: true, pictures: false });
  }

  /**
   * Keeps a delivered frame as the picture of a stay, in place of an earlier one.
   * @returns false if the frame is not held any more: then the earlier one stays
   */
  keep(request: KeepRequest): boolean {
    const found = this.#parts.frames.find(request.detector, request.seq, "stays");
    if (found === null) return false;
    found.frame.retain();
    this.#forget(request.stay);
    this.#kept.set(request.stay, { ...found, request, isHeld: true, jpeg: null });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT_STAYS) break;
      this.#forget(oldest);
    }
    this.#encodeOldest();
    return true;
  }

  /**
   * The picture of a stay.
   * @param release  frees it afterwards
   */
  picture(stay: string, release: boolean): StayPicture {
    const kept = this.#kept.get(stay);
    if (kept?.isHeld === true) this.#encode(kept);
    const jpeg = kept?.jpeg ?? null;
    if (release) this.#kept.delete(stay);
    if (kept === undefined || jpeg === null) return { stay, seq: null, bytes: null };
    return { stay, seq: kept.request.seq, bytes: release ? jpeg : jpeg.slice(0) };
  }

  /** Frees every picture. */
  close(): void {
    for (const stay of this.#kept.keys()) this.#forget(stay);
  }

  /** Encodes the oldest kept frames until no more than {@link MAX_KEPT_FRAMES} are held. */
  #encodeOldest(): void {
    const frames = new Set<F>();
    for (const { frame, isHeld } of this.#kept.values()) if (isHeld) frames.add(frame);
    for (const { frame } of this.#kept.values()) {
      if (frames.size <= MAX_KEPT_FRAMES) return;
      if (!frames.delete(frame)) continue;
      for (const kept of this.#kept.values()) {
        if (kept.isHeld && kept.frame === frame) this.#encode(kept);
      }
    }
  }

  #encode(kept: Kept<F>): void {
    const { frame, request: { stay, seq, box, mode } } = kept;
    const masks = this.#parts.frames.blackIn(kept);
    try {
      kept.jpeg = this.#parts.encode({ frame, box, mode, masks });
    } catch (error) {
      this.#parts.log.warning("picture.encode_failed", { stay, seq, ...errorData(error) });
    } finally {
      kept.isHeld = false;
      frame.release();
    }
  }

  #forget(stay: string): void {
    const kept = this.#kept.get(stay);
    this.#kept.delete(stay);
    if (kept?.isHeld === true) kept.frame.release();
  }
}
