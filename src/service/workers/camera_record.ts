import { instantOf } from "../../core/age.ts";
import type {
  CameraStatus,
  CaptureFlow,
  ReceivedReport,
  WatchedReport,
} from "../../core/camera_types.ts";
import type { CameraSettings } from "../../config/settings.ts";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { MissingFramesReason } from "../supervision/frame_watch.ts";
import { EarlierThreads, firstReport } from "./capture_reports.ts";

export interface CameraRecordParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly onStatus: (status: CameraStatus) => void;
}

/** What the threads of a camera have reported: its state and its figures, which continue from one to the next. */
export class CameraRecord {
  readonly #camera: string;
  readonly #parts: CameraRecordParts;
  readonly #earlier = new EarlierThreads();
  #report: ReceivedReport;
  #flow: CaptureFlow | null = null;
  #missingFrames: MissingFramesReason | null = null;
  #nextSeq = 0;

  constructor({ id, stream }: CameraSettings, parts: CameraRecordParts) {
    this.#camera = id;
    this.#parts = parts;
    this.#report = firstReport(stream.decode, parts.clock.wallMs());
  }

  /** The newest report, with the figures of all threads. */
  get report(): ReceivedReport {
    return this.#report;
  }

  /** Its state, as it is published. */
  get status(): CameraStatus {
    const { state, sinceMs, reason, reconnects } = this.#report;
    return { camera: this.#camera, state, sinceMs, reason, reconnects };
  }

  /** Frames and offers of the present thread, as of the newest report; null before that. */
  get flow(): CaptureFlow | null {
    return this.#flow;
  }

  /** The number of the first frame of the next thread. */
  get firstSeq(): number {
    return Math.max(this.#nextSeq, this.#earlier.received);
  }

  /** A frame of this number was inferred: the numbers of later threads begin after it. */
  advanceSeq(seq: number): void {
    this.#nextSeq = Math.max(this.#nextSeq, seq + 1);
  }

  setReport({ flow, lastFrameAge, ...report }: WatchedReport): void {
    this.#flow = flow;
    this.#report = {
      ...report,
      reason: this.#reasonOf(report),
      lastFrameAtMs: lastFrameAge === null ? null : instantOf(lastFrameAge, this.#parts.clock),
      ...this.#earlier.with(report),
    };
  }

  /** The present thread has another state. */
  setState({ state, reason, sinceMs, reconnects }: Omit<CameraStatus, "camera">): void {
    const all = reconnects + this.#earlier.reconnects;
    this.#setStatus({ state, reason, sinceMs, reconnects: all });
  }

  /** Why it delivers no frames though it is online; null once frames arrive again. */
  setMissingFrames(reason: MissingFramesReason | null): void {
    this.#missingFrames = reason;
    const { state, sinceMs, reconnects } = this.#report;
    if (state === "online") this.#setStatus({ state, reason: null, sinceMs, reconnects });
  }

  goOffline(reason: string): void {
    const sinceMs = this.#parts.clock.wallMs();
    const { reconnects } = this.#report;
    this.#setStatus({ state: "offline", reason, sinceMs, reconnects });
  }

  /** The figures of the next thread continue from the newest report. */
  threadEnded(): void {
    this.#flow = null;
    this.#earlier.add(this.#report);
  }

  /** Missing frames are known to the main thread alone. */
  #reasonOf({ state, reason }: Pick<CameraStatus, "state" | "reason">): string | null {
    return state === "online" ? this.#missingFrames : reason;
  }

  #setStatus(reported: Omit<CameraStatus, "camera">): void {
    if (reported.state !== "online") this.#missingFrames = null;
    this.#report = { ...this.#report, ...reported, reason: this.#reasonOf(reported) };
    const { status } = this;
    const { camera, state, reason } = status;
    this.#parts.log.info("camera.state_changed", {
      camera,
      state,
      ...(reason === null ? {} : { reason }),
    });
    this.#parts.onStatus(status);
  }
}
