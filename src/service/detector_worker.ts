import type { Clock } from "../core/clock.ts";
import { type ErrorData, errorFromData, ModelError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import {
  type DetectorPlan,
  type FromInference,
  type InferenceResult,
  portTransfers,
  type ToInference,
} from "../core/messages.ts";
import type { AbandonedThreads } from "./abandoned_threads.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** How long a thread whose model was replaced may take for the frame in hand. */
const RETIRE_MS = 10_000;

export type DetectorWorkerState =
  | "loading"
  | "ready"
  | "restarting"
  | "parked"
  | "failed"
  | "stopped";

/** What a worker's place in its pool is made of. */
export interface DetectorWorkerParts {
  readonly entry: URL;
  readonly permissions: Deno.PermissionOptionsObject;
  readonly plan: DetectorPlan;
  readonly clock: Clock;
  readonly log: Log;
  readonly threads: AbandonedThreads;
  /** How long a model that is swapped in may take to load. */
  readonly modelLoadLimitMs: number;
  /** The model is loaded: the worker may be wired to its cameras. */
  readonly onReady: (worker: DetectorWorker) => void;
  readonly onResult: (result: InferenceResult) => void;
  readonly onFailed: (worker: DetectorWorker, error: ErrorData) => void;
}

/** Figures of one worker, over all its replacements. */
export interface WorkerFigures {
  framesProcessed: number;
  framesDropped: number;
  inferencesEmitted: number;
  inferenceMsSum: number;
}

/**
 * One place in a detector's pool and the thread that fills it now. When that is replaced the place
 * keeps its name, its figures and its mailboxes; what the old thread still says is not heard.
 */
export class DetectorWorker {
  readonly figures: WorkerFigures = {
    framesProcessed: 0,
    framesDropped: 0,
    inferencesEmitted: 0,
    inferenceMsSum: 0,
  };
  readonly #parts: DetectorWorkerParts;
  readonly #lastSeqs = new Map<string, number>();
  #handle: WorkerHandle<ToInference, FromInference> | null = null;
  #state: DetectorWorkerState = "loading";
  #restarts = 0;
  #plan: DetectorPlan;
  #lastSeenAtMs: number | null = null;
  #startedAtMs: number | null = null;
  #readyAtMs: number | null = null;
  #error: ErrorData | null = null;

  constructor(parts: DetectorWorkerParts) {
    this.#parts = parts;
    this.#plan = parts.plan;
  }

  get id(): string {
    return this.#parts.plan.worker;
  }

  get detector(): string {
    return this.#parts.plan.detector;
  }

  get state(): DetectorWorkerState {
    return this.#state;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** When it last finished an inference ({@link Clock.nowMs}), or null. Nothing else moves it. */
  get lastSeenAtMs(): number | null {
    return this.#lastSeenAtMs;
  }

  /** Why it is parked, or null. */
  get error(): ErrorData | null {
    return this.#error;
  }

  /** When its present thread began to load the model, or null while it has none. */
  get startedAtMs(): number | null {
    return this.#startedAtMs;
  }

  /** When its present thread had loaded the model, or null while it has not. */
  get readyAtMs(): number | null {
    return this.#readyAtMs;
  }

  /** Starts the thread and the loading of its model, unless a model was swapped in meanwhile. */
  start(): void {
    if (this.#handle !== null) return;
    this.#state = "loading";
    this.#error = null;
    this.#startedAtMs = this.#parts.clock.nowMs();
    this.#readyAtMs = null;
    const handle = this.#spawn((message) => this.#onMessage(message), (error) => {
      this.#state = "failed";
      this.#parts.onFailed(this, error);
    });
    this.#handle = handle;
    handle.post({ kind: "start", plan: this.#plan });
  }

  /**
   * Loads another model in a thread beside the present one.
   * @returns puts the new thread in the old one's place, which finishes the frame in hand; or drops it
   * @throws OrionError when it cannot be loaded; nothing has changed then
   */
  async prepareModel(model: { readonly model: string; readonly modelPath: string }): Promise<{
    commit(): void;
    drop(): void;
  }> {
    const plan = { ...this.#plan, ...model };
    const ready = Promise.withResolvers<void>();
    let listen = (message: FromInference) => {
      if (message.kind === "ready") ready.resolve();
    };
    let fail = (error: ErrorData) => ready.reject(errorFromData(error));
    const handle = this.#spawn((message) => listen(message), (error) => fail(error));
    handle.post({ kind: "start", plan });
    const limitMs = this.#parts.modelLoadLimitMs;
    const cancel = this.#parts.clock.after(limitMs, () => ready.reject(tooSlow(model, limitMs)));
    try {
      await ready.promise;
    } catch (error) {
      handle.release();
      throw error;
    } finally {
      cancel();
    }
    return {
      drop: () => handle.release(),
      commit: () => {
        const old = this.#handle;
        // The confidence may have been changed while the model was loading.
        this.#plan = { ...plan, confidence: this.#plan.confidence };
        handle.post({ kind: "confidence", confidence: this.#plan.confidence });
        listen = (message) => this.#onMessage(message);
        fail = (error) => {
          this.#state = "failed";
          this.#parts.onFailed(this, error);
        };
        this.#handle = handle;
        this.#state = "ready";
        this.#error = null;
        this.#startedAtMs ??= this.#parts.clock.nowMs();
        this.#readyAtMs = this.#parts.clock.nowMs();
        this.#parts.onReady(this);
        const deadline = this.#parts.clock.sleep(RETIRE_MS);
        void old?.stop({ kind: "stop" }, deadline);
      },
    };
  }

  /** Gives the thread its end of a port to a camera's mailbox. */
  attach(camera: string, port: MessagePort): void {
    const message: ToInference = { kind: "attach", camera, port };
    this.#handle?.post(message, portTransfers(message));
  }

  detach(camera: string): void {
    this.#handle?.post({ kind: "detach", camera });
  }

  /** In force from the next frame, and for every thread that comes after. */
  setConfidence(confidence: number): void {
    this.#plan = { ...this.#plan, confidence };
    this.#handle?.post({ kind: "confidence", confidence });
  }

  /** The last frame of a camera that this worker answered for, or null. */
  lastSeq(camera: string): number | null {
    return this.#lastSeqs.get(camera) ?? null;
  }

  /** Gives the thread up, busy or not; {@link start} fills the place again. */
  abandon(): void {
    this.#handle?.release();
    this.#handle = null;
    this.#startedAtMs = null;
    this.#readyAtMs = null;
    this.#restarts++;
    this.#state = "restarting";
  }

  /** Stays without a thread for a while. */
  park(error: ErrorData): void {
    this.#state = "parked";
    this.#error = error;
  }

  /** Lets it finish the frame in hand. @returns whether it stopped before the deadline */
  async stop(deadline: Promise<unknown>): Promise<boolean> {
    const orderly = await this.#handle?.stop({ kind: "stop" }, deadline) ?? true;
    this.#state = "stopped";
    return orderly;
  }

  #spawn(
    onMessage: (message: FromInference) => void,
    onFailed: (error: ErrorData) => void,
  ): WorkerHandle<ToInference, FromInference> {
    const { entry, permissions, plan: { worker: name }, log, threads } = this.#parts;
    return new WorkerHandle({ entry, name, permissions, log, threads, onMessage, onFailed });
  }

  #onMessage(message: FromInference): void {
    switch (message.kind) {
      case "ready":
        this.#state = "ready";
        this.#readyAtMs = this.#parts.clock.nowMs();
        this.#parts.log.info("detector.ready", {
          worker: this.id,
          model: this.#plan.model,
          provider: message.provider,
          input: `${message.input.width}x${message.input.height}`,
          classes: message.classes.length,
          loadMs: Math.round(message.loadMs),
        });
        if (this.#restarts > 0) {
          this.#parts.log.warning("worker.recovered", {
            worker: this.id,
            restarts: this.#restarts,
          });
        }
        return this.#parts.onReady(this);
      case "result": {
        const { meta, inferenceMs } = message.result;
        this.#seen(meta.camera, meta.seq);
        this.figures.framesProcessed++;
        this.figures.framesDropped += meta.dropsSinceLast;
        this.figures.inferenceMsSum += inferenceMs;
        return this.#parts.onResult(message.result);
      }
      case "frame-failed":
        this.#seen(message.camera, message.seq);
        this.#parts.log.error("frame.failed", {
          worker: this.id,
          camera: message.camera,
          ...message.error,
        });
        return;
      // The handle takes these before they come here.
      case "stopped":
      case "log":
      case "failed":
        return;
    }
  }

  #seen(camera: string, seq: number): void {
    this.#lastSeqs.set(camera, seq);
    this.#lastSeenAtMs = this.#parts.clock.nowMs();
  }
}

function tooSlow({ model }: { readonly model: string }, limitMs: number): ModelError {
  return new ModelError({
    code: "MODEL_LOAD_TIMEOUT",
    message: `Cannot load model ${model}: it was not loaded within ${limitMs / 1000} s`,
    retryable: true,
    remedy: "Use a smaller model, or look why its file is read so slowly.",
  });
}
