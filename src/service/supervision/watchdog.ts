import type { WatchdogSettings } from "../../config/settings.ts";
import type { Cancel, Clock, SteadyMs } from "../../core/clock.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { Child } from "./child.ts";
import type { WatchedCamera } from "./frame_watch.ts";

/** A worker may be silent for this many of its own periods. */
const PERIODS = 3;

/** The time limit for loading a model, after which the thread is replaced. */
export const MODEL_LOAD_LIMIT_MS = 10 * 60_000;

/** What the watchdog needs to know of an inference worker. */
export interface WatchedWorker {
  readonly worker: Child;
  readonly detector: string;
  /** When it last finished an inference, or null. */
  readonly lastSeenAtMs: SteadyMs | null;
  /** When its thread began to load the model; null while it has no thread. */
  readonly startedAtMs: SteadyMs | null;
  /** When its thread had loaded the model, or null before that. */
  readonly readyAtMs: SteadyMs | null;
  /** The number of workers that share its frames, itself included. */
  readonly poolSize: number;
}

/** What the watchdog needs to know of a detector's subscription to a camera. */
export interface WatchedFlow {
  readonly camera: string;
  readonly detector: string;
  readonly paused: boolean;
  readonly rateHz: number | null;
}

/** A frame that a worker has not taken, or has taken and not finished. */
export interface WatchedOffer {
  readonly camera: string;
  /** The name of the worker. */
  readonly worker: string;
  /** How long ago it was offered. */
  readonly forMs: number;
}

/** What the watchdog needs to know of a camera's thread. */
export interface WatchedCapture {
  readonly worker: Child;
  /** Since when it has left requests unanswered; null while it answers. */
  readonly silentSinceMs: SteadyMs | null;
}

/** Everything under watch, at one moment. */
export interface Watched {
  readonly workers: readonly WatchedWorker[];
  readonly flows: readonly WatchedFlow[];
  readonly offers: readonly WatchedOffer[];
  readonly captures: readonly WatchedCapture[];
  readonly cameras: readonly WatchedCamera[];
}

/** What a watchdog works with. */
export interface WatchdogParts {
  /** Those in force. */
  readonly settings: () => WatchdogSettings;
  readonly clock: Clock;
  /** {@link MODEL_LOAD_LIMIT_MS} */
  readonly modelLoadLimitMs: number;
  readonly observe: () => Promise<Watched>;
  /** Called for each silent worker at each inspection, until it is replaced. */
  readonly onSilent: (worker: Child, error: ErrorData) => void;
  /** Called with the cameras at each inspection. */
  readonly onCameras: (cameras: readonly WatchedCamera[]) => void;
}

/**
 * Finds workers that hang: those that were offered a frame and within their timeout neither took it nor
 * finished another one. A worker that was offered nothing is healthy, whatever the reason: paused, no
 * frames, no keyframe yet, a camera that is offline or hangs.
 */
export class Watchdog {
  readonly #parts: WatchdogParts;
  #cancel: Cancel | null = null;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
  }

  /** Inspects at every interval from now on; again when the interval has changed. */
  start(): void {
    const { settings, clock, observe } = this.#parts;
    this.#cancel?.();
    this.#cancel = clock.after(settings().intervalSeconds * 1000, async () => {
      if (this.#cancel === null) return;
      const watched = await observe();
      if (this.#cancel === null) return;
      this.inspect(watched);
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Performs one inspection. */
  inspect(watched: Watched): void {
    const { clock, onSilent, onCameras } = this.#parts;
    const { minTimeoutSeconds } = this.#parts.settings();
    const nowMs = clock.nowMs();
    for (const worker of watched.workers) this.#inspectWorker(worker, watched, nowMs);
    const limitMs = minTimeoutSeconds * 1000;
    for (const { worker, silentSinceMs } of watched.captures) {
      if (silentSinceMs !== null && nowMs - silentSinceMs > limitMs) {
        onSilent(worker, silence(worker, nowMs - silentSinceMs, "answered"));
      }
    }
    onCameras(watched.cameras);
  }

  #inspectWorker(inspected: WatchedWorker, watched: Watched, nowMs: SteadyMs): void {
    const { settings, modelLoadLimitMs, onSilent } = this.#parts;
    const { worker, startedAtMs, readyAtMs, lastSeenAtMs } = inspected;
    if (startedAtMs === null) return;
    if (readyAtMs === null) {
      const loadingMs = nowMs - startedAtMs;
      if (loadingMs > modelLoadLimitMs) {
        onSilent(worker, silence(worker, loadingMs, "loaded its model"));
      }
      return;
    }
    let offeredForMs = 0;
    for (const offer of watched.offers) {
      if (offer.worker === worker.name) offeredForMs = Math.max(offeredForMs, offer.forMs);
    }
    // While it finishes other frames it serves its cameras in turn, and offers may wait.
    const silentMs = Math.min(offeredForMs, nowMs - Math.max(lastSeenAtMs ?? 0, readyAtMs));
    const flows = watched.flows.filter(({ detector, paused }) =>
      detector === inspected.detector && !paused
    );
    const timeoutMs = workerTimeoutMs(settings().minTimeoutSeconds, flows, inspected.poolSize);
    if (silentMs > timeoutMs) {
      onSilent(worker, silence(worker, silentMs, "finished an inference"));
    }
  }
}

/**
 * How long a worker may leave a frame on offer: the configured minimum, or three times its own period
 * where that is longer. The workers of a pool share the frames. Infinite while all is paused.
 */
export function workerTimeoutMs(
  minTimeoutSeconds: number,
  flows: readonly Pick<WatchedFlow, "rateHz">[],
  poolSize: number,
): number {
  let ratePerSecond = 0;
  for (const { rateHz } of flows) ratePerSecond += rateHz ?? Infinity;
  const periodMs = 1000 * poolSize / ratePerSecond;
  return Math.max(minTimeoutSeconds * 1000, PERIODS * periodMs);
}

function silence({ name }: Child, silentMs: number, what: string): ErrorData {
  return {
    code: "WORKER_SILENT",
    message: `worker "${name}" has not ${what} for ${Math.round(silentMs / 1000)} s`,
    retryable: true,
    remedy: "If it happens again, find the model or the stream that makes it hang.",
  };
}
