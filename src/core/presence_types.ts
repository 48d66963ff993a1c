/** Presence: stays, zones, lines and occupancy, as they pass between the threads. */
import type { WallMs } from "./clock.ts";
import type { BoxPx, PointNorm, PointPx, SizePx } from "./geometry.ts";

/** Whether pictures of a stay leave the process: none, its box with a margin, or the whole frame. */
export const SNAPSHOT_MODES = ["none", "crop", "frame"] as const;
export type SnapshotMode = typeof SNAPSHOT_MODES[number];

/** The settings of the presence of one detector. */
export interface PresenceSettings {
  /** A stay starts when its track was seen in `frames` of the newest `of` inferences. */
  readonly start: { readonly frames: number; readonly of: number };
  /** It ends this long after the track was last seen. */
  readonly endSeconds: number;
  /** The shortest interval between two `update` messages; 0: none are sent. */
  readonly updateSeconds: number;
  readonly snapshot: SnapshotMode;
}

/** An area of the picture as shown. An object is in it where the centre of its bottom edge is. */
export interface Zone {
  readonly id: string;
  readonly polygon: readonly PointNorm[];
  /** The names of the classes that count; null for all. */
  readonly classes: readonly string[] | null;
}

/** A line in the picture as shown. Seen from `from` towards `to` it has a left and a right side. */
export interface Line {
  readonly id: string;
  readonly from: PointNorm;
  readonly to: PointNorm;
}

/** The zones and lines of one camera. */
export interface Scene {
  readonly camera: string;
  readonly zones: readonly Zone[];
  readonly lines: readonly Line[];
}

/** A detector with presence. */
export interface PresenceDetector {
  readonly detector: string;
  readonly cameras: readonly string[];
  readonly settings: PresenceSettings;
}

/** The settings of presence at the start. */
export interface PresencePlan {
  /** Those with presence only. */
  readonly detectors: readonly PresenceDetector[];
  /** One for each camera. */
  readonly scenes: readonly Scene[];
}

/** A setting of presence that was changed while it runs. */
export type PresenceChange =
  | { readonly kind: "scene"; readonly scene: Scene }
  | {
    readonly kind: "settings";
    readonly detector: string;
    readonly settings: PresenceSettings;
  }
  | {
    readonly kind: "paused";
    readonly camera: string;
    readonly detector: string;
    readonly paused: boolean;
  };

/** Why a stay ended. */
export type StayEndReason =
  | "left"
  /** For `endSeconds` the camera delivered no picture. */
  | "camera_lost"
  /** For longer than a restart takes the detector inferred none of its pictures. */
  | "detector_lost"
  | "paused"
  /** Orion was restarted; the next run found it open. */
  | "restart"
  | "shutdown";

/**
 * Where an object was, the newest point last: x and y of each point in turn, in fractions of the picture as
 * shown. Flat, since thousands of stays may wait for the broker.
 */
export type PathNorm = readonly number[];

/** The frame that shows an object best. */
export interface BestFrame {
  readonly capturedAtMs: WallMs;
  readonly seq: number;
  readonly confidence: number;
  readonly box: BoxPx;
}

/** How an object with a stay moves. */
export interface StayMotion {
  /** Of its centre, in pixels per second; null where it is not known. */
  readonly velocity: PointPx | null;
  /** How long inferences had gone on without it. */
  readonly absentMs: number;
  /** The usual time between two inferences; 0 where it is not known. */
  readonly gapMs: number;
}

/** An object that stays in the picture of a camera, from when it was confirmed until it has left. */
export interface Stay {
  /** A ULID: sorts by time. */
  readonly id: string;
  readonly camera: string;
  readonly detector: string;
  readonly class: string;
  /** The id of its track, unique across restarts. */
  readonly track: string;
  /** When it was first seen. */
  readonly startedAtMs: WallMs;
  /** When it was last seen. */
  readonly seenAtMs: WallMs;
  /** When it was last seen, once it has ended; null while it is open. */
  readonly endedAtMs: WallMs | null;
  readonly reason: StayEndReason | null;
  /** The zones that it is in, and all that it was in, in the order of entering. */
  readonly zones: { readonly current: readonly string[]; readonly visited: readonly string[] };
  readonly best: BestFrame;
  /** Where it was last seen. */
  readonly box: BoxPx;
  /** The size of the picture as shown, which the boxes refer to. */
  readonly size: SizePx;
  /** For the thread that continues the stay, and in no message. */
  readonly motion?: StayMotion;
  /** Of the centre of its bottom edge; empty where it is not known. */
  readonly path: PathNorm;
}

/** Who is in a zone; the zone `all` is the whole picture. */
export interface Occupancy {
  readonly camera: string;
  readonly zone: string;
  readonly occupied: boolean;
  /** The number of open stays by class; classes without one are 0 where they had one, else absent. */
  readonly counts: Readonly<Record<string, number>>;
  /** Since when `occupied` has its value. */
  readonly sinceMs: WallMs;
}

/** The zone that is the whole picture; no configured zone has this id. */
export const WHOLE_PICTURE = "all";

/** A track crossed a line, to its left or its right side. */
export interface Crossing {
  readonly camera: string;
  readonly line: string;
  readonly direction: "left" | "right";
  readonly class: string;
  readonly track: string;
  readonly atMs: WallMs;
}

/** What happens in a picture, in the order of time. */
export type PresenceEvent =
  | { readonly kind: "start" | "update" | "end"; readonly stay: Stay }
  | { readonly kind: "crossing"; readonly crossing: Crossing }
  | { readonly kind: "occupancy"; readonly occupancy: Occupancy };

/** Events whose message waits for the broker, at most. */
export const MAX_WAITING_EVENTS = 10_000;

/** An event with its number, which increases by one from event to event of one run of the process. */
export interface NumberedEvent {
  readonly number: number;
  readonly event: PresenceEvent;
}

/** What a publisher's thread needs to continue for the one that it replaces. */
export interface PresenceResume {
  /** The open stays as of the newest event. */
  readonly stays: readonly Stay[];
  /** Events whose message was not acknowledged yet, in order. */
  readonly unpublished: readonly NumberedEvent[];
  /** The number of the newest event; 0 before the first. */
  readonly lastNumber: number;
}

/** Where a detection is: its track, and the part of its box in each zone that it touches. */
export interface Placement {
  /** null beyond the bound of tracks. */
  readonly track: string | null;
  readonly zones: readonly { readonly id: string; readonly overlap: number }[];
}

/** Requests that a camera keeps a frame that it has delivered, as the picture of a stay. */
export interface KeepRequest {
  readonly camera: string;
  readonly detector: string;
  readonly stay: string;
  readonly seq: number;
  readonly box: BoxPx;
  readonly mode: Exclude<SnapshotMode, "none">;
}

/** Requests the picture of a stay; `release`: the last time. */
export interface PictureRequest {
  readonly stay: string;
  readonly release: boolean;
}

/** The JPEG of a stay; null where there is none. The receiver owns the bytes. */
export interface StayPicture {
  readonly stay: string;
  /** The frame that it shows. */
  readonly seq: number | null;
  readonly bytes: ArrayBuffer | null;
}
