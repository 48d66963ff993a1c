import {
  type Drawing,
  type DrawRequest,
  type LiveDemand,
  type LivePicture,
  MAX_LIVE_HZ,
} from "../core/live_types.ts";
import { type Cancel, type Clock, plusMs, sinceMs, type SteadyMs } from "../core/clock.ts";
import { errorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { FrameBus } from "../framebus/bus.ts";
import type { BusFrame } from "../framebus/detector_mailbox.ts";
import type { Delivered, DeliveredFrames, Masks } from "./delivered_frames.ts";

/** The least time between two pictures; one may be early by half of it, the mean may not. */
const PERIOD_MS = 1000 / MAX_LIVE_HZ;
/** The time between decoded frames that are taken while none is delivered to a detector. */
export const UNDELIVERED_MS = 500;
/** The longest wait for a first picture: then a decoded frame is taken. */
export const FIRST_PICTURE_MS = 1000;
/** A detector delivers no more when this and two of its periods have passed. */
export const SILENCE_MS = 3000;
/** Another detector takes the place of one that has not delivered for so long. */
const FOLLOW_MS = 1000;
/** Chosen frames that wait for what is drawn on them; more are not held. */
const MAX_TO_DRAW = 16;

/** The frame that a picture is made of, what is black in it, and what is drawn on it. */
export interface LiveRequest<F> {
  readonly frame: F;
  readonly masks: Masks;
  readonly drawing: Drawing | null;
}

/** What the pictures work with; they own none of it. */
export interface LivePicturesParts<F extends BusFrame> {
  readonly frames: DeliveredFrames<F>;
  readonly bus: Pick<FrameBus<F>, "isWanted" | "periodMs">;
  readonly clock: Clock;
  readonly encode: (
    request: LiveRequest<F>,
  ) => Omit<LivePicture, "seq" | "detector" | "boxed">;
  /** Nothing will be encoded for a while: what is kept for that can be freed. */
  readonly onIdle: () => void;
  /** Gets the pictures and owns them. */
  readonly post: (picture: LivePicture) => void;
  /** A decoded frame is wanted. */
  readonly wake: () => void;
  readonly log: Log;
}

const NONE: LiveDemand = { plain: false, boxed: false };

/**
 * The live pictures of one camera: the frames that are delivered to a detector, of several the first one
 * that delivers, {@link MAX_LIVE_HZ} a second at most. While none is delivered, because all detectors are
 * paused or there is none, a decoded frame every {@link UNDELIVERED_MS}.
 *
 * A plain picture is encoded once its frame is on the way to the detector. For pictures with boxes the
 * frames are held, and one is encoded when what is drawn on it is known. Without demand nothing is encoded
 * or held.
 */
export class LivePictures<F extends BusFrame> {
  readonly #parts: LivePicturesParts<F>;
  #demand = NONE;
  #isOn = false;
  #isDue = false;
  #cancelTimer: Cancel | null = null;
  /** The detector whose frames are shown. */
  #detector: string | null = null;
  /** When it delivered last; at first, when the demand began. */
  #deliveredAtMs: SteadyMs;
  #hasPicture = false;
  #nextAtMs: SteadyMs;
  /** The numbers of chosen frames that are not drawn yet. */
  readonly #toDraw: number[] = [];
  /** The newest frame that was delivered to no detector, until it is drawn. */
  #undelivered: Delivered<F> | null = null;
  #hasFailed = false;

  constructor(parts: LivePicturesParts<F>) {
    this.#parts = parts;
    this.#deliveredAtMs = this.#nextAtMs = parts.clock.nowMs();
  }

  /** Which pictures are wanted from now on. */
  set demand(demand: LiveDemand) {
    const wasOn = this.#isOn;
    this.#demand = demand;
    this.#isOn = demand.plain || demand.boxed;
    const { frames, clock } = this.#parts;
    if (!demand.boxed) this.#holdNothing();
    else if (this.#detector !== null) frames.hold(this.#detector, "live");
    if (!this.#isOn) {
      this.#cancelTimer?.();
      this.#cancelTimer = null;
      this.#isDue = this.#hasPicture = false;
      this.#detector = null;
      if (wasOn) this.#parts.onIdle();
    } else if (!wasOn) {
      this.#deliveredAtMs = this.#nextAtMs = clock.nowMs();
      this.#arm();
    }
  }

  /** Whether a decoded frame is wanted although none was delivered to a detector. */
  get isWanted(): boolean {
    return this.#isDue;
  }

  /** A detector was added, paused or resumed, or has another rate. */
  subscriptionChanged(): void {
    if (this.#isOn) this.#arm();
  }

  /** A frame is being delivered to a detector; the caller keeps its own hold, and adds it to the frames. */
  delivered(detector: string, frame: F): void {
    if (!this.#isOn) return;
    const { clock, frames } = this.#parts;
    const nowMs = clock.nowMs();
    if (detector !== this.#detector && !this.#follow(detector, nowMs)) return;
    this.#deliveredAtMs = nowMs;
    if (nowMs < this.#nextAtMs - PERIOD_MS / 2) return;
    this.#chosen(nowMs);
    if (this.#demand.boxed) {
      this.#toDraw.push(frame.seq);
      if (this.#toDraw.length > MAX_TO_DRAW) this.#toDraw.shift();
    }
    if (!this.#demand.plain) return;
    frame.retain();
    const { masks } = frames;
    // Behind the message that delivers the frame: encoding must not delay it.
    queueMicrotask(() => {
      if (this.#demand.plain) this.#encode({ frame, masks }, detector, null);
      frame.release();
    });
  }

  /** Takes a decoded frame, if one is wanted; the caller keeps its own hold. */
  offer(frame: F): void {
    if (!this.#isDue) return;
    const { clock, frames } = this.#parts;
    this.#chosen(clock.nowMs());
    const undelivered = { frame, masks: frames.masks };
    // Also where boxed ones alone are wanted: it announces the frame that can be drawn on.
    this.#encode(undelivered, null, null);
    if (!this.#demand.boxed) return;
    frame.retain();
    this.#undelivered?.frame.release();
    this.#undelivered = undelivered;
  }

  /** Encodes a chosen frame with a drawing on it, once; nothing happens if it is not held any more. */
  draw({ detector, seq, drawing }: DrawRequest): void {
    if (detector === null) {
      const found = this.#undelivered;
      if (found?.frame.seq !== seq) return;
      this.#undelivered = null;
      this.#encode(found, null, drawing);
      found.frame.release();
      return;
    }
    const at = this.#toDraw.indexOf(seq);
    if (at < 0 || detector !== this.#detector) return;
    this.#toDraw.splice(at, 1);
    const found = this.#parts.frames.find(detector, seq, "live");
    if (found !== null) this.#encode(found, detector, drawing);
  }

  /** Frees everything. */
  close(): void {
    this.demand = NONE;
  }

  /** Shows the frames of another detector, if the present one delivers none. */
  #follow(detector: string, nowMs: SteadyMs): boolean {
    const isSilent = sinceMs(this.#deliveredAtMs, nowMs) >= FOLLOW_MS;
    if (this.#detector !== null && !isSilent) return false;
    const { frames } = this.#parts;
    if (this.#detector !== null) frames.release(this.#detector, "live");
    if (this.#demand.boxed) frames.hold(detector, "live");
    this.#toDraw.length = 0;
    this.#detector = detector;
    return true;
  }

  /** A frame becomes a picture. */
  #chosen(nowMs: SteadyMs): void {
    this.#nextAtMs = plusMs(nowMs > this.#nextAtMs ? nowMs : this.#nextAtMs, PERIOD_MS);
    this.#hasPicture = true;
    this.#isDue = false;
    this.#arm();
  }

  /** Sets when a decoded frame is wanted, unless a delivered one becomes a picture before. */
  #arm(): void {
    const { clock, wake } = this.#parts;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(this.#waitMs(), () => {
      this.#cancelTimer = null;
      this.#isDue = true;
      wake();
    });
  }

  #waitMs(): number {
    const { bus, clock } = this.#parts;
    if (!bus.isWanted) return UNDELIVERED_MS;
    if (!this.#hasPicture) return FIRST_PICTURE_MS;
    const silentMs = sinceMs(this.#deliveredAtMs, clock.nowMs());
    return Math.max(UNDELIVERED_MS, SILENCE_MS + 2 * bus.periodMs - silentMs);
  }

  #encode(
    { frame, ...delivered }: Delivered<F>,
    detector: string | null,
    drawing: Drawing | null,
  ): void {
    const { frames, encode, post, log } = this.#parts;
    const { seq } = frame;
    try {
      const masks = frames.blackIn({ frame, ...delivered });
      const picture = encode({ frame, masks, drawing });
      post({ seq, detector, boxed: drawing !== null, ...picture });
      this.#hasFailed = false;
    } catch (error) {
      // Once: the next frames will fail as well.
      if (!this.#hasFailed) log.warning("live.encode_failed", { seq, ...errorData(error) });
      this.#hasFailed = true;
    }
  }

  #holdNothing(): void {
    if (this.#detector !== null) this.#parts.frames.release(this.#detector, "live");
    this.#toDraw.length = 0;
    this.#undelivered?.frame.release();
    this.#undelivered = null;
  }
}
