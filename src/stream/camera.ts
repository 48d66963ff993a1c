import { ageOf } from "../core/age.ts";
import type {
  CameraSource,
  CameraState,
  CaptureReport,
  DecodeLevel,
  StreamInfo,
} from "../core/camera_types.ts";
import type { Clock, SteadyMs, WallMs } from "../core/clock.ts";
import { type ErrorData, errorData, OrionError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { FrameBus } from "../framebus/bus.ts";
import type { Libav } from "../libav/library.ts";
import { CameraMemory } from "../rtsp/camera_memory.ts";
import { RtspError } from "../rtsp/errors.ts";
import { CaptureTime } from "./capture_time.ts";
import { runConnection } from "./connection.ts";
import { FrameRate } from "./frame_rate.ts";
import { type GopBuffer, MAX_GOP_BYTES } from "./gop_buffer.ts";
import { NetworkStats } from "./network_stats.ts";
import type { Snapshots } from "./snapshots.ts";
import { type ConnectionFailure, HEALTHY_MS, ReconnectPolicy } from "./reconnect_policy.ts";
import type { RtspSource } from "./rtsp_source.ts";
import type { ConnectionEnd } from "./session.ts";
import { FramePool, type SharedFrame } from "./shared_frame.ts";

/** The state of a camera. */
interface Standing {
  readonly state: CameraState;
  readonly reason: string | null;
  readonly sinceMs: WallMs;
  readonly reconnects: number;
}

/** A change of state: why, and what is known of the stream. */
export interface StateReport extends Standing {
  /** The error that ended the connection, or null. */
  readonly error: ErrorData | null;
  /** The newest stream that was opened, or null. */
  readonly info: StreamInfo | null;
}

/** What a camera works with. It owns none of it. */
export interface CameraParts {
  readonly libav: Libav;
  readonly source: CameraSource;
  readonly bus: FrameBus<SharedFrame>;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly onState: (standing: StateReport) => void;
}

/**
 * A camera that never gives up: connects, and when the connection ends for whatever reason waits a
 * little and connects again, until it is stopped. A file that plays once ends with its last frame.
 */
export class Camera {
  readonly #parts: CameraParts;
  readonly #reconnects: ReconnectPolicy;
  readonly #memory = new CameraMemory();
  readonly #stop = new AbortController();
  #standing: Standing;
  #connections = 0;
  #connectedAtMs: SteadyMs | null = null;
  #lastFrameAtMs: SteadyMs | null = null;
  #failure: ConnectionFailure = { code: "STREAM_STALLED", retryAfterMs: null };
  #info: StreamInfo | null = null;
  readonly #captureTime = new CaptureTime();
  readonly #frameRate = new FrameRate();
  readonly #network: NetworkStats;
  #decodeMs = 0;
  #buffer: GopBuffer | null = null;
  #catchUps = 0;
  #level: DecodeLevel;

  constructor(parts: CameraParts) {
    this.#parts = parts;
    this.#level = parts.source.decode;
    this.#network = new NetworkStats(parts.source);
    this.#reconnects = new ReconnectPolicy({
      maxDelayMs: parts.source.reconnectMaxMs,
      random: parts.random,
    });
    const sinceMs = parts.clock.wallMs();
    this.#standing = { state: "connecting", reason: null, sinceMs, reconnects: 0 };
  }

  /** Runs until it is stopped, or a file that plays once has ended. Never rejects for the stream's sake. */
  async run(): Promise<"ended" | "stopped"> {
    const { libav, clock, log } = this.#parts;
    const { signal } = this.#stop;
    this.#notify(null);
    using pool = new FramePool(libav);
    while (!signal.aborted) {
      const end = await this.#connect(pool);
      if (end === "stopped") break;
      if (end === "ended") {
        this.#become("offline", "ENDED");
        return "ended";
      }
      if (this.#hasBeenHealthy()) this.#reconnects.reset();
      const delayMs = this.#reconnects.delayMs(this.#failure);
      log.info("camera.retry_scheduled", {
        delayMs: Math.round(delayMs),
        attempt: this.#reconnects.attempts,
        reason: this.#failure.code,
      });
      await clock.sleep(delayMs, signal).catch(() => undefined);
    }
    this.#become("offline", "STOPPED");
    return "stopped";
  }

  /** Ends {@link run}; a call that libav is blocked in returns within a tenth of a second. */
  stop(): void {
    this.#stop.abort();
  }

  /** Everything known of the camera at this moment. */
  report(): CaptureReport {
    const { bus, clock } = this.#parts;
    const info = this.#info;
    return {
      ...this.#standing,
      info: info === null ? null : { ...info, fps: this.#frameRate.at(clock.nowMs()) },
      decodeLevel: this.#level,
      lastFrameAge: this.#lastFrameAtMs === null ? null : ageOf(this.#lastFrameAtMs, clock),
      decodeSeconds: this.#decodeMs / 1000,
      account: bus.account(),
      gopBuffer: {
        packets: this.#buffer?.packets ?? 0,
        bytes: this.#buffer?.sizeBytes ?? 0,
        maxBytes: this.#buffer?.maxBytes ?? MAX_GOP_BYTES,
        catchUps: this.#catchUps,
      },
      network: this.#network.figures(),
    };
  }

  /** One connection; what it fails with is told and becomes a reason to try again. */
  async #connect(pool: FramePool): Promise<ConnectionEnd | "failed"> {
    const { libav, source, bus, snapshots, clock, log, random } = this.#parts;
    this.#connectedAtMs = null;
    this.#connections++;
    this.#failure = { code: "STREAM_STALLED", retryAfterMs: null };
    try {
      const end = await runConnection({
        libav,
        source,
        bus,
        snapshots,
        pool,
        captureTime: this.#captureTime,
        memory: this.#memory,
        random,
        clock,
        signal: this.#stop.signal,
        onOpen: (opened) => this.#onOpen(opened),
        onArrival: (atMs) => this.#frameRate.arrive(atMs),
        onFrame: (atMs) => this.#onFrame(atMs),
        onWaiting: () => this.#become("connecting", "WAITING_FOR_KEYFRAME"),
        onInfo: (info) => this.#onInfo(info),
        onDecoderFallback: (error) => log.warning("camera.decoder_replaced", { ...error.toData() }),
        onDecoded: (spentMs) => this.#decodeMs += spentMs,
        onLevel: (level) => this.#level = level,
        onBuffer: (buffer) => this.#buffer = buffer,
        onCatchUp: () => this.#catchUps++,
      });
      if (end === "stalled") {
        log.warning("camera.stalled", { silentForMs: source.stallTimeoutMs });
        // Another of its tracks may be the one that sends.
        this.#memory.track = null;
        this.#become("stalled", "STREAM_STALLED");
      }
      if (end === "ended" && source.file === null) {
        throw new OrionError({
          code: "STREAM_ENDED",
          message: `camera "${source.camera}" ended the stream`,
          retryable: true,
          remedy: "Nothing to do if it comes back; else look at the camera's own log.",
        });
      }
      return end;
    } catch (error) {
      const data = errorData(error);
      const retryAfterMs = error instanceof RtspError ? error.retryAfterMs : null;
      this.#failure = { code: data.code, retryAfterMs };
      log.warning("camera.failed", { ...data });
      this.#become("offline", data.code, data);
      return "failed";
    } finally {
      this.#frameRate.restart();
      this.#network.close();
    }
  }

  #hasBeenHealthy(): boolean {
    const since = this.#connectedAtMs;
    return since !== null && this.#parts.clock.nowMs() - since >= HEALTHY_MS;
  }

  #onOpen(opened: RtspSource | null): void {
    if (opened === null) return;
    this.#network.open(opened);
    const { others, ...chosen } = this.#network.track ?? { others: [] };
    if (others.length > 0) this.#parts.log.info("camera.track_chosen", { ...chosen, others });
  }

  #onFrame(atMs: SteadyMs): void {
    this.#lastFrameAtMs = atMs;
    if (this.#standing.state === "online") return;
    this.#connectedAtMs = atMs;
    this.#become("online", null);
  }

  #onInfo(info: StreamInfo): void {
    const known = this.#info;
    this.#info = info;
    if (known?.width === info.width && known.height === info.height) return;
    this.#parts.log.info("camera.stream_changed", { ...info });
  }

  #become(state: CameraState, reason: string | null, error: ErrorData | null = null): void {
    const before = this.#standing;
    const reconnects = Math.max(0, this.#connections - 1);
    if (before.state === state && before.reason === reason) {
      this.#standing = { ...before, reconnects };
      return;
    }
    const sinceMs = before.state === state ? before.sinceMs : this.#parts.clock.wallMs();
    this.#standing = { state, reason, sinceMs, reconnects };
    this.#notify(error);
  }

  #notify(error: ErrorData | null): void {
    this.#parts.onState({ ...this.#standing, error, info: this.#info });
  }
}
