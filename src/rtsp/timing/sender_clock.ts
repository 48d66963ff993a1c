import { epochMs, plusMs, sinceMs, type SteadyMs, type WallMs } from "../../core/clock.ts";

/** What a sender report (RFC 3550, section 6.4.1) says of time. */
export interface SenderReportTime {
  /** Its NTP timestamp, by the camera's clock. */
  readonly ntpWallMs: WallMs;
  /** The RTP timestamp of the same instant, 32 bits. */
  readonly rtpTimestamp: number;
  readonly receivedAt: SteadyMs;
}

/** Reports that are nearer to each other give no rate: their stamps are of whole frames. */
const MIN_DISTANCE_MS = 500;
/** An RTP clock that is further off its nominal rate is no clock, or the camera's own was put right. */
const MAX_RATE_ERROR = 0.2;
/** Rates of one clock differ by less than this from report to report. */
const SAME_RATE = 0.02;
/** Reports that took so much longer or shorter to come than their times say: the clock was put right. */
const MAX_TRANSIT_CHANGE_MS = 300;
/** Weight of a report in a rate that is known. */
const RATE_GAIN = 1 / 4;

/** A report whose RTP timestamp is a presentation time. */
interface Mapped {
  readonly pts: number;
  readonly wallMs: WallMs;
  readonly receivedAt: SteadyMs;
}

/**
 * A camera's clock for each presentation time, by its newest sender reports.
 *
 * It works on the sanitised times of `RtpTimeline`, into which each report's RTP timestamp is translated
 * when the next unit has come: an odd timestamp of a unit gets no odd time of capture, and when the RTP
 * timestamps jump, the last report holds on until the next.
 */
export class SenderClock {
  readonly #clockRate: number;
  readonly #ptsOf: (rtpTimestamp: number, at: SteadyMs) => number | null;
  #pending: SenderReportTime | null = null;
  #newest: Mapped | null = null;
  /** What the next rate is measured from: at least half a second before. */
  #base: Mapped | null = null;
  #rate: number | null = null;
  #oddRate: number | null = null;

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

  /** Milliseconds of the camera's clock for one of its RTP clock; null until two reports say it. */
  get rate(): number | null {
    return this.#rate;
  }

  /** A sender report; one without a time (NTP 0, which is 1900) says nothing. */
  report(report: SenderReportTime): void {
    const ntpMs = epochMs(report.ntpWallMs);
    if (Number.isFinite(ntpMs) && ntpMs > 0) this.#pending = report;
  }

  /**
   * When a unit was captured by the camera's clock, which may be any (see `CaptureTime`); null before
   * the first report. To be asked after the unit went through the timeline.
   */
  capturedAt(pts: number): WallMs | null {
    this.#translate();
    if (this.#newest === null) return null;
    const mediaMs = (pts - this.#newest.pts) * 1000 / this.#clockRate;
    return plusMs(this.#newest.wallMs, mediaMs * (this.#rate ?? 1));
  }

  #translate(): void {
    const report = this.#pending;
    if (report === null) return;
    this.#pending = null;
    const pts = this.#ptsOf(report.rtpTimestamp, report.receivedAt);
    if (pts === null) return;
    this.#note({ pts, wallMs: report.ntpWallMs, receivedAt: report.receivedAt });
  }

  #note(report: Mapped): void {
    const base = this.#base ?? report;
    const mediaMs = (report.pts - base.pts) * 1000 / this.#clockRate;
    const wallMs = sinceMs(base.wallMs, report.wallMs);
    this.#newest = report;
    const isNear = Math.abs(mediaMs) < MIN_DISTANCE_MS && Math.abs(wallMs) < MIN_DISTANCE_MS;
    if (this.#base !== null && isNear) return;
    this.#base = report;
    const isClock = mediaMs > 0 && Math.abs(mediaMs / wallMs - 1) <= MAX_RATE_ERROR;
    if (!isClock) return;
    const transitMs = report.receivedAt - base.receivedAt - wallMs;
    this.#noteRate(wallMs / mediaMs, Math.abs(transitMs) <= MAX_TRANSIT_CHANGE_MS);
  }

  /** A rate unlike the last is believed when the next is like it: a small step looks like one. */
  #noteRate(rate: number, isTimely: boolean): void {
    const known = this.#rate;
    if (known !== null && Math.abs(rate - known) <= SAME_RATE) {
      this.#rate = known + (rate - known) * RATE_GAIN;
      this.#oddRate = null;
      return;
    }
    const isConfirmed = this.#oddRate !== null && Math.abs(rate - this.#oddRate) <= SAME_RATE;
    if (isConfirmed || (known === null && isTimely)) {
      this.#rate = rate;
      this.#oddRate = null;
    } else {
      this.#oddRate = rate;
    }
  }
}
