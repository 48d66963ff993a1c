import type { SteadyMs } from "../../core/clock.ts";
import { type ConfinementState, UNCONFINED } from "../../core/confinement.ts";
import type { DetectorPlan, ModelSource } from "../../core/detector_types.ts";
import type { ErrorData } from "../../core/errors.ts";
import { type FromInference, portTransfers, type ToInference } from "../../core/messages.ts";
import type { Child } from "../supervision/child.ts";
import {
  type DetectorWorkerState,
  WorkerFigures,
  type WorkerStats,
} from "./detector_worker_state.ts";
import type { InferenceParts, InferenceSetup, NextThread } from "./inference_parts.ts";
import {
  loadModel,
  type PreparedModel,
  type ReadyMessage,
  type ThreadReceiver,
} from "./model_swap.ts";
import { OutputProblem } from "./output_problem.ts";
import type { WorkerHandle } from "./worker_handle.ts";
import { loadedFields, planWith, WorkerModel } from "./worker_model.ts";

/** The time limit for a thread with a replaced model to finish its last frame. */
export const RETIRE_MS = 10_000;

export type DetectorWorkerParts = InferenceParts<DetectorWorker>;

/** One inference worker of a detector's pool. Name, figures and mailboxes outlive its threads. */
export class DetectorWorker implements Child {
  readonly name: string;
  readonly detector: string;
  readonly model = new WorkerModel();
  readonly output: OutputProblem;
  readonly #parts: DetectorWorkerParts;
  readonly #figures: WorkerFigures;
  /** The present thread, and earlier ones that still finish a frame. */
  readonly #inferring = new Set<WorkerHandle<ToInference>>();
  #handle: WorkerHandle<ToInference> | null = null;
  #state: DetectorWorkerState = "loading";
  #restarts = 0;
  #plan: DetectorPlan;
  /** The plan of the configuration: without what commands have changed. */
  #configured: DetectorPlan;
  #setup: InferenceSetup;
  #startedAtMs: SteadyMs | null = null;
  #readyAtMs: SteadyMs | null = null;
  #error: ErrorData | null = null;
  #confinement = UNCONFINED;

  constructor(parts: DetectorWorkerParts) {
    this.name = parts.plan.worker;
    this.detector = parts.plan.detector;
    this.#parts = parts;
    this.output = new OutputProblem(parts.clock);
    this.#plan = this.#configured = parts.plan;
    this.#figures = new WorkerFigures(parts.clock);
    this.#setup = { spawn: parts.spawn, confinement: parts.confinement };
  }

  get state(): DetectorWorkerState {
    return this.#state;
  }

  get figures(): Readonly<WorkerStats> {
    return this.#figures.stats;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** When it last finished an inference, or null; nothing else changes it. */
  get lastSeenAtMs(): SteadyMs | null {
    return this.#figures.lastSeenAtMs;
  }

  /** Why it is parked, or null. */
  get error(): ErrorData | null {
    return this.#error;
  }

  /** How its present thread is confined, once the model is loaded. */
  get confinement(): ConfinementState {
    return this.#confinement;
  }

  /** When its present thread began to load the model; null without a thread. */
  get startedAtMs(): SteadyMs | null {
    return this.#startedAtMs;
  }

  /** When its present thread had loaded the model; null before that. */
  get readyAtMs(): SteadyMs | null {
    return this.#readyAtMs;
  }

  /** Starts the thread, which loads the model; unless a new model has brought a thread meanwhile. */
  start(): void {
    if (this.#handle !== null) return;
    this.#state = "loading";
    this.#error = null;
    this.#startedAtMs = this.#parts.clock.nowMs();
    this.#readyAtMs = null;
    const { spawn, confinement } = this.#setup;
    const handle: WorkerHandle<ToInference> = spawn({
      name: this.name,
      onMessage: (message) => this.#onMessage(message),
      onFailed: (error) => this.#onFailed(handle, error),
    });
    this.#adopt(handle);
    handle.post({ kind: "start", plan: this.#plan, confinement });
  }

  /** Opens new result ports: the publisher was replaced. */
  connectResults(): void {
    for (const handle of this.#inferring) this.#connect(handle);
  }

  /** The settings in force, with what commands have changed. */
  get plan(): DetectorPlan {
    return this.#plan;
  }

  /**
   * Loads another model in a thread beside the present one.
   * @throws OrionError when it cannot be loaded; nothing has changed then
   */
  prepareModel(model: ModelSource): Promise<PreparedModel> {
    const plan = planWith(model, this.#plan, this.#configured);
    const { modelLoadLimitMs: limitMs } = this.#parts;
    return this.prepare({ plan, configured: this.#configured, setup: this.#setup, limitMs });
  }

  /**
   * Loads what another configuration says, in a thread beside the present one, if there is one.
   * @throws OrionError when it cannot be loaded; nothing has changed then
   */
  async prepare({ plan, configured, setup, limitMs }: NextThread): Promise<PreparedModel> {
    const { clock } = this.#parts;
    const spawn = (receiver: ThreadReceiver) => setup.spawn({ name: this.name, ...receiver });
    const { handle, ready, redirect } = await loadModel({
      ...{ spawn, plan, confinement: setup.confinement, clock, limitMs },
    });
    return {
      drop: () => handle.terminate(),
      commit: () => {
        redirect({
          onMessage: (message) => this.#onMessage(message),
          onFailed: (error) => this.#onFailed(handle, error),
        });
        this.#setup = setup;
        this.#configured = configured;
        this.#swap(handle, plan);
        this.#loaded(ready);
      },
    };
  }

  /** Connects the thread to a camera's mailbox. */
  attach(camera: string, port: MessagePort): void {
    const message: ToInference = { kind: "attach", camera, port };
    this.#handle?.post(message, portTransfers(message));
  }

  /** A camera was removed, or is not this detector's any more. */
  detach(camera: string): void {
    this.#figures.forget(camera);
    this.#handle?.post({ kind: "detach", camera });
  }

  /** Sets the confidence from the next frame on, and for all later threads. */
  setConfidence(confidence: number): void {
    this.#plan = { ...this.#plan, confidence };
    this.#handle?.post({ kind: "confidence", confidence });
  }

  /** An inference message of this worker was published. */
  countEmitted(): void {
    this.#figures.countEmitted();
  }

  /** The last frame of a camera that this worker has finished, or null. */
  lastSeq(camera: string): number | null {
    return this.#figures.lastSeq(camera);
  }

  abandon(): void {
    this.#parts.onAbandon(this);
    if (this.#handle !== null) this.#inferring.delete(this.#handle);
    this.#handle?.terminate();
    this.#parts.results.abandonResults(this.name);
    this.#handle = null;
    this.#confinement = UNCONFINED;
    this.#startedAtMs = null;
    this.#readyAtMs = null;
    this.#restarts++;
    this.#state = "restarting";
  }

  park(error: ErrorData): void {
    this.#state = "parked";
    this.#error = error;
  }

  /** Lets the thread finish its last frame. */
  async stop(deadline: Promise<unknown>): Promise<boolean> {
    const orderly = await this.#handle?.stop(deadline) ?? true;
    if (!orderly) this.#parts.results.abandonResults(this.name);
    this.#state = "stopped";
    return orderly;
  }

  /** Makes a thread the present one. */
  #adopt(handle: WorkerHandle<ToInference>): void {
    this.#handle = handle;
    this.#inferring.add(handle);
    this.#connect(handle);
  }

  /** Replaces the present thread by one that has loaded its model. */
  #swap(handle: WorkerHandle<ToInference>, plan: DetectorPlan): void {
    const old = this.#handle;
    const nowMs = this.#parts.clock.nowMs();
    // The confidence may have changed while the model was loading.
    this.#plan = { ...plan, confidence: this.#plan.confidence };
    handle.post({ kind: "confidence", confidence: this.#plan.confidence });
    this.#adopt(handle);
    this.#state = "ready";
    this.#error = null;
    this.output.reset();
    this.#startedAtMs ??= nowMs;
    this.#readyAtMs = nowMs;
    this.#parts.onReady(this);
    if (old !== null) void this.#retire(old);
  }

  async #retire(handle: WorkerHandle<ToInference>): Promise<void> {
    await handle.stop(this.#parts.clock.sleep(RETIRE_MS));
    this.#inferring.delete(handle);
  }

  #connect(handle: WorkerHandle<ToInference>): void {
    const port = this.#parts.results.openResults(this.name);
    if (port === null) return;
    const message: ToInference = { kind: "results", port };
    handle.post(message, portTransfers(message));
  }

  #onFailed(handle: WorkerHandle<ToInference>, error: ErrorData): void {
    // A retired thread is terminated anyway, and is no reason to replace the present one.
    if (handle !== this.#handle) return;
    this.#state = "failed";
    this.#parts.onFailed(this, error);
  }

  #onMessage(message: FromInference): void {
    const { log } = this.#parts;
    switch (message.kind) {
      case "ready":
        return this.#onReady(message);
      case "inferred":
        this.#figures.inferred(message.note);
        this.model.observe(message.note);
        this.output.observe(message.note.invalid);
        return this.#parts.onInferred(this, message.note);
      case "frame-failed": {
        const { camera, seq, error } = message;
        this.#figures.finished(camera, seq);
        return log.error("frame.failed", { worker: this.name, camera, ...error });
      }
      case "stopped":
        return;
    }
  }

  #onReady(message: ReadyMessage): void {
    this.#state = "ready";
    this.#readyAtMs = this.#parts.clock.nowMs();
    this.#loaded(message);
    if (this.#restarts > 0) {
      this.#parts.log.warning("worker.recovered", { worker: this.name, restarts: this.#restarts });
    }
    this.#parts.onReady(this);
  }

  /** Keeps and logs what the present thread has loaded. */
  #loaded(ready: ReadyMessage): void {
    this.#confinement = ready.confinement;
    this.model.replace(ready);
    const model = { worker: this.name, model: this.#plan.model, ...loadedFields(ready) };
    this.#parts.log.info("detector.loaded", model);
  }
}
