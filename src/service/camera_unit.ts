import type { CameraSettings } from "../config/settings.ts";
import { addAccounts, type CameraAccount, noUndecoded, settleBuffered } from "../core/accounts.ts";
import { instantOf } from "../core/age.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import type { ErrorData } from "../core/errors.ts";
import type { BoxNorm } from "../core/geometry.ts";
import type { Log } from "../core/log.ts";
import {
  type CameraStatus,
  type CaptureSnapshot,
  type FromCapture,
  type LibavPaths,
  portTransfers,
  type ReceivedSnapshot,
  type Subscription,
  type ToCapture,
} from "../core/messages.ts";
import { PictureRequests } from "./picture_requests.ts";
import { captureSource } from "./plans.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** How long a capture worker may take to tell its account before the last known one is shown. */
const SNAPSHOT_TIMEOUT_MS = 1000;

/** What a camera's place in the service is made of. */
export interface CameraUnitParts {
  readonly entry: URL;
  readonly permissions: Deno.PermissionOptionsObject;
  readonly settings: CameraSettings;
  readonly libraries: LibavPaths;
  readonly clock: Clock;
  readonly log: Log;
  readonly onStatus: (status: CameraStatus) => void;
  readonly onFailed: (unit: CameraUnit, error: ErrorData) => void;
}

/** One camera as the main thread holds it: its thread, its subscriptions, its last known account. */
export class CameraUnit {
  readonly id: string;
  readonly #parts: CameraUnitParts;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #requests = new Map<number, () => void>();
  readonly #pictures: PictureRequests;
  #roi: BoxNorm | null;
  #handle: WorkerHandle<ToCapture, FromCapture> | null = null;
  #requestsMade = 0;
  #silentSinceMs: SteadyMs | null = null;
  #before: CameraAccount | null = null;
  #reconnectsBefore = 0;
  #catchUpsBefore = 0;
  #nextSeq = 0;
  #restarts = 0;
  #snapshot: ReceivedSnapshot;
  #libav = "";

  constructor(parts: CameraUnitParts) {
    this.id = parts.settings.id;
    this.#parts = parts;
    this.#roi = parts.settings.roi;
    this.#pictures = new PictureRequests(parts.settings.id, parts.clock);
    this.#snapshot = {
      state: "connecting",
      reason: null,
      sinceMs: parts.clock.wallMs(),
      reconnects: 0,
      info: null,
      decodeLevel: parts.settings.decode,
      lastFrameAtMs: null,
      decodeSeconds: 0,
      account: {
        received: 0,
        undecoded: noUndecoded(),
        corrupt: 0,
        decoded: 0,
        detectors: [],
      },
      gopBuffer: { packets: 0, bytes: 0, maxBytes: 0, catchUps: 0 },
      network: null,
    };
  }

  get settings(): CameraSettings {
    return this.#parts.settings;
  }

  /** What its thread is called. */
  get name(): string {
    return `capture-${this.id}`;
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

  /** Starts the thread; what was subscribed before is subscribed again. */
  start(): void {
    const { entry, permissions, settings, libraries, log } = this.#parts;
    const handle = new WorkerHandle<ToCapture, FromCapture>({
      entry,
      name: this.name,
      permissions,
      log: log.child({ camera: settings.id }),
      onMessage: (message) => this.#onMessage(message),
      onFailed: (error) => this.#parts.onFailed(this, error),
    });
    this.#handle = handle;
    handle.post({
      kind: "start",
      libraries,
      source: captureSource(settings, {
        roi: this.#roi,
        firstSeq: Math.max(this.#nextSeq, this.#before?.received ?? 0),
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
  async snapshot(): Promise<ReceivedSnapshot> {
    const handle = this.#handle;
    if (handle === null) return this.#snapshot;
    const request = this.#requestsMade++;
    const answer = Promise.withResolvers<void>();
    this.#requests.set(request, () => answer.resolve());
    const cancel = this.#parts.clock.after(SNAPSHOT_TIMEOUT_MS, () => {
      if (this.#handle === handle) this.#silentSinceMs ??= this.#parts.clock.nowMs();
      answer.resolve();
    });
    handle.post({ kind: "snapshot", request });
    await answer.promise;
    cancel();
    this.#requests.delete(request);
    return this.#snapshot;
  }

  /**
   * One picture of the camera, as the bytes of a JPEG.
   * @throws OrionError when none came in time
   */
  jpeg(): Promise<ArrayBuffer> {
    const post = (request: number) => this.#handle?.post({ kind: "jpeg", request });
    return this.#pictures.ask(post, () => this.#snapshot.state);
  }

  /**
   * Gives the thread up, busy or not; {@link start} begins another, whose account is counted on from
   * what is known of this one.
   */
  abandon(): void {
    this.#handle?.release();
    this.#handle = null;
    this.#silentSinceMs = null;
    this.#restarts++;
    const { account, gopBuffer } = this.#snapshot;
    this.#catchUpsBefore = gopBuffer.catchUps;
    // What waited in its mailboxes went with it.
    this.#before = {
      ...account,
      undecoded: settleBuffered(account.undecoded),
      detectors: account.detectors.map((mailbox) => ({
        ...mailbox,
        dropped: { ...mailbox.dropped, restart: mailbox.dropped.restart + mailbox.waiting },
        waiting: 0,
      })),
    };
    this.#reconnectsBefore = this.#snapshot.reconnects + 1;
    this.#become({
      state: "offline",
      reason: "RESTARTING",
      sinceMs: this.#parts.clock.wallMs(),
      reconnects: this.#snapshot.reconnects,
    });
  }

  /** Ends the stream and closes its account. @returns whether it did before the deadline */
  async stop(deadline: Promise<unknown>): Promise<boolean> {
    const orderly = await this.#handle?.stop({ kind: "stop" }, deadline) ?? true;
    this.#handle = null;
    if (this.#snapshot.state !== "offline") {
      const { reconnects } = this.#snapshot;
      const sinceMs = this.#parts.clock.wallMs();
      this.#become({ state: "offline", reason: "STOPPED", sinceMs, reconnects });
    }
    return orderly;
  }

  #onMessage(message: FromCapture): void {
    switch (message.kind) {
      case "ready":
        this.#libav = message.libav;
        return this.#parts.log.debug("capture.ready", { camera: this.id, libav: message.libav });
      case "state":
        return this.#become({
          state: message.state,
          reason: message.reason,
          sinceMs: message.sinceMs,
          reconnects: message.reconnects + this.#reconnectsBefore,
        });
      case "snapshot":
        this.#silentSinceMs = null;
        this.#keep(message.snapshot);
        this.#requests.get(message.request)?.();
        return;
      case "jpeg":
        return this.#pictures.answer(message.request, message.picture);
      case "ended":
        return this.#parts.log.info("camera.ended", { camera: this.id });
      case "stopped":
        return this.#keep(message.snapshot);
      // The handle takes these before they come here.
      case "log":
      case "failed":
        return;
    }
  }

  #keep({ lastFrameAge, ...snapshot }: CaptureSnapshot): void {
    this.#snapshot = {
      ...snapshot,
      lastFrameAtMs: lastFrameAge === null ? null : instantOf(lastFrameAge, this.#parts.clock),
      reconnects: snapshot.reconnects + this.#reconnectsBefore,
      account: addAccounts(this.#before, snapshot.account),
      gopBuffer: {
        ...snapshot.gopBuffer,
        catchUps: snapshot.gopBuffer.catchUps + this.#catchUpsBefore,
      },
    };
  }

  #become(standing: Omit<CameraStatus, "camera">): void {
    this.#snapshot = { ...this.#snapshot, ...standing };
    this.#parts.log.info("camera.state", {
      camera: this.id,
      state: standing.state,
      ...(standing.reason === null ? {} : { reason: standing.reason }),
    });
    this.#parts.onStatus({ camera: this.id, ...standing });
  }
}
