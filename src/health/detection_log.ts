import type { Clock, SteadyMs } from "../core/clock.ts";
import type { ResultNote } from "../core/detector_types.ts";
import type { Log } from "../core/log.ts";
import { pairKey } from "./pair_key.ts";

/** Shortest time between two lines of one camera and detector. */
const MIN_INTERVAL_MS = 1000;

interface Logged {
  readonly sees: string;
  readonly atMs: SteadyMs;
}

/**
 * Logs what a detector sees in a camera's frames, when that changes. With presence, whose stays are
 * logged (`presence_log.ts`), that is for debugging: but for the first line, which shows that it works.
 */
export class DetectionLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #hasPresence: (detector: string) => boolean;
  readonly #last = new Map<string, Logged>();

  constructor(log: Log, clock: Clock, hasPresence: (detector: string) => boolean) {
    this.#log = log;
    this.#clock = clock;
    this.#hasPresence = hasPresence;
  }

  /** A detector does not take the frames of a camera any more. */
  forget(camera: string, detector: string): void {
    this.#last.delete(pairKey(camera, detector));
  }

  observe(note: ResultNote): void {
    const { camera, seq, detector } = note;
    const sees = describe(note);
    const nowMs = this.#clock.nowMs();
    const key = pairKey(camera, detector);
    const last = this.#last.get(key);
    if (last !== undefined && (last.sees === sees || nowMs - last.atMs < MIN_INTERVAL_MS)) {
      return;
    }
    this.#last.set(key, { sees, atMs: nowMs });
    const level = last !== undefined && this.#hasPresence(detector) ? "debug" : "info";
    this.#log[level]("detections", { camera, detector, seq, sees });
  }
}

/** `person ×2, dog ×1`, or `nothing`. */
function describe(note: ResultNote): string {
  const counts = new Map<string, number>();
  for (const { class: name } of note.detections) counts.set(name, (counts.get(name) ?? 0) + 1);
  const parts = [...counts].sort(([a], [b]) => a < b ? -1 : 1);
  return parts.length === 0
    ? "nothing"
    : parts.map(([name, count]) => `${name} ×${count}`).join(", ");
}
