import type { Clock } from "../../core/clock.ts";
import type { ResultNote } from "../../core/detector_types.ts";
import { StreamError } from "../../core/errors.ts";
import type {
  Drawing,
  DrawRequest,
  LiveDemand,
  LivePicture,
  LiveToCapture,
} from "../../core/live_types.ts";
import type { Scene } from "../../core/presence_types.ts";
import { LiveViewer } from "./live_viewer.ts";

/** Viewers at the same time, of one camera and of all. */
export const MAX_VIEWERS_PER_CAMERA = 32;
export const MAX_VIEWERS = 64;

/** The time limit for one picture with boxes: a detector may look every ten seconds. */
export const BOXED_TIMEOUT_MS = 15_000;

/** What live pictures are made with. */
export interface LiveHubParts {
  readonly cameras: readonly string[];
  /** Posts to a camera's thread; where there is none, nothing happens. */
  readonly post: (camera: string, message: LiveToCapture) => void;
  /** The zones and lines of a camera at present. */
  readonly scene: (camera: string) => Pick<Scene, "zones" | "lines">;
  /** Whether a detector of the camera is not paused. */
  readonly isDetecting: (camera: string) => boolean;
  readonly clock: Clock;
}

/** The viewers of one camera. */
interface Watched {
  readonly viewers: Set<LiveViewer>;
  demand: LiveDemand;
  /** The newest picture of each kind, while it is watched. */
  plain: LivePicture | null;
  boxed: LivePicture | null;
  /** Pictures that were encoded, of all threads. */
  pictures: number;
}

const NONE: LiveDemand = { plain: false, boxed: false };

/**
 * The live pictures of all cameras in the main thread: counts who watches, has the camera's thread encode
 * what is watched and nothing else, and gives each viewer the newest picture.
 */
export class LiveHub {
  readonly #parts: LiveHubParts;
  readonly #cameras = new Map<string, Watched>();
  #viewers = 0;
  #isClosed = false;

  constructor(parts: LiveHubParts) {
    this.#parts = parts;
    this.setCameras(parts.cameras);
  }

  /** The configuration has these cameras; viewers of all others end. */
  setCameras(cameras: readonly string[]): void {
    for (const [camera, { viewers }] of this.#cameras) {
      if (cameras.includes(camera)) continue;
      for (const viewer of [...viewers]) viewer.close();
      this.#cameras.delete(camera);
    }
    for (const camera of cameras) {
      if (this.#cameras.has(camera)) continue;
      this.#cameras.set(camera, {
        viewers: new Set(),
        ...{ demand: NONE, plain: null, boxed: null, pictures: 0 },
      });
    }
  }

  /**
   * Adds a viewer of a camera.
   * @param from  `newest`: it gets the newest picture at once, where there is one; `next`: only newer ones
   * @returns null for an unknown camera
   * @throws StreamError `STREAM_BUSY` beyond the bounds, and while the service stops
   */
  watch(
    camera: string,
    boxed: boolean,
    from: "newest" | "next" = "newest",
  ): LiveViewer | null {
    const watched = this.#cameras.get(camera);
    if (watched === undefined) return null;
    const isFull = this.#viewers >= MAX_VIEWERS || watched.viewers.size >= MAX_VIEWERS_PER_CAMERA;
    if (this.#isClosed || isFull) throw busy(camera);
    const newest = boxed ? watched.boxed : watched.plain;
    const viewer = new LiveViewer(boxed, () => {
      watched.viewers.delete(viewer);
      this.#viewers--;
      this.#update(camera, watched);
    });
    watched.viewers.add(viewer);
    this.#viewers++;
    if (newest !== null && from === "newest") viewer.offer(newest);
    this.#update(camera, watched);
    return viewer;
  }

  /**
   * One picture with boxes, zones and lines: of the next frame that is delivered to a detector. Without
   * boxes where the camera has no detector that looks, or that gives a result in time.
   * @throws StreamError `STREAM_NO_PICTURE` when none came in time, or as {@link watch}
   */
  async boxedPicture(camera: string): Promise<ArrayBuffer | null> {
    const viewer = this.watch(camera, true, "next");
    if (viewer === null) return null;
    const cancel = this.#parts.clock.after(BOXED_TIMEOUT_MS, () => viewer.close());
    let found: LivePicture | null = null;
    try {
      do {
        const next = await viewer.next();
        if (next === null) break;
        found = next;
      } while (found.detector === null && this.#parts.isDetecting(camera));
    } finally {
      cancel();
      viewer.close();
    }
    if (found === null) throw noPicture(camera);
    return found.bytes.slice(0);
  }

  /** How many watch a camera, and how many pictures were encoded for that so far. */
  figures(camera: string): { readonly viewers: number; readonly pictures: number } {
    const watched = this.#cameras.get(camera);
    return { viewers: watched?.viewers.size ?? 0, pictures: watched?.pictures ?? 0 };
  }

  /** A camera's thread was started: it knows of no viewer yet. */
  started(camera: string): void {
    const demand = this.#cameras.get(camera)?.demand ?? NONE;
    if (demand.plain || demand.boxed) this.#parts.post(camera, { kind: "live", demand });
  }

  /** A picture of a camera's thread. */
  picture(camera: string, picture: LivePicture): void {
    const watched = this.#cameras.get(camera);
    if (watched === undefined) return;
    watched.pictures++;
    const { demand } = watched;
    if (picture.boxed ? !demand.boxed : !demand.plain && !demand.boxed) return;
    // No result follows for this frame.
    if (!picture.boxed && picture.detector === null && demand.boxed) {
      this.#draw(camera, { detector: null, seq: picture.seq }, []);
    }
    if (picture.boxed) watched.boxed = picture;
    else if (demand.plain) watched.plain = picture;
    for (const viewer of watched.viewers) viewer.offer(picture);
  }

  /** A frame was inferred: its boxes are known. */
  inferred({ camera, detector, seq, detections }: ResultNote): void {
    if (this.#cameras.get(camera)?.demand.boxed !== true) return;
    this.#draw(camera, { detector, seq }, detections.map(({ box }) => box));
  }

  /** Ends every viewer; further ones are refused. */
  close(): void {
    this.#isClosed = true;
    for (const { viewers } of this.#cameras.values()) {
      for (const viewer of [...viewers]) viewer.close();
    }
  }

  #draw(
    camera: string,
    frame: Pick<DrawRequest, "detector" | "seq">,
    boxes: Drawing["boxes"],
  ): void {
    const { zones, lines } = this.#parts.scene(camera);
    const drawing = {
      boxes,
      zones: zones.map(({ polygon }) => polygon),
      lines: lines.map(({ from, to }) => ({ from, to })),
    };
    this.#parts.post(camera, { kind: "draw", draw: { ...frame, drawing } });
  }

  /** Posts what is wanted of a camera, if that has changed. */
  #update(camera: string, watched: Watched): void {
    const before = watched.demand;
    const viewers = [...watched.viewers];
    const plain = viewers.some(({ boxed }) => !boxed);
    const boxed = viewers.some(({ boxed }) => boxed);
    if (!plain) watched.plain = null;
    if (!boxed) watched.boxed = null;
    if (before.plain === plain && before.boxed === boxed) return;
    watched.demand = { plain, boxed };
    this.#parts.post(camera, { kind: "live", demand: watched.demand });
  }
}

function busy(camera: string): StreamError {
  return new StreamError({
    code: "STREAM_BUSY",
    message: `Cannot show camera "${camera}": ${MAX_VIEWERS_PER_CAMERA} viewers watch it, or ` +
      `${MAX_VIEWERS} watch all cameras`,
    retryable: true,
    remedy: "Close other live views, and try again.",
  });
}

function noPicture(camera: string): StreamError {
  return new StreamError({
    code: "STREAM_NO_PICTURE",
    message: `Cannot take a picture of camera "${camera}": none came within ` +
      `${BOXED_TIMEOUT_MS / 1000} s`,
    retryable: true,
    remedy: "Check the camera's status, and try again when it is online.",
  });
}
