import type { CameraSettings } from "../../config/settings.ts";
import type {
  CameraStatus,
  CaptureFlow,
  LibavPaths,
  ReceivedReport,
  Subscription,
} from "../../core/camera_types.ts";
import type { Clock, SteadyMs } from "../../core/clock.ts";
import { type Confinement, type ConfinementState, UNCONFINED } from "../../core/confinement.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { BoxNorm, PointNorm } from "../../core/geometry.ts";
import type { Log } from "../../core/log.ts";
import type { LivePicture, LiveToCapture } from "../../core/live_types.ts";
import { type FromCapture, portTransfers, type ToCapture } from "../../core/messages.ts";
import type { Child } from "../supervision/child.ts";
import { CameraRecord } from "./camera_record.ts";
import { PictureRequests } from "./picture_requests.ts";
import type { PictureRouter } from "./publisher_routes.ts";
import { ReportRequests } from "./report_requests.ts";
import { SnapshotRequests } from "./snapshot_requests.ts";
import { captureSource } from "./start_messages.ts";
import type { Spawn, WorkerHandle } from "./worker_handle.ts";

/** How the threads of a camera are started. */
export type CaptureSetup = Pick<CameraWorkerParts, "spawn" | "confinement">;

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
  /** Gets the answers to `keep` and {@link CameraWorker.picture}. */
  readonly pictures: PictureRouter;
  readonly onLive: (camera: string, picture: LivePicture) => void;
}

/** A camera as the main thread holds it: its thread, its subscriptions, its last known report. */
export class CameraWorker implements Child {
  readonly id: string;
  readonly name: string;
  /** What its threads have reported. */
  readonly record: CameraRecord;
  readonly #parts: CameraWorkerParts;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #reportRequests: ReportRequests;
  readonly #snapshotRequests: SnapshotRequests;
  readonly #pictureRequests: PictureRequests;
  #settings: CameraSettings;
  #setup: CaptureSetup;
  #isStopped = false;
  #region: Pick<CameraSettings, "roi" | "masks">;
  #handle: WorkerHandle<ToCapture> | null = null;
  #restarts = 0;
  #libav = "";
  #confinement = UNCONFINED;
  #error: ErrorData | null = null;

  constructor(parts: CameraWorkerParts) {
    const { settings, clock, log, pictures } = parts;
    this.id = settings.id;
    this.name = `capture-${settings.id}`;
    this.#parts = parts;
    this.#settings = settings;
    this.#setup = { spawn: parts.spawn, confinement: parts.confinement };
    this.#region = { roi: settings.roi, masks: settings.masks };
    this.#reportRequests = new ReportRequests(clock);
    this.#snapshotRequests = new SnapshotRequests(settings.id, clock);
    this.#pictureRequests = new PictureRequests((picture) => pictures.picture(picture));
    this.record = new CameraRecord(settings, {
      ...{ clock, log },
      onStatus: (status) => parts.onStatus(this, status),
    });
  }

  get settings(): CameraSettings {
    return this.#settings;
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
    return this.silentSinceMs === null ? this.record.flow : null;
  }

  /** Why it is parked, or null. */
  get error(): ErrorData | null {
    return this.#error;
  }

  start(): void {
    const { libraries, onFailed, onStarted } = this.#parts;
    const { spawn, confinement } = this.#setup;
    this.#error = null;
    const handle: WorkerHandle<ToCapture> = spawn({
      name: this.name,
      onMessage: (message) => this.#onMessage(message),
      onFailed: (error) => this.#handle === handle ? onFailed(this, error) : undefined,
    });
    this.#handle = handle;
    const { firstSeq } = this.record;
    const source = captureSource(this.#settings, { ...this.#region, firstSeq });
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

  /** Removes the mailbox of a detector. */
  unsubscribe(detector: string): void {
    if (!this.#subscriptions.delete(detector)) return;
    this.#handle?.post({ kind: "unsubscribe", detector });
  }

  /** Sets settings that the stream goes on with; the others are those of before. */
  configure(settings: CameraSettings): void {
    this.#settings = settings;
    const stallTimeoutMs = settings.stallTimeoutSeconds * 1000;
    this.#handle?.post({ kind: "stall-timeout", stallTimeoutMs });
  }

  /**
   * Ends the stream, and opens one with other settings in a thread of its own; figures and numbers of frames
   * continue.
   */
  async reconnect(
    settings: CameraSettings,
    setup: CaptureSetup,
    deadline: Promise<unknown>,
  ): Promise<void> {
    this.#settings = settings;
    this.#setup = setup;
    const handle = this.#handle;
    // Parked, or about to be started: the next thread gets them.
    if (handle === null) return;
    this.#handle = null;
    await handle.stop(deadline);
    this.#threadEnded();
    if (!this.#isStopped) this.start();
  }

  /** Sets the region of interest from the next frame on, and for all later threads. */
  setRoi(roi: BoxNorm | null): void {
    this.#region = { ...this.#region, roi };
    this.#handle?.post({ kind: "roi", roi });
  }

  /** Sets the masked polygons from the next frame on, and for all later threads. */
  setMasks(masks: readonly (readonly PointNorm[])[]): void {
    this.#region = { ...this.#region, masks };
    this.#handle?.post({ kind: "masks", masks });
  }

  /** A frame of this number was inferred: the numbers of later threads begin after it. */
  advanceSeq(seq: number): void {
    this.record.advanceSeq(seq);
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
    if (handle !== null) {
      await this.#reportRequests.request((request) => handle.post({ kind: "report", request }));
    }
    return this.record.report;
  }

  /**
   * The bytes of one JPEG.
   * @throws OrionError when none came in time
   */
  snapshot(): Promise<ArrayBuffer> {
    const post = (request: number) => this.#handle?.post({ kind: "snapshot", request });
    return this.#snapshotRequests.request(post, () => this.record.report.state);
  }

  /** Posts what concerns the frames of the present thread alone; without one nothing happens. */
  post(message: LiveToCapture | Extract<ToCapture, { kind: "keep" }>): void {
    this.#handle?.post(message);
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
    this.#restarts++;
    this.#threadEnded();
    this.record.goOffline("RESTARTING");
  }

  park(error: ErrorData): void {
    this.#error = { ...error, code: "CAMERA_PARKED" };
    this.record.goOffline("CAMERA_PARKED");
  }

  /** Ends the stream and balances its account. */
  async stop(deadline: Promise<unknown>): Promise<boolean> {
    this.#isStopped = true;
    const orderly = await this.#handle?.stop(deadline) ?? true;
    this.#handle = null;
    for (const pending of [this.#snapshotRequests, this.#pictureRequests]) pending.threadEnded();
    if (this.record.report.state !== "offline") this.record.goOffline("STOPPED");
    return orderly;
  }

  #onMessage(message: FromCapture): void {
    const { log } = this.#parts;
    switch (message.kind) {
      case "ready":
        this.#libav = message.libav;
        this.#confinement = message.confinement;
        return log.debug("capture.started", { camera: this.id, libav: message.libav });
      case "state":
        return this.record.setState(message);
      case "silence":
        return this.#parts.pictures.silence(this.id, message.age);
      case "report":
        this.record.setReport(message.report);
        return this.#reportRequests.answered(message.request);
      case "snapshot":
        return this.#snapshotRequests.answer(message.request, message.snapshot);
      case "live":
        return this.#parts.onLive(this.id, message.picture);
      case "kept":
        return this.#parts.pictures.kept(message.stay, message.seq);
      case "picture":
        return this.#pictureRequests.answered(message.picture);
      case "ended":
        return log.info("camera.ended", { camera: this.id });
      case "stopped":
        return this.record.setReport(message.report);
    }
  }

  #threadEnded(): void {
    this.#confinement = UNCONFINED;
    this.#reportRequests.threadEnded();
    for (const pending of [this.#snapshotRequests, this.#pictureRequests]) pending.threadEnded();
    this.record.threadEnded();
  }
}
