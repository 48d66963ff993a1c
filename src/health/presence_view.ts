/** Presence as the main thread reports it: figures of one camera, stays and their pictures. */
import type {
  Line,
  Occupancy,
  PresenceSettings,
  Stay,
  StayEndReason,
  Zone,
} from "../core/presence_types.ts";

/** How many stays are kept for people to look at; open ones are always kept. */
export const MAX_STAYS = 200;

/**
 * The stays of one class at one camera and detector, at every moment:
 *
 *     started = ended{reason} + open
 *
 * A stay that an earlier run of the process left open counts as started when it is ended.
 */
export interface StayAccount {
  readonly detector: string;
  readonly class: string;
  readonly started: number;
  /** Every reason present. */
  readonly ended: Readonly<Record<StayEndReason, number>>;
  readonly open: number;
}

/** The presence at one camera. */
export interface PresenceView {
  /** In force, in the order of the configuration or the command. */
  readonly zones: readonly Zone[];
  readonly lines: readonly Line[];
  /** The newest of each zone that had one, and of the whole picture. */
  readonly occupancy: readonly Occupancy[];
  /** Of the detectors and classes that had a stay. */
  readonly stays: readonly StayAccount[];
}

/** A detector and its settings of presence. */
export interface DetectorView {
  readonly id: string;
  readonly cameras: readonly string[];
  /** In force; null: without presence. */
  readonly presence: PresenceSettings | null;
}

/** The stays in memory. */
export interface StaySource {
  /** Open and ended ones, the newest first. */
  stays(limit: number): readonly Stay[];
  /** The newest JPEG of a stay; null where there is none. */
  picture(stay: string): ArrayBuffer | null;
}
