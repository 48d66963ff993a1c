import { CLOCK_START, plusMs, sinceMs, type SteadyMs } from "../../core/clock.ts";
import type { CameraHints } from "./camera_hints.ts";

/** Interval of receiver reports (RFC 3550 6.2: at least 5 s). */
const INTERVAL_MS = 5000;
/** A camera that closes the connection within this time of the first report refuses reports. */
const REFUSAL_MS = 1000;

/**
 * When a session's receiver reports are due. Over TCP some servers take a report for a malformed request,
 * and close the connection: they get none from the next session on.
 */
export class ReportSchedule {
  readonly #hints: CameraHints;
  #dueAt: SteadyMs = CLOCK_START;
  #firstAt: SteadyMs | null = null;

  constructor(hints: CameraHints) {
    this.#hints = hints;
  }

  start(playedAt: SteadyMs): void {
    this.#dueAt = plusMs(playedAt, INTERVAL_MS);
  }

  /** Whether to send a report now. */
  isDue(now: SteadyMs, transport: "tcp" | "udp"): boolean {
    if (now < this.#dueAt || (transport === "tcp" && this.#hints.refusesReports)) return false;
    this.#dueAt = plusMs(now, INTERVAL_MS);
    this.#firstAt ??= now;
    return true;
  }

  /** The camera has closed the connection over which it gets reports. */
  detectRefusal(now: SteadyMs): void {
    if (this.#firstAt !== null && sinceMs(this.#firstAt, now) < REFUSAL_MS) {
      this.#hints.refusesReports = true;
    }
  }
}
