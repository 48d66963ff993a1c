import type { Clock, SteadyMs } from "../core/clock.ts";
import type { ResultNote } from "../core/detector_types.ts";
import type { Log } from "../core/log.ts";

/** What is seen is told when it changes, and no more often than this. */
const MIN_INTERVAL_MS = 1000;

interface Sight {
  told: string;
  toldAtMs: SteadyMs;
}

/** Tells a person at the terminal what the detectors see, when that changes. */
export class DetectionLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #last = new Map<string, Sight>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  see(note: ResultNote): void {
    const { camera, seq, detector } = note;
    const sees = describe(note);
    const nowMs = this.#clock.nowMs();
    const key = `${camera}/${detector}`;
    const last = this.#last.get(key);
    if (last !== undefined && (last.told === sees || nowMs - last.toldAtMs < MIN_INTERVAL_MS)) {
      return;
    }
    this.#last.set(key, { told: sees, toldAtMs: nowMs });
    this.#log.info("detections", { camera, detector, seq, sees });
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
