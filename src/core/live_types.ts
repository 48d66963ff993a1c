/** Pictures for people who look: snapshots, and live pictures of a camera while it is watched. */
import type { WallMs } from "./clock.ts";
import type { ErrorData } from "./errors.ts";
import type { BoxPx, PointNorm, SizePx } from "./geometry.ts";

/** Live pictures of a camera a second, at most; of each kind: without drawing, and with it. */
export const MAX_LIVE_HZ = 10;

/** Which live pictures of a camera are wanted. Neither: not one is encoded, and no frame is held. */
export interface LiveDemand {
  /** As they are, masked. */
  readonly plain: boolean;
  /** With boxes, zones and lines drawn on them. */
  readonly boxed: boolean;
}

/** A frame as a JPEG in display orientation; what is masked is black. */
export interface LivePicture extends SizePx {
  readonly seq: number;
  readonly capturedAtMs: WallMs;
  /** The detector that the frame was delivered to; null where there was none. */
  readonly detector: string | null;
  /** Whether boxes, zones and lines are drawn on it. */
  readonly boxed: boolean;
  readonly bytes: ArrayBuffer;
}

/** What is drawn on a picture. */
export interface Drawing {
  /** In pixels of the picture as shown. */
  readonly boxes: readonly BoxPx[];
  readonly zones: readonly (readonly PointNorm[])[];
  readonly lines: readonly { readonly from: PointNorm; readonly to: PointNorm }[];
}

/** Requests one frame with a drawing on it: one that was delivered to the detector, or to none. */
export interface DrawRequest {
  readonly detector: string | null;
  readonly seq: number;
  readonly drawing: Drawing;
}

/** From main to a capture worker, for live pictures. */
export type LiveToCapture =
  /** Which live pictures are wanted from now on. */
  | { readonly kind: "live"; readonly demand: LiveDemand }
  /** Answered with `live`, once, where the frame is held still. */
  | { readonly kind: "draw"; readonly draw: DrawRequest };

/** From main to a capture worker. */
export type PicturesToCapture =
  | LiveToCapture
  /** Requests one JPEG; resumes decoding if necessary. */
  | { readonly kind: "snapshot"; readonly request: number };

/** From a capture worker to main. */
export type PicturesFromCapture =
  /** The bytes of the JPEG, transferred, or why there is none. */
  | {
    readonly kind: "snapshot";
    readonly request: number;
    readonly snapshot: { readonly bytes: ArrayBuffer } | { readonly error: ErrorData };
  }
  /** Its bytes are transferred. */
  | { readonly kind: "live"; readonly picture: LivePicture };
