import type { Clock, SteadyMs } from "../../core/clock.ts";
import { type ErrorData, errorFromData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import {
  type DetectorPlan,
  type FromInference,
  portTransfers,
  type ResultNote,
  type ToInference,
} from "../../core/messages.ts";
import type { AbandonedThreads } from "../supervision/abandoned_threads.ts";
import { type DetectorWorkerState, tooSlow, type WorkerStats } from "./detector_worker_state.ts";
import type { ResultWays } from "./publisher_worker.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** How long a thread whose model was replaced may take for the frame in hand. */
const RETIRE_MS = 10_000;

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
  readonly results: ResultWays;
  readonly onInferred: (note: ResultNote) => void;
  readonly onFailed: (worker: DetectorWorker, error: ErrorData) => void;
}

/**
 * One place in a detector's pool and the thread that fills it now. When that is replaced the place
 * keeps its name, its figures and its mailboxes; what the old thread still says is not heard here.
 */
export class DetectorWorker {
  readonly figures: WorkerStats = {
    framesProcessed: 0,
    framesDropped: 0,
    inferencesEmitted: 0,
    inferenceMsSum: 0,
  };
  readonly #parts: DetectorWorkerParts;
  readonly #lastSeqs = new Map<string, number>();
  /** The present thread, and those before it that still finish a frame. */
  readonly #inferring = new Set<WorkerHandle<ToInference, FromInference>>();
  #handle: WorkerHandle<ToInference, FromInference> | null = null;
  #state: DetectorWorkerState = "loading";
  #restarts = 0;
  #plan: DetectorPlan;
  #lastSeenAtMs: SteadyMs | null = null;
  #startedAtMs: SteadyMs | null = null;
  #readyAtMs: SteadyMs | null = null;
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

  /** When it last finished an inference, or null. Nothing else moves it. */
  get lastSeenAtMs(): SteadyMs | null {
    return this.#lastSeenAtMs;
  }

  /** Why it is parked, or null. */
  get error(): ErrorData | null {
    return this.#error;
  }

  /** When its present thread began to load the model, or null while it has none. */
  get startedAtMs(): SteadyMs | null {
    return this.#startedAtMs;
  }

  /** When its present thread had loaded the model, or null while it has not. */
  get readyAtMs(): SteadyMs | null {
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
    this.#fill(handle);
    handle.post({ kind: "start", plan: this.#plan });
  }

  /** There is another publisher: its ends take the place of those before. */
  connectResults(): void {
    for (const handle of this.#inferring) this.#connect(handle);
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
        this.#fill(handle);
        this.#state = "ready";
        this.#error = null;
        this.#startedAtMs ??= this.#parts.clock.nowMs();
        this.#readyAtMs = this.#parts.clock.nowMs();
        this.#parts.onReady(this);
        if (old !== null) void this.#retire(old);
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
    if (this.#handle !== null) this.#inferring.delete(this.#handle);
    this.#handle?.release();
    this.#parts.results.giveUpResults(this.id);
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
    if (!orderly) this.#parts.results.giveUpResults(this.id);
    this.#state = "stopped";
    return orderly;
  }

  #fill(handle: WorkerHandle<ToInference, FromInference>): void {
    this.#handle = handle;
    this.#inferring.add(handle);
    this.#connect(handle);
  }

  #connect(handle: WorkerHandle<ToInference, FromInference>): void {
    const port = this.#parts.results.openResults(this.id);
    if (port === null) return;
    const message: ToInference = { kind: "results", port };
    handle.post(message, portTransfers(message));
  }

  async #retire(handle: WorkerHandle<ToInference, FromInference>): Promise<void> {
    await handle.stop({ kind: "stop" }, this.#parts.clock.sleep(RETIRE_MS));
    this.#inferring.delete(handle);
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
        this.#parts.log.info("detector.loaded", {
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
      case "inferred": {
        const { camera, seq, dropsSinceLast, inferenceMs } = message.note;
        this.#seen(camera, seq);
        this.figures.framesProcessed++;
        this.figures.framesDropped += dropsSinceLast;
        this.figures.inferenceMsSum += inferenceMs;
        return this.#parts.onInferred(message.note);
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
