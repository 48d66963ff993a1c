import type { CameraSettings } from "../../config/settings.ts";
import { instantOf } from "../../core/age.ts";
import type { CaptureFlow } from "../../core/camera_shapes.ts";
import type { Clock, SteadyMs } from "../../core/clock.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { BoxNorm } from "../../core/geometry.ts";
import type { Log } from "../../core/log.ts";
import {
  type CameraStatus,
  type FromCapture,
  type LibavPaths,
  portTransfers,
  type ReceivedReport,
  type Subscription,
  type ToCapture,
  type WatchedReport,
} from "../../core/messages.ts";
import type { AbandonedThreads } from "../supervision/abandoned_threads.ts";
import { SnapshotRequests } from "./snapshot_requests.ts";
import type { NoPictureReason } from "../supervision/frame_watch.ts";
import { captureName, captureSource } from "./start_messages.ts";
import { EarlierThreads, firstReport } from "./capture_reports.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** How long a capture worker may take to tell its account before the last known one is shown. */
const SNAPSHOT_TIMEOUT_MS = 1000;

/** What a camera's place in the service is made of. */
export interface CameraWorkerParts {
  readonly entry: URL;
  readonly permissions: Deno.PermissionOptionsObject;
  readonly settings: CameraSettings;
  readonly libraries: LibavPaths;
  readonly clock: Clock;
  readonly log: Log;
  readonly threads: AbandonedThreads;
  readonly onStatus: (status: CameraStatus) => void;
  readonly onFailed: (unit: CameraWorker, error: ErrorData) => void;
}

/** One camera as the main thread holds it: its thread, its subscriptions, its last known account. */
export class CameraWorker {
  readonly id: string;
  readonly #parts: CameraWorkerParts;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #requests = new Map<number, () => void>();
  readonly #snapshotRequests: SnapshotRequests;
  #roi: BoxNorm | null;
  #handle: WorkerHandle<ToCapture, FromCapture> | null = null;
  #requestsMade = 0;
  #silentSinceMs: SteadyMs | null = null;
  readonly #before = new EarlierThreads();
  #nextSeq = 0;
  #restarts = 0;
  #report: ReceivedReport;
  #libav = "";
  #flow: CaptureFlow | null = null;
  #noPicture: NoPictureReason | null = null;
  #error: ErrorData | null = null;

  constructor(parts: CameraWorkerParts) {
    this.id = parts.settings.id;
    this.#parts = parts;
    this.#roi = parts.settings.roi;
    this.#snapshotRequests = new SnapshotRequests(parts.settings.id, parts.clock);
    this.#report = firstReport(parts.settings.decode, parts.clock.wallMs());
  }

  get settings(): CameraSettings {
    return this.#parts.settings;
  }

  /** What its thread is called. */
  get name(): string {
    return captureName(this.id);
  }

  /** Whether it has a thread. */
  get running(): boolean {
    return this.#handle !== null;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** The release of libav that its thread opened; empty before it has. */
  get libav(): string {
    return this.#libav;
  }

  /** Since when the thread has left questions unanswered; null while it answers. */
  get silentSinceMs(): SteadyMs | null {
    return this.#silentSinceMs;
  }

  /** What it gives and offers, as of the last {@link report}; null while the thread does not answer. */
  get flow(): CaptureFlow | null {
    return this.#silentSinceMs === null ? this.#flow : null;
  }

  /** Why it is parked, or null. */
  get error(): ErrorData | null {
    return this.#error;
  }

  /** Starts the thread; what was subscribed before is subscribed again. */
  start(): void {
    const { entry, permissions, settings, libraries, log, threads } = this.#parts;
    this.#error = null;
    const handle = new WorkerHandle<ToCapture, FromCapture>({
      entry,
      name: this.name,
      permissions,
      log: log.child({ camera: settings.id }),
      threads,
      onMessage: (message) => this.#onMessage(message),
      onFailed: (error) => this.#parts.onFailed(this, error),
    });
    this.#handle = handle;
    handle.post({
      kind: "start",
      libraries,
      source: captureSource(settings, {
        roi: this.#roi,
        firstSeq: Math.max(this.#nextSeq, this.#before.received),
      }),
    });
    for (const subscription of this.#subscriptions.values()) {
      handle.post({ kind: "subscribe", subscription });
    }
  }

  /** Gives a detector a mailbox here, or changes what it asked for. */
  subscribe(subscription: Subscription): void {
    this.#subscriptions.set(subscription.detector, subscription);
    this.#handle?.post({ kind: "subscribe", subscription });
  }

  unsubscribe(detector: string): void {
    this.#subscriptions.delete(detector);
    this.#handle?.post({ kind: "unsubscribe", detector });
  }

  subscription(detector: string): Subscription | null {
    return this.#subscriptions.get(detector) ?? null;
  }

  /** Looks at another part of the picture, from the next frame on. */
  setRoi(roi: BoxNorm | null): void {
    this.#roi = roi;
    this.#handle?.post({ kind: "roi", roi });
  }

  /** A frame came out at the other end: no later one may have its number again. */
  seen(seq: number): void {
    this.#nextSeq = Math.max(this.#nextSeq, seq + 1);
  }

  attach(wire: { detector: string; worker: string; port: MessagePort }): void {
    const message: ToCapture = { kind: "attach", ...wire };
    this.#handle?.post(message, portTransfers(message));
  }

  detach(wire: { detector: string; worker: string; lastSeq: number | null }): void {
    this.#handle?.post({ kind: "detach", ...wire });
  }

  /** The account at this moment, or the last known one if the thread does not answer in time. */
  async report(): Promise<ReceivedReport> {
    const handle = this.#handle;
    if (handle === null) return this.#report;
    const request = this.#requestsMade++;
    const answer = Promise.withResolvers<void>();
    this.#requests.set(request, () => answer.resolve());
    const cancel = this.#parts.clock.after(SNAPSHOT_TIMEOUT_MS, () => {
      if (this.#handle === handle) this.#silentSinceMs ??= this.#parts.clock.nowMs();
      answer.resolve();
    });
    handle.post({ kind: "report", request });
    await answer.promise;
    cancel();
    this.#requests.delete(request);
    return this.#report;
  }

  /**
   * One picture of the camera, as the bytes of a JPEG.
   * @throws OrionError when none came in time
   */
  snapshot(): Promise<ArrayBuffer> {
    const post = (request: number) => this.#handle?.post({ kind: "snapshot", request });
    return this.#snapshotRequests.ask(post, () => this.#report.state);
  }

  /**
   * Gives the thread up, busy or not; {@link start} begins another, whose account is counted on from
   * what is known of this one.
   */
  abandon(): void {
    this.#handle?.release();
    this.#handle = null;
    this.#silentSinceMs = null;
    this.#flow = null;
    this.#restarts++;
    this.#before.add(this.#report);
    this.#become({
      state: "offline",
      reason: "RESTARTING",
      sinceMs: this.#parts.clock.wallMs(),
      reconnects: this.#report.reconnects,
    });
  }

  /** Stays without a thread for a while: says so in place of what the last thread said. */
  park(error: ErrorData): void {
    this.#error = { ...error, code: "CAMERA_PARKED" };
    const { reconnects } = this.#report;
    const sinceMs = this.#parts.clock.wallMs();
    this.#become({ state: "offline", reason: "CAMERA_PARKED", sinceMs, reconnects });
  }

  /** It is online but gives no picture, for this reason; null when pictures come again. */
  setNoPicture(reason: NoPictureReason | null): void {
    this.#noPicture = reason;
    const { state, sinceMs, reconnects } = this.#report;
    if (state === "online") this.#become({ state, reason: null, sinceMs, reconnects });
  }

  /** Ends the stream and closes its account. @returns whether it did before the deadline */
  async stop(deadline: Promise<unknown>): Promise<boolean> {
    const orderly = await this.#handle?.stop({ kind: "stop" }, deadline) ?? true;
    this.#handle = null;
    if (this.#report.state !== "offline") {
      const { reconnects } = this.#report;
      const sinceMs = this.#parts.clock.wallMs();
      this.#become({ state: "offline", reason: "STOPPED", sinceMs, reconnects });
    }
    return orderly;
  }

  #onMessage(message: FromCapture): void {
    switch (message.kind) {
      case "ready":
        this.#libav = message.libav;
        return this.#parts.log.debug("capture.started", { camera: this.id, libav: message.libav });
      case "state":
        return this.#become({
          state: message.state,
          reason: message.reason,
          sinceMs: message.sinceMs,
          reconnects: message.reconnects + this.#before.reconnects,
        });
      case "report":
        this.#silentSinceMs = null;
        this.#keep(message.report);
        this.#requests.get(message.request)?.();
        return;
      case "snapshot":
        return this.#snapshotRequests.answer(message.request, message.snapshot);
      case "ended":
        return this.#parts.log.info("camera.ended", { camera: this.id });
      case "stopped":
        return this.#keep(message.report);
      // The handle takes these before they come here.
      case "log":
      case "failed":
        return;
    }
  }

  #keep({ flow, lastFrameAge, ...report }: WatchedReport): void {
    this.#flow = flow;
    this.#report = {
      ...report,
      reason: this.#reason(report),
      lastFrameAtMs: lastFrameAge === null ? null : instantOf(lastFrameAge, this.#parts.clock),
      ...this.#before.with(report),
    };
  }

  /** The thread knows nothing of pictures that are missing. */
  #reason({ state, reason }: Pick<CameraStatus, "state" | "reason">): string | null {
    return state === "online" ? this.#noPicture : reason;
  }

  #become(said: Omit<CameraStatus, "camera">): void {
    if (said.state !== "online") this.#noPicture = null;
    const standing = { ...said, reason: this.#reason(said) };
    this.#report = { ...this.#report, ...standing };
    this.#parts.log.info("camera.state_changed", {
      camera: this.id,
      state: standing.state,
      ...(standing.reason === null ? {} : { reason: standing.reason }),
    });
    this.#parts.onStatus({ camera: this.id, ...standing });
  }
}
