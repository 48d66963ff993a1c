import type { WatchdogSettings } from "../../config/settings.ts";
import type { Cancel, Clock, SteadyMs } from "../../core/clock.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { WatchedCamera } from "./frame_watch.ts";

/** A worker may take this many of its own periods. */
const PERIODS = 3;

/** How long a model may take to load before its thread is replaced. */
export const MODEL_LOAD_LIMIT_MS = 10 * 60_000;

/** What the watchdog needs to know of an inference worker. */
export interface WatchedWorker {
  readonly name: string;
  readonly detector: string;
  /** When it last finished an inference, or null. */
  readonly lastSeenAtMs: SteadyMs | null;
  /** When its thread began to load the model; null while it has none. */
  readonly startedAtMs: SteadyMs | null;
  /** When its thread had loaded the model, or null while it has not. */
  readonly readyAtMs: SteadyMs | null;
  /** Workers that share its frames, itself included. */
  readonly poolSize: number;
}

/** What the watchdog needs to know of a detector's place at a camera. */
export interface WatchedFlow {
  readonly camera: string;
  readonly detector: string;
  readonly paused: boolean;
  readonly rateHz: number | null;
}

/** What a camera has offered to a worker that has not taken it, or not finished it. */
export interface WatchedOffer {
  readonly camera: string;
  readonly worker: string;
  /** How long ago it was offered. */
  readonly forMs: number;
}

/** A camera's thread that leaves questions unanswered. */
export interface WatchedCapture {
  readonly name: string;
  readonly silentSinceMs: SteadyMs | null;
}

/** Everything there is to watch, at one moment. */
export interface Watched {
  readonly workers: readonly WatchedWorker[];
  readonly flows: readonly WatchedFlow[];
  readonly offers: readonly WatchedOffer[];
  readonly captures: readonly WatchedCapture[];
  readonly cameras: readonly WatchedCamera[];
}

/** What a watchdog works with. */
export interface WatchdogParts {
  readonly settings: WatchdogSettings;
  readonly clock: Clock;
  /** {@link MODEL_LOAD_LIMIT_MS} */
  readonly modelLoadLimitMs: number;
  readonly look: () => Promise<Watched>;
  /** Told of each silent worker at each look, until it is replaced. */
  readonly onSilent: (name: string, error: ErrorData) => void;
  /** Told of the cameras at each look. */
  readonly onCameras: (cameras: readonly WatchedCamera[]) => void;
}

/**
 * Finds workers that hang: those that were offered a frame and for longer than they may neither took it
 * nor finished another. A worker that was offered nothing is healthy, whatever the reason: paused, no
 * picture, no keyframe yet, a camera that is down or hangs.
 */
export class Watchdog {
  readonly #parts: WatchdogParts;
  #cancel: Cancel | null = null;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
  }

  /** Looks at every interval from now on. */
  start(): void {
    const { settings, clock, look } = this.#parts;
    this.#cancel = clock.after(settings.intervalSeconds * 1000, async () => {
      if (this.#cancel === null) return;
      const watched = await look();
      if (this.#cancel === null) return;
      this.inspect(watched);
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** One look. */
  inspect(watched: Watched): void {
    const { settings, clock, onSilent, onCameras } = this.#parts;
    const nowMs = clock.nowMs();
    for (const worker of watched.workers) this.#inspectWorker(worker, watched, nowMs);
    const limitMs = settings.minTimeoutSeconds * 1000;
    for (const { name, silentSinceMs } of watched.captures) {
      if (silentSinceMs !== null && nowMs - silentSinceMs > limitMs) {
        onSilent(name, silence(name, nowMs - silentSinceMs, "answered"));
      }
    }
    onCameras(watched.cameras);
  }

  #inspectWorker(worker: WatchedWorker, watched: Watched, nowMs: SteadyMs): void {
    const { settings, modelLoadLimitMs, onSilent } = this.#parts;
    const { name, startedAtMs, readyAtMs, lastSeenAtMs } = worker;
    if (startedAtMs === null) return;
    if (readyAtMs === null) {
      const loadingMs = nowMs - startedAtMs;
      if (loadingMs > modelLoadLimitMs) {
        onSilent(name, silence(name, loadingMs, "loaded its model"));
      }
      return;
    }
    let offeredForMs = 0;
    for (const offer of watched.offers) {
      if (offer.worker === name) offeredForMs = Math.max(offeredForMs, offer.forMs);
    }
    // One that finishes others serves them in turn: what was offered to it waits for that.
    const silentMs = Math.min(offeredForMs, nowMs - Math.max(lastSeenAtMs ?? 0, readyAtMs));
    const flows = watched.flows.filter(({ detector, paused }) =>
      detector === worker.detector && !paused
    );
    const timeoutMs = workerTimeoutMs(settings.minTimeoutSeconds, flows, worker.poolSize);
    if (silentMs > timeoutMs) onSilent(name, silence(name, silentMs, "finished an inference"));
  }
}

/**
 * How long a worker may leave an offer: the configured minimum, or three times the time between its
 * frames if that is longer. In a pool each worker gets its share of them. For ever while all is paused.
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

function silence(name: string, silentMs: number, what: string): ErrorData {
  return {
    code: "WORKER_SILENT",
    message: `worker "${name}" has not ${what} for ${Math.round(silentMs / 1000)} s`,
    retryable: true,
    remedy: "If it comes back, look for a model or a stream that makes it hang.",
  };
}
