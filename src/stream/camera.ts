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
import type { StreamLedger } from "../framebus/ledger.ts";
import type { Libav } from "../libav/library.ts";
import { CameraHints } from "../rtsp/client/camera_hints.ts";
import { RtspError } from "../rtsp/errors.ts";
import type { CameraPacing } from "./camera_pacing.ts";
import { CaptureTime } from "./capture_time.ts";
import { runConnection } from "./connection.ts";
import { FrameRate } from "./frame_rate.ts";
import { type GopBuffer, MAX_GOP_BYTES } from "./gop_buffer.ts";
import { NetworkStats } from "./network_stats.ts";
import { PictureSilence } from "./picture_silence.ts";
import type { FrameWish } from "./snapshots.ts";
import { type ConnectionFailure, HEALTHY_MS, ReconnectPolicy } from "./reconnect_policy.ts";
import type { RtspSource } from "./rtsp_source.ts";
import type { ConnectionEnd } from "./session.ts";
import { FramePool, type SharedFrame } from "./shared_frame.ts";

/** The state of a camera, why, and since when. */
interface CurrentState {
  readonly state: CameraState;
  readonly reason: string | null;
  readonly sinceMs: WallMs;
  readonly reconnects: number;
}

/** A change of state: why, and what is known of the stream. */
export interface StateReport extends CurrentState {
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
  readonly ledger: StreamLedger;
  readonly pacing: CameraPacing;
  /** Of snapshots and live pictures. */
  readonly snapshots: FrameWish;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly onState: (state: StateReport) => void;
  /** As the report of a {@link PictureSilence}. */
  readonly onSilence?: (lastAtMs: SteadyMs | null) => void;
  /** Called before each connection; what it throws ends {@link Camera.run}. */
  readonly beforeConnecting?: () => void;
}

/**
 * Keeps a camera connected: reconnects with a back-off whenever the connection ends, until it is stopped.
 * A file that is not looped ends with its last frame.
 */
export class Camera {
  readonly #parts: CameraParts;
  readonly #reconnects: ReconnectPolicy;
  readonly #hints = new CameraHints();
  readonly #stop = new AbortController();
  #state: CurrentState;
  #connections = 0;
  #connectedAtMs: SteadyMs | null = null;
  #lastFrameAtMs: SteadyMs | null = null;
  readonly #silence: PictureSilence | null;
  /** The newest packet of this connection. */
  #lastArrivalAtMs: SteadyMs | null = null;
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
    const { onSilence } = parts;
    this.#silence = onSilence === undefined ? null : new PictureSilence(parts.clock, onSilence);
    this.#reconnects = new ReconnectPolicy({
      maxDelayMs: parts.source.reconnectMaxMs,
      random: parts.random,
    });
    const sinceMs = parts.clock.wallMs();
    this.#state = { state: "connecting", reason: null, sinceMs, reconnects: 0 };
  }

  /**
   * Runs until it is stopped, or a file ends that is not looped. Does not reject when the stream fails.
   * @throws what `beforeConnecting` throws
   */
  async run(): Promise<"ended" | "stopped"> {
    try {
      return await this.#run();
    } finally {
      this.#silence?.stop();
    }
  }

  async #run(): Promise<"ended" | "stopped"> {
    const { libav, clock, log } = this.#parts;
    const { signal } = this.#stop;
    this.#notify(null);
    using pool = new FramePool(libav);
    while (!signal.aborted) {
      this.#parts.beforeConnecting?.();
      const end = await this.#connect(pool);
      if (end === "stopped") break;
      if (end === "ended") {
        this.#setState("offline", "ENDED");
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
    this.#setState("offline", "STOPPED");
    return "stopped";
  }

  /** Ends {@link run}; a call that blocks in libav returns within a tenth of a second. */
  stop(): void {
    this.#stop.abort();
  }

  /** The figures of the camera at this moment. */
  report(): CaptureReport {
    const { bus, clock } = this.#parts;
    const info = this.#info;
    return {
      ...this.#state,
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

  /** Runs one connection. A failure is logged and becomes the reason to reconnect. */
  async #connect(pool: FramePool): Promise<ConnectionEnd | "failed"> {
    const { source, log } = this.#parts;
    this.#connectedAtMs = null;
    this.#lastArrivalAtMs = null;
    this.#connections++;
    this.#failure = { code: "STREAM_STALLED", retryAfterMs: null };
    try {
      const end = await runConnection({
        ...this.#parts,
        pool,
        captureTime: this.#captureTime,
        memory: this.#hints,
        signal: this.#stop.signal,
        onOpen: (opened) => this.#onOpen(opened),
        onArrival: (atMs) => this.#onArrival(atMs),
        onFrame: (atMs) => this.#onFrame(atMs),
        onWaiting: () => this.#setState("connecting", "WAITING_FOR_KEYFRAME"),
        onInfo: (info) => this.#onInfo(info),
        onDecoderFallback: (error) => log.warning("camera.decoder_replaced", { ...error.toData() }),
        onDecoded: (spentMs) => this.#decodeMs += spentMs,
        onLevel: (level) => this.#level = level,
        onBuffer: (buffer) => this.#buffer = buffer,
        onCatchUp: () => this.#catchUps++,
      });
      if (end === "stalled") this.#onStalled();
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
      this.#setState("offline", data.code, data);
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

  #onArrival(atMs: SteadyMs): void {
    this.#lastArrivalAtMs = atMs;
    this.#frameRate.arrive(atMs);
  }

  #onStalled(): void {
    const { source, log, clock } = this.#parts;
    const lastAtMs = this.#lastArrivalAtMs;
    // A decoder holds some pictures back, so that the last packets arrive after the last picture's.
    const isSilent = lastAtMs === null || clock.nowMs() - lastAtMs >= source.stallTimeoutMs / 2;
    const isUdp = this.#network.figures()?.transport === "udp";
    const remedy = !isSilent
      ? "Packets arrive, but none can be decoded: check the codec in the camera, and restart it."
      : lastAtMs !== null
      ? "Restart the camera if that stays."
      : isUdp
      ? "A firewall may drop the camera's datagrams: set transport: tcp, or let them in."
      : "Restart the camera if that stays; if it is slow to wake up, raise stallTimeoutSeconds.";
    const forMs = source.stallTimeoutMs;
    log.warning("camera.stalled", {
      ...(isSilent ? { silentForMs: forMs } : { noPictureForMs: forMs }),
      remedy,
    });
    // Another track may be the active one.
    this.#hints.forgetSetUp();
    const code = isSilent ? "STREAM_STALLED" : "NO_PICTURE";
    this.#failure = { code, retryAfterMs: null };
    this.#setState("stalled", code);
  }

  #onFrame(atMs: SteadyMs): void {
    this.#lastFrameAtMs = atMs;
    this.#silence?.frame(atMs);
    if (this.#state.state === "online") return;
    this.#connectedAtMs = atMs;
    this.#setState("online", null);
  }

  #onInfo(info: StreamInfo): void {
    const known = this.#info;
    this.#info = info;
    if (known?.width === info.width && known.height === info.height) return;
    this.#parts.log.info("camera.stream_changed", { ...info });
  }

  #setState(state: CameraState, reason: string | null, error: ErrorData | null = null): void {
    const before = this.#state;
    const reconnects = Math.max(0, this.#connections - 1);
    if (before.state === state && before.reason === reason) {
      this.#state = { ...before, reconnects };
      return;
    }
    const sinceMs = before.state === state ? before.sinceMs : this.#parts.clock.wallMs();
    this.#state = { state, reason, sinceMs, reconnects };
    this.#notify(error);
  }

  #notify(error: ErrorData | null): void {
    this.#parts.onState({ ...this.#state, error, info: this.#info });
  }
}
