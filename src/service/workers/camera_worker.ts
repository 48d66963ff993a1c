import type { CameraSettings } from "../../config/settings.ts";
import { instantOf } from "../../core/age.ts";
import type {
  CameraStatus,
  CaptureFlow,
  LibavPaths,
  ReceivedReport,
  Subscription,
  WatchedReport,
} from "../../core/camera_types.ts";
import type { Clock, SteadyMs } from "../../core/clock.ts";
import { type Confinement, type ConfinementState, UNCONFINED } from "../../core/confinement.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { BoxNorm, PointNorm } from "../../core/geometry.ts";
import type { Log } from "../../core/log.ts";
import { type FromCapture, portTransfers, type ToCapture } from "../../core/messages.ts";
import type { KeepRequest } from "../../core/presence_types.ts";
import type { Child } from "../supervision/child.ts";
import type { MissingFramesReason } from "../supervision/frame_watch.ts";
import { EarlierThreads, firstReport } from "./capture_reports.ts";
import { PictureRequests } from "./picture_requests.ts";
import type { PictureRouter } from "./publisher_worker.ts";
import { ReportRequests } from "./report_requests.ts";
import { SnapshotRequests } from "./snapshot_requests.ts";
import { captureSource } from "./start_messages.ts";
import type { Spawn, WorkerHandle } from "./worker_handle.ts";

/** What a camera's worker works with. */
export interface CameraWorkerParts {
  readonly spawn: Spawn<ToCapture, FromCapture>;
  readonly settings: CameraSettings;
  readonly libraries: LibavPaths;
  readonly confinement: Confinement | null;
  readonly clock: Clock;
  readonly log: Log;
  /** A thread was started: its consumers must be attached. */
  readonly onStarted: (worker: CameraWorker) => void;
  readonly onStatus: (worker: CameraWorker, status: CameraStatus) => void;
  readonly onFailed: (worker: CameraWorker, error: ErrorData) => void;
  /** Gets the answers to {@link CameraWorker.keep} and {@link CameraWorker.picture}. */
  readonly pictures: PictureRouter;
}

/** A camera as the main thread holds it: its thread, its subscriptions, its last known report. */
export class CameraWorker implements Child {
  readonly id: string;
  readonly name: string;
  readonly #parts: CameraWorkerParts;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #reportRequests: ReportRequests;
  readonly #snapshotRequests: SnapshotRequests;
  readonly #pictureRequests: PictureRequests;
  readonly #earlier = new EarlierThreads();
  #roi: BoxNorm | null;
  #masks: readonly (readonly PointNorm[])[];
  #handle: WorkerHandle<ToCapture> | null = null;
  #nextSeq = 0;
  #restarts = 0;
  #report: ReceivedReport;
  #libav = "";
  #confinement = UNCONFINED;
  #flow: CaptureFlow | null = null;
  #missingFrames: MissingFramesReason | null = null;
  #error: ErrorData | null = null;

  constructor(parts: CameraWorkerParts) {
    const { settings, clock, pictures } = parts;
    this.id = settings.id;
    this.name = `capture-${settings.id}`;
    this.#parts = parts;
    this.#roi = settings.roi;
    this.#masks = settings.masks;
    this.#reportRequests = new ReportRequests(clock);
    this.#snapshotRequests = new SnapshotRequests(settings.id, clock);
    this.#pictureRequests = new PictureRequests((picture) => pictures.picture(picture));
    this.#report = firstReport(settings.stream.decode, clock.wallMs());
  }

  get settings(): CameraSettings {
    return this.#parts.settings;
  }

  /** Whether it has a thread. */
  get running(): boolean {
    return this.#handle !== null;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** The release of libav that its thread has opened; empty before that. */
  get libav(): string {
    return this.#libav;
  }

  /** How its thread is confined, once it reported that. */
  get confinement(): ConfinementState {
    return this.#confinement;
  }

  /** Since when the thread has left requests unanswered; null while it answers. */
  get silentSinceMs(): SteadyMs | null {
    return this.#reportRequests.silentSinceMs;
  }

  /** Its frames and offers as of the last {@link report}; null while the thread does not answer. */
  get flow(): CaptureFlow | null {
    return this.silentSinceMs === null ? this.#flow : null;
  }

  /** Why it is parked, or null. */
  get error(): ErrorData | null {
    return this.#error;
  }

  start(): void {
    const { spawn, settings, libraries, confinement, onFailed, onStarted } = this.#parts;
    this.#error = null;
    const handle = spawn({
      name: this.name,
      onMessage: (message) => this.#onMessage(message),
      onFailed: (error) => onFailed(this, error),
    });
    this.#handle = handle;
    const firstSeq = Math.max(this.#nextSeq, this.#earlier.received);
    const source = captureSource(settings, { roi: this.#roi, masks: this.#masks, firstSeq });
    handle.post({ kind: "start", libraries, source, confinement });
    for (const subscription of this.#subscriptions.values()) {
      handle.post({ kind: "subscribe", subscription });
    }
    onStarted(this);
  }

  /** Adds a mailbox for a detector, or changes its subscription; in force for all later threads. */
  subscribe(subscription: Subscription): void {
    this.#subscriptions.set(subscription.detector, subscription);
    this.#handle?.post({ kind: "subscribe", subscription });
  }

  subscription(detector: string): Subscription | null {
    return this.#subscriptions.get(detector) ?? null;
  }

  /** Sets the region of interest from the next frame on, and for all later threads. */
  setRoi(roi: BoxNorm | null): void {
    this.#roi = roi;
    this.#handle?.post({ kind: "roi", roi });
  }

  /** Sets the masked polygons from the next frame on, and for all later threads. */
  setMasks(masks: readonly (readonly PointNorm[])[]): void {
    this.#masks = masks;
    this.#handle?.post({ kind: "masks", masks });
  }

  /** A frame of this number was inferred: the numbers of later threads begin after it. */
  advanceSeq(seq: number): void {
    this.#nextSeq = Math.max(this.#nextSeq, seq + 1);
  }

  /** Connects a worker to its detector's mailbox. */
  attach(consumer: { detector: string; worker: string; port: MessagePort }): void {
    const message: ToCapture = { kind: "attach", ...consumer };
    this.#handle?.post(message, portTransfers(message));
  }

  /** @param consumer.lastSeq  the last frame it has finished; a later one is lost with it */
  detach(consumer: { detector: string; worker: string; lastSeq: number | null }): void {
    this.#handle?.post({ kind: "detach", ...consumer });
  }

  /** The present report, or the last known one when the thread does not answer in time. */
  async report(): Promise<ReceivedReport> {
    const handle = this.#handle;
    if (handle === null) return this.#report;
    await this.#reportRequests.request((request) => handle.post({ kind: "report", request }));
    return this.#report;
  }

  /**
   * The bytes of one JPEG.
   * @throws OrionError when none came in time
   */
  snapshot(): Promise<ArrayBuffer> {
    const post = (request: number) => this.#handle?.post({ kind: "snapshot", request });
    return this.#snapshotRequests.request(post, () => this.#report.state);
  }

  /** Keeps a frame as the picture of a stay, if its thread has it still. */
  keep(keep: KeepRequest): void {
    this.#handle?.post({ kind: "keep", keep });
  }

  /** Requests the picture of a stay, for the last time where `release` is set. */
  picture(stay: string, release: boolean): void {
    const handle = this.#handle;
    const post = () => handle?.post({ kind: "picture", stay, release });
    this.#pictureRequests.request(stay, handle === null ? null : post);
  }

  /** The account of the next thread continues from the last known one of this thread. */
  abandon(): void {
    this.#handle?.terminate();
    this.#handle = null;
    this.#confinement = UNCONFINED;
    this.#reportRequests.threadEnded();
    this.#pictureRequests.threadEnded();
    this.#flow = null;
    this.#restarts++;
    this.#earlier.add(this.#report);
    this.#goOffline("RESTARTING");
  }

  park(error: ErrorData): void {
    this.#error = { ...error, code: "CAMERA_PARKED" };
    this.#goOffline("CAMERA_PARKED");
  }

  /** Sets why it delivers no frames though it is online; null once frames arrive again. */
  setMissingFrames(reason: MissingFramesReason | null): void {
    this.#missingFrames = reason;
    const { state, sinceMs, reconnects } = this.#report;
    if (state === "online") this.#setStatus({ state, reason: null, sinceMs, reconnects });
  }

  /** Ends the stream and balances its account. */
  async stop(deadline: Promise<unknown>): Promise<boolean> {
    const orderly = await this.#handle?.stop(deadline) ?? true;
    this.#handle = null;
    this.#pictureRequests.threadEnded();
    if (this.#report.state !== "offline") this.#goOffline("STOPPED");
    return orderly;
  }

  #onMessage(message: FromCapture): void {
    const { log } = this.#parts;
    switch (message.kind) {
      case "ready":
        this.#libav = message.libav;
        this.#confinement = message.confinement;
        return log.debug("capture.started", { camera: this.id, libav: message.libav });
      case "state": {
        const { state, reason, sinceMs } = message;
        const reconnects = message.reconnects + this.#earlier.reconnects;
        return this.#setStatus({ state, reason, sinceMs, reconnects });
      }
      case "report":
        this.#setReport(message.report);
        return this.#reportRequests.answered(message.request);
      case "snapshot":
        return this.#snapshotRequests.answer(message.request, message.snapshot);
      case "kept":
        return this.#parts.pictures.kept(message.stay, message.seq);
      case "picture":
        return this.#pictureRequests.answered(message.picture);
      case "ended":
        return log.info("camera.ended", { camera: this.id });
      case "stopped":
        return this.#setReport(message.report);
    }
  }

  #setReport({ flow, lastFrameAge, ...report }: WatchedReport): void {
    this.#flow = flow;
    this.#report = {
      ...report,
      reason: this.#reasonOf(report),
      lastFrameAtMs: lastFrameAge === null ? null : instantOf(lastFrameAge, this.#parts.clock),
      ...this.#earlier.with(report),
    };
  }

  /** Missing frames are known to the main thread alone. */
  #reasonOf({ state, reason }: Pick<CameraStatus, "state" | "reason">): string | null {
    return state === "online" ? this.#missingFrames : reason;
  }

  #goOffline(reason: string): void {
    const sinceMs = this.#parts.clock.wallMs();
    const { reconnects } = this.#report;
    this.#setStatus({ state: "offline", reason, sinceMs, reconnects });
  }

  #setStatus(reported: Omit<CameraStatus, "camera">): void {
    if (reported.state !== "online") this.#missingFrames = null;
    const status = { ...reported, reason: this.#reasonOf(reported) };
    this.#report = { ...this.#report, ...status };
    const { state, reason } = status;
    this.#parts.log.info("camera.state_changed", {
      camera: this.id,
      state,
      ...(reason === null ? {} : { reason }),
    });
    this.#parts.onStatus(this, { camera: this.id, ...status });
  }
}
