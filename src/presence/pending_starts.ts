/** Tracks that were seen often enough for a stay, until it is known whether they are new objects. */
import type { SeenFrame, Sighting } from "./sightings.ts";
import type { StayRecord } from "./stay_record.ts";
import type { TrackRecords } from "./track_records.ts";

/** A start that is in doubt waits for so many inferences. */
const HOLD = 2;

interface PendingStart {
  readonly record: StayRecord;
  /** The number of the inference that confirmed it. */
  readonly since: number;
  newest: Sighting;
}

export class PendingStarts {
  #pending: PendingStart[] = [];

  /** A track is confirmed, or seen again after that. */
  add(record: StayRecord, newest: Sighting): void {
    const known = this.#pending.find((each) => each.record === record);
    if (known !== undefined) known.newest = newest;
    else this.#pending.push({ record, newest, since: newest.frame.number });
  }

  drop(record: StayRecord): void {
    if (this.#pending.length === 0) return;
    this.#pending = this.#pending.filter((each) => each.record !== record);
  }

  clear(): void {
    this.#pending = [];
  }

  /**
   * Settles those that are in no doubt, or waited for long enough.
   * @param onSettled  called with the open stay that the track continues; null where it is a new object
   */
  settle(
    records: TrackRecords,
    now: SeenFrame,
    onSettled: (record: StayRecord, lost: StayRecord | null, newest: Sighting) => void,
  ): void {
    if (this.#pending.length === 0) return;
    this.#pending = this.#pending.filter(({ record, since, newest }) => {
      const lost = records.lostAs(record, now) ?? records.contestedBy(record, now);
      const isInDoubt = lost !== null && (lost.whereabouts.isAwaited(now.number) ||
        lost.whereabouts.isContestedBy(record.whereabouts, now));
      if (isInDoubt && now.number - since < HOLD) return true;
      onSettled(record, lost, newest);
      return false;
    });
  }
}
