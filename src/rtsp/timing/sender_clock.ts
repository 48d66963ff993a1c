import { epochMs, plusMs, sinceMs, type SteadyMs, type WallMs } from "../../core/clock.ts";

/** The clocks of a sender report (RFC 3550 6.4.1). */
export interface SenderReportTime {
  /** Its NTP timestamp, by the camera's wall clock. */
  readonly ntpWallMs: WallMs;
  /** The RTP timestamp of the same instant, 32 bits. */
  readonly rtpTimestamp: number;
  readonly receivedAt: SteadyMs;
}

/** The least distance of two reports that give a rate: their timestamps are those of frames. */
const MIN_DISTANCE_MS = 500;
/** A larger deviation from the nominal rate is no rate: the camera's wall clock was set. */
const MAX_RATE_ERROR = 0.2;
/** The most that the rate of one clock varies between reports. */
const MAX_RATE_CHANGE = 0.02;
/** A larger change of a report's transit time means that the camera's wall clock was set. */
const MAX_TRANSIT_CHANGE_MS = 300;
/** Weight of a report in the moving average of the rate. */
const RATE_GAIN = 1 / 4;

/** A report whose RTP timestamp was converted to a PTS. */
interface MappedReport {
  readonly pts: number;
  readonly wallMs: WallMs;
  readonly receivedAt: SteadyMs;
}

/**
 * Maps presentation times (PTS) to the camera's wall clock, by its newest sender reports.
 *
 * Uses the validated PTS of `RtpTimeline`: each report's RTP timestamp is converted when the next unit has
 * arrived. So a wrong timestamp of a unit does not affect its time of capture, and after a jump of the
 * timestamps the last report applies until the next.
 */
export class SenderClock {
  readonly #clockRate: number;
  readonly #ptsOf: (rtpTimestamp: number, at: SteadyMs) => number | null;
  #pending: SenderReportTime | null = null;
  #newest: MappedReport | null = null;
  /** The start of the next rate measurement: at least half a second ago. */
  #base: MappedReport | null = null;
  #rate: number | null = null;
  /** A rate that differs from the present one and is not confirmed. */
  #candidateRate: number | null = null;

  /**
   * @param clockRate  ticks of the RTP timestamp a second
   * @param ptsOf      `RtpTimeline.ptsOf` of the stream
   */
  constructor({ clockRate, ptsOf }: {
    readonly clockRate: number;
    readonly ptsOf: (rtpTimestamp: number, at: SteadyMs) => number | null;
  }) {
    this.#clockRate = clockRate;
    this.#ptsOf = ptsOf;
  }

  /** Milliseconds of the camera's wall clock per millisecond of its RTP clock; null before two reports. */
  get rate(): number | null {
    return this.#rate;
  }

  /** Accepts a sender report. Ignores one without a time (NTP 0, which is 1900). */
  report(report: SenderReportTime): void {
    const ntpMs = epochMs(report.ntpWallMs);
    if (Number.isFinite(ntpMs) && ntpMs > 0) this.#pending = report;
  }

  /**
   * When a unit was captured, by the camera's wall clock, which may be wrong (see `CaptureTime`); null before
   * the first report. To be called after the unit was added to the timeline.
   */
  capturedAt(pts: number): WallMs | null {
    this.#mapPending();
    if (this.#newest === null) return null;
    const mediaMs = (pts - this.#newest.pts) * 1000 / this.#clockRate;
    return plusMs(this.#newest.wallMs, mediaMs * (this.#rate ?? 1));
  }

  #mapPending(): void {
    const report = this.#pending;
    if (report === null) return;
    this.#pending = null;
    const pts = this.#ptsOf(report.rtpTimestamp, report.receivedAt);
    if (pts === null) return;
    this.#accept({ pts, wallMs: report.ntpWallMs, receivedAt: report.receivedAt });
  }

  #accept(report: MappedReport): void {
    const base = this.#base ?? report;
    const mediaMs = (report.pts - base.pts) * 1000 / this.#clockRate;
    const wallMs = sinceMs(base.wallMs, report.wallMs);
    this.#newest = report;
    const isTooClose = Math.abs(mediaMs) < MIN_DISTANCE_MS && Math.abs(wallMs) < MIN_DISTANCE_MS;
    if (this.#base !== null && isTooClose) return;
    this.#base = report;
    const isPlausible = mediaMs > 0 && Math.abs(mediaMs / wallMs - 1) <= MAX_RATE_ERROR;
    if (!isPlausible) return;
    const transitMs = report.receivedAt - base.receivedAt - wallMs;
    this.#updateRate(wallMs / mediaMs, Math.abs(transitMs) <= MAX_TRANSIT_CHANGE_MS);
  }

  /** A different rate has to be confirmed by the next: a small step of the wall clock looks like one. */
  #updateRate(rate: number, isTimely: boolean): void {
    const known = this.#rate;
    if (known !== null && Math.abs(rate - known) <= MAX_RATE_CHANGE) {
      this.#rate = known + (rate - known) * RATE_GAIN;
      this.#candidateRate = null;
      return;
    }
    const isConfirmed = this.#candidateRate !== null &&
      Math.abs(rate - this.#candidateRate) <= MAX_RATE_CHANGE;
    if (isConfirmed || (known === null && isTimely)) {
      this.#rate = rate;
      this.#candidateRate = null;
    } else {
      this.#candidateRate = rate;
    }
  }
}
