import { ageOf, instantOf } from "../core/age.ts";
import { assertNever } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import type { DetectorPlan, InferenceResult, ResultNote } from "../core/detector_types.ts";
import { errorData, LifecycleError, ModelError } from "../core/errors.ts";
import type { FrameMeta, SentFrame } from "../core/frame_meta.ts";
import type { Log } from "../core/log.ts";
import type { FromInference, FromWorker, ToInference } from "../core/messages.ts";
import type { RawDetections } from "./contract.ts";
import { selectClasses } from "./labels.ts";
import { Postprocessor } from "./postprocess.ts";
import { type ResultPort, resultPort } from "./result_port.ts";
import type { LoadOptions, Model } from "./session.ts";
import { FrameConsumer } from "./frame_consumer.ts";
import { type ConsumerPort, consumerPort } from "./consumer_port.ts";

/** Frames in a row that may fail before the worker gives up, to be started afresh. */
export const MAX_FAILED_FRAMES = 10;
/** How long a stopping detector waits for a camera that it has asked for a frame. */
export const STOP_ANSWER_MS = 250;

/** What a detector is given. */
export interface DetectorDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly post: (message: FromWorker<FromInference>) => void;
  /** Aborted when the thread was told of as failed; it is replaced then. */
  readonly failed: AbortSignal;
  readonly load: (options: LoadOptions) => Promise<Model>;
}

/** What a detector has once its model is loaded. */
interface Running {
  readonly plan: DetectorPlan;
  readonly model: Model;
  readonly postprocessor: Postprocessor;
  readonly consumer: FrameConsumer;
}

/**
 * One worker of a detector: takes frames, infers them, hands what was seen to the publisher and then
 * notes it to the main thread.
 *
 * Cameras may be attached and the confidence set while the model is still loading.
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
  /** The confidence at which it was told that a frame had more than is published. */
  #toldCutAt: number | null = null;

  constructor(deps: DetectorDeps) {
    this.#deps = deps;
    deps.failed.addEventListener("abort", () => this.#abandon(), { once: true });
  }

  /** Does what the main thread says. @throws as {@link start} */
  async handle(message: ToInference): Promise<void> {
    switch (message.kind) {
      case "start":
        return await this.start(message.plan);
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
   * Loads the model, posts `ready`, and begins to take frames.
   * @throws ModelError when the model cannot be loaded or lacks a class; then nothing is held
   */
  start(plan: DetectorPlan): Promise<void> {
    if (this.#loading !== null) throw new LifecycleError("the detector was started twice");
    this.#loading = this.#start(plan);
    return this.#loading;
  }

  /** Takes this camera's frames from now on; the port is the detector's to close. */
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
   * Results go there from now on; the port is the detector's to close. Without one they are lost: it is
   * the publisher that keeps what waits.
   */
  sendResultsTo(port: ResultPort): void {
    this.#results?.close();
    this.#results = port;
  }

  /** From the next frame on. */
  setConfidence(confidence: number): void {
    this.#confidence = confidence;
  }

  /**
   * Finishes the frame in hand, hands its result over, ends the way of the results, frees the model.
   * Harmless when called twice.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    // A failure to start was told to the caller of start, and leaves nothing to stop.
    await this.#loading?.catch(() => undefined);
    this.#closeEarly();
    const running = this.#running;
    this.#running = null;
    if (running !== null) {
      const cancel = this.#deps.clock.after(STOP_ANSWER_MS, () => running.consumer.abandon());
      await running.consumer.stop();
      cancel();
    }
    // The publisher waits for this end before it says `offline`.
    this.#endResults();
    await running?.model[Symbol.asyncDispose]();
  }

  async #start(plan: DetectorPlan): Promise<void> {
    const { clock, load, post } = this.#deps;
    const startedAtMs = clock.nowMs();
    const model = await load({ path: plan.modelPath, model: plan.model, threads: plan.threads });
    try {
      const classes = selectClasses(model.labels, plan.classes, plan.model);
      const postprocessor = new Postprocessor({ labels: model.labels, classes, iou: plan.iou });
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
      const { input, labels, provider } = model;
      post({ kind: "ready", input, classes: labels, provider, loadMs });
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
      raw = await running.model.run(tensor);
    } catch (error) {
      return this.#frameFailed(meta, error);
    }
    const inferredAtMs = clock.nowMs();
    const confidence = this.#confidence ?? running.plan.confidence;
    const { detections, cut } = running.postprocessor.run(raw, meta.fit, confidence);
    this.#failedInARow = 0;
    this.#tellCut(cut, meta, confidence);
    const { detector, worker } = running.plan;
    const inferenceMs = inferredAtMs - beganAtMs;
    const postprocessMs = clock.nowMs() - inferredAtMs;
    const result = { detector, worker, meta, detections, inferenceMs, postprocessMs };
    // The frame is booked as lost with the thread: a result would be one too many.
    if (failed.aborted) return;
    // First of all: what the main thread is told is no part of the frame's way.
    this.#results?.send(result, ageOf(arrivedAtMs, clock));
    post({ kind: "inferred", note: noteOf(result) });
  }

  /** Tells of one frame; from the tenth in a row on, the fault is not the frame's. */
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

  /** Says that a frame had more than is published: once for each confidence that lets it happen. */
  #tellCut(cut: boolean, meta: FrameMeta, confidence: number): void {
    if (!cut || this.#toldCutAt === confidence) return;
    this.#toldCutAt = confidence;
    this.#deps.log.warning("detections.cut", { camera: meta.camera, seq: meta.seq, confidence });
  }

  /** Takes no frame any more, and hands nothing on. */
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

function noteOf({ meta, ...result }: InferenceResult): ResultNote {
  const { detector, detections, inferenceMs, postprocessMs } = result;
  const { camera, seq, queueMs, convertMs, dropsSinceLast } = meta;
  return {
    ...{ detector, camera, seq, detections, queueMs, convertMs },
    ...{ inferenceMs, postprocessMs, dropsSinceLast },
  };
}
