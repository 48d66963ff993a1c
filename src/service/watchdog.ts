import type { WatchdogSettings } from "../config/settings.ts";
import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";
import type { ErrorData } from "../core/errors.ts";

/** A worker may take this many of its own periods. */
const PERIODS = 3;

/** What the watchdog needs to know of an inference worker. */
export interface WatchedWorker {
  readonly name: string;
  readonly detector: string;
  /** When it last finished an inference, or null. */
  readonly lastSeenAtMs: SteadyMs | null;
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
  /** Frames come: the camera is online and the newest one is younger than its stall time. */
  readonly live: boolean;
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
  readonly captures: readonly WatchedCapture[];
}

/**
 * Finds workers that hang: those that finished no inference for longer than they may although frames
 * came for them. A paused detector, a camera without frames and a model that still loads are no fault
 * of the worker's; the time is counted only while frames could have been taken.
 */
export class Watchdog {
  readonly #settings: WatchdogSettings;
  readonly #clock: Clock;
  readonly #look: () => Promise<Watched>;
  readonly #onSilent: (name: string, error: ErrorData) => void;
  readonly #expectingSinceMs = new Map<string, SteadyMs>();
  #cancel: Cancel | null = null;

  /** @param parts.onSilent  told of each silent worker at each look, until it is replaced */
  constructor(parts: {
    settings: WatchdogSettings;
    clock: Clock;
    look: () => Promise<Watched>;
    onSilent: (name: string, error: ErrorData) => void;
  }) {
    this.#settings = parts.settings;
    this.#clock = parts.clock;
    this.#look = parts.look;
    this.#onSilent = parts.onSilent;
  }

  /** Looks at every interval from now on. */
  start(): void {
    this.#cancel = this.#clock.after(this.#settings.intervalSeconds * 1000, async () => {
      if (this.#cancel === null) return;
      this.inspect(await this.#look());
      if (this.#cancel !== null) this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** One look. */
  inspect(watched: Watched): void {
    const nowMs = this.#clock.nowMs();
    for (const worker of watched.workers) this.#inspectWorker(worker, watched.flows, nowMs);
    const limitMs = this.#settings.minTimeoutSeconds * 1000;
    for (const { name, silentSinceMs } of watched.captures) {
      if (silentSinceMs !== null && nowMs - silentSinceMs > limitMs) {
        this.#onSilent(name, silence(name, nowMs - silentSinceMs, "answered"));
      }
    }
  }

  #inspectWorker(worker: WatchedWorker, flows: readonly WatchedFlow[], nowMs: SteadyMs): void {
    const mine = flows.filter((flow) =>
      flow.detector === worker.detector && flow.live && !flow.paused
    );
    if (worker.readyAtMs === null || mine.length === 0) {
      this.#expectingSinceMs.delete(worker.name);
      return;
    }
    const expectingSinceMs = this.#expectingSinceMs.get(worker.name) ?? nowMs;
    this.#expectingSinceMs.set(worker.name, expectingSinceMs);
    const sinceMs = Math.max(worker.lastSeenAtMs ?? 0, worker.readyAtMs, expectingSinceMs);
    const timeoutMs = workerTimeoutMs(this.#settings.minTimeoutSeconds, mine, worker.poolSize);
    if (nowMs - sinceMs <= timeoutMs) return;
    this.#expectingSinceMs.delete(worker.name);
    this.#onSilent(worker.name, silence(worker.name, nowMs - sinceMs, "finished an inference"));
  }
}

/**
 * How long a worker may stay silent: the configured minimum, or three times the time between its
 * frames if that is longer. In a pool each worker gets its share of them.
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
