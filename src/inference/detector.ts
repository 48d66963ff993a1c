import { ageOf, instantOf } from "../core/age.ts";
import { assertNever } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import { type Confinement, type ConfinementState, UNCONFINED } from "../core/confinement.ts";
import type { DetectorPlan, InferenceResult, ResultNote } from "../core/detector_types.ts";
import { errorData, LifecycleError, ModelError } from "../core/errors.ts";
import type { FrameMeta, SentFrame } from "../core/frame_meta.ts";
import type { Log } from "../core/log.ts";
import type { FromInference, FromWorker, ToInference } from "../core/messages.ts";
import type { RawDetections } from "./raw_detections.ts";
import { selectClasses } from "./labels.ts";
import { type InvalidOutput, Postprocessor } from "./postprocess.ts";
import { withSharpness } from "./sharpness.ts";
import { type ResultPort, resultPort } from "./result_port.ts";
import type { LoadOptions, Model } from "./model.ts";
import { FrameConsumer } from "./frame_consumer.ts";
import { type ConsumerPort, consumerPort } from "./consumer_port.ts";

/** Consecutive failed frames after which the worker fails, to be restarted. */
export const MAX_FAILED_FRAMES = 10;
/** How long a stopping detector waits for cameras that owe an answer. */
export const STOP_ANSWER_MS = 250;

/** Dependencies of a detector. */
export interface DetectorDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly post: (message: FromWorker<FromInference>) => void;
  /** Aborted when the thread was reported as failed, and is being replaced. */
  readonly failed: AbortSignal;
  readonly load: (options: LoadOptions) => Promise<Model>;
  /** Confines this thread and its native code; null: not at all. */
  readonly confine: (confinement: Confinement | null) => Promise<ConfinementState>;
}

/** The state of a detector whose model is loaded. */
interface Running {
  readonly plan: DetectorPlan;
  readonly model: Model;
  readonly postprocessor: Postprocessor;
  readonly consumer: FrameConsumer;
}

/**
 * One worker of a detector: takes frames, infers them, sends the detections to the publisher and then a
 * note to the main thread.
 *
 * Cameras may be attached and the confidence set while the model is loading.
 */
export class Detector {
  readonly #deps: DetectorDeps;
  /** Cameras that were attached before the model was ready. */
  readonly #early = new Map<string, ConsumerPort>();
  #loading: Promise<void> | null = null;
  #running: Running | null = null;
  #results: ResultPort | null = null;
  #confidence: number | null = null;
  #stopping = false;
  #failedInARow = 0;
  /** The confidence for which a truncated frame was logged. */
  #truncationLoggedAt: number | null = null;
  #invalidLogged = false;

  constructor(deps: DetectorDeps) {
    this.#deps = deps;
    deps.failed.addEventListener("abort", () => this.#abandon(), { once: true });
  }

  /** Handles a message of the main thread. @throws as {@link start} */
  async handle(message: ToInference): Promise<void> {
    switch (message.kind) {
      case "start":
        return await this.start(message.plan, message.confinement);
      case "attach":
        return this.attach(message.camera, consumerPort(message.port));
      case "detach":
        return this.detach(message.camera);
      case "results":
        return this.sendResultsTo(resultPort(message.port));
      case "confidence":
        return this.setConfidence(message.confidence);
      case "stop":
        await this.stop();
        return this.#deps.post({ kind: "stopped" });
      default:
        return assertNever(message);
    }
  }

  /**
   * Loads the model, posts `ready`, and starts to take frames.
   * @throws ModelError when the model cannot be loaded or lacks a class; then no resource is held
   */
  start(plan: DetectorPlan, confinement: Confinement | null = null): Promise<void> {
    if (this.#loading !== null) throw new LifecycleError("the detector was started twice");
    this.#loading = this.#start(plan, confinement);
    return this.#loading;
  }

  /** Takes frames of a camera from now on, and owns the port. */
  attach(camera: string, port: ConsumerPort): void {
    if (this.#running !== null) return this.#running.consumer.attach(camera, port);
    this.#early.get(camera)?.close();
    this.#early.set(camera, port);
  }

  detach(camera: string): void {
    this.#running?.consumer.detach(camera);
    this.#early.get(camera)?.close();
    this.#early.delete(camera);
  }

  /**
   * Sends results to a port from now on, and owns it. Without a port results are lost: the publisher does
   * the queueing.
   */
  sendResultsTo(port: ResultPort): void {
    this.#results?.close();
    this.#results = port;
  }

  /** Sets the confidence from the next frame on. */
  setConfidence(confidence: number): void {
    this.#confidence = confidence;
  }

  /**
   * Finishes the current frame, sends its result, closes the result port and releases the model.
   * Idempotent.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    // The caller of `start` handles its failure, after which there is nothing to stop.
    await this.#loading?.catch(() => undefined);
    this.#closeEarly();
    const running = this.#running;
    this.#running = null;
    if (running !== null) {
      const cancel = this.#deps.clock.after(STOP_ANSWER_MS, () => running.consumer.abandon());
      await running.consumer.stop();
      cancel();
    }
    // The publisher waits for this before it publishes `offline`.
    this.#endResults();
    await running?.model[Symbol.asyncDispose]();
  }

  async #start(plan: DetectorPlan, confinement: Confinement | null): Promise<void> {
    const { clock, load, log, post, confine } = this.#deps;
    const startedAtMs = clock.nowMs();
    let state = UNCONFINED;
    const raiseWall = async () => void (state = await confine(confinement));
    // The drivers of other providers read and start whatever they like while they are set up.
    const early = plan.providers.every((provider) => provider === "cpu");
    const model = await load({
      path: plan.modelPath,
      resolvedPath: plan.resolvedPath,
      model: plan.model,
      settings: { family: plan.family, preprocess: plan.preprocess },
      classes: plan.classes,
      maxPixels: plan.maxPixels,
      int8: plan.int8,
      input: plan.input,
      threads: plan.threads,
      providers: plan.providers,
      ...plan.openVino === undefined ? {} : { openVino: plan.openVino },
      onProviderSkipped: (provider, reason) =>
        log.warning("detector.provider_skipped", { worker: plan.worker, provider, reason }),
      ...early ? { beforeSession: raiseWall } : {},
    });
    try {
      if (!early) await raiseWall();
      const { labels, columns, overlaps } = model;
      const postprocessor = new Postprocessor({
        ...{ labels, columns, classes: selectClasses(labels, plan.classes, plan.model) },
        iou: overlaps ? plan.iou : null,
      });
      if (this.#stopping) return await model[Symbol.asyncDispose]();
      const running: Running = {
        plan,
        model,
        postprocessor,
        consumer: new FrameConsumer({
          input: model.input,
          clock,
          infer: (meta, tensor, age) => this.#frame(running, { meta, age }, tensor),
          fail: (error) => post({ kind: "failed", error: errorData(error) }),
        }),
      };
      this.#running = running;
      const loadMs = clock.nowMs() - startedAtMs;
      const { input, family, provider, identity, file } = model;
      const loaded = { identity, file, family, input, classes: labels, provider };
      post({ kind: "ready", ...loaded, loadMs, confinement: state });
      for (const [camera, port] of this.#early) running.consumer.attach(camera, port);
      this.#early.clear();
    } catch (error) {
      await model[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #frame(running: Running, { meta, age }: SentFrame, tensor: ArrayBuffer): Promise<void> {
    const { clock, failed, post } = this.#deps;
    const arrivedAtMs = instantOf(age, clock);
    const beganAtMs = clock.nowMs();
    let raw: RawDetections;
    try {
      raw = await running.model.run(tensor, meta.fit.input);
    } catch (error) {
      return this.#frameFailed(meta, error);
    }
    const inferredAtMs = clock.nowMs();
    const { plan, postprocessor } = running;
    const { detector, worker, tracking } = plan;
    const confidence = this.#confidence ?? plan.confidence;
    const found = postprocessor.run(raw, meta.fit, confidence, tracking?.minConfidence);
    const { weak } = found;
    const detections = tracking?.sharpness === true
      ? withSharpness(found.detections, { tensor: new Float32Array(tensor), fit: meta.fit })
      : found.detections;
    this.#failedInARow = 0;
    this.#logTruncation(found.cut, meta, confidence);
    this.#logInvalid(found.invalid, meta);
    const inferenceMs = inferredAtMs - beganAtMs;
    const postprocessMs = clock.nowMs() - inferredAtMs;
    const result = {
      ...{ detector, worker, model: running.model.identity, meta, detections, weak },
      ...{ inferenceMs, postprocessMs },
    };
    // The frame is already counted as lost with the thread.
    if (failed.aborted) return;
    // Before the note: that is not on the latency path.
    this.#results?.send(result, ageOf(arrivedAtMs, clock));
    post({ kind: "inferred", note: noteOf(result, found.invalid?.count ?? 0) });
  }

  /** Reports a failed frame. @throws ModelError after {@link MAX_FAILED_FRAMES} consecutive ones */
  #frameFailed(meta: FrameMeta, error: unknown): void {
    this.#deps.post({
      kind: "frame-failed",
      camera: meta.camera,
      seq: meta.seq,
      error: errorData(error),
    });
    if (++this.#failedInARow < MAX_FAILED_FRAMES) return;
    throw new ModelError({
      code: "MODEL_RUN",
      message: `Cannot go on: ${MAX_FAILED_FRAMES} frames in a row failed, the last one with: ` +
        errorData(error).message,
      retryable: true,
      remedy: "If it comes back after the restart, use another model.",
    }, { cause: error });
  }

  /** Logs that the detections of a frame were truncated, once per confidence. */
  #logTruncation(cut: boolean, meta: FrameMeta, confidence: number): void {
    if (!cut || this.#truncationLoggedAt === confidence) return;
    this.#truncationLoggedAt = confidence;
    this.#deps.log.warning("detections.cut", { camera: meta.camera, seq: meta.seq, confidence });
  }

  /** Logs once that the model gives what no detector gives. */
  #logInvalid(invalid: InvalidOutput | null, { camera, seq }: FrameMeta): void {
    if (invalid === null || this.#invalidLogged) return;
    this.#invalidLogged = true;
    this.#deps.log.error("detections.invalid", { camera, seq, ...invalid });
  }

  /** Stops taking frames and sending results. */
  #abandon(): void {
    this.#running?.consumer.abandon();
    this.#endResults();
  }

  #endResults(): void {
    this.#results?.close();
    this.#results = null;
  }

  #closeEarly(): void {
    for (const port of this.#early.values()) port.close();
    this.#early.clear();
  }
}

function noteOf({ meta, ...result }: InferenceResult, invalid: number): ResultNote {
  const { detector, detections, inferenceMs, postprocessMs } = result;
  const { camera, seq, fit: { input }, queueMs, convertMs, dropsSinceLast } = meta;
  return {
    ...{ detector, camera, seq, input, detections, invalid, queueMs, convertMs },
    ...{ inferenceMs, postprocessMs, dropsSinceLast },
  };
}
