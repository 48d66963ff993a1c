import type { Clock } from "../../core/clock.ts";
import type { Confinement } from "../../core/confinement.ts";
import type { DetectorPlan } from "../../core/detector_types.ts";
import { type ErrorData, errorFromData, ModelError } from "../../core/errors.ts";
import type { FromInference, ToInference } from "../../core/messages.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/** What a thread says when it has loaded its model. */
export type ReadyMessage = Extract<FromInference, { kind: "ready" }>;

/** A model that is loaded beside the present one of a worker. */
export interface PreparedModel {
  /** Replaces the present thread by that of the new model; the old one finishes its last frame. */
  commit(): void;
  /** Terminates the thread of the new model. */
  drop(): void;
}

/** The receiver of a thread's messages. */
export interface ThreadReceiver {
  onMessage(message: FromInference): void;
  onFailed(error: ErrorData): void;
}

/** A thread that has loaded its model. */
export interface LoadedThread {
  readonly handle: WorkerHandle<ToInference>;
  readonly ready: ReadyMessage;
  /** Sends all further messages to another receiver. */
  redirect(receiver: ThreadReceiver): void;
}

/**
 * Starts a thread and waits until it has loaded its model.
 * @throws OrionError when it cannot be loaded, or not within `limitMs`; the thread is terminated then
 */
export async function loadModel(parts: {
  readonly spawn: (receiver: ThreadReceiver) => WorkerHandle<ToInference>;
  readonly plan: DetectorPlan;
  readonly confinement: Confinement | null;
  readonly clock: Clock;
  readonly limitMs: number;
}): Promise<LoadedThread> {
  const { spawn, plan, confinement, clock, limitMs } = parts;
  const ready = Promise.withResolvers<ReadyMessage>();
  let receiver: ThreadReceiver = {
    onMessage: (message) => message.kind === "ready" ? ready.resolve(message) : undefined,
    onFailed: (error) => ready.reject(errorFromData(error)),
  };
  const handle = spawn({
    onMessage: (message) => receiver.onMessage(message),
    onFailed: (error) => receiver.onFailed(error),
  });
  handle.post({ kind: "start", plan, confinement });
  const cancel = clock.after(limitMs, () => ready.reject(timeout(plan.model, limitMs)));
  try {
    return { handle, ready: await ready.promise, redirect: (next) => receiver = next };
  } catch (error) {
    handle.terminate();
    throw error;
  } finally {
    cancel();
  }
}

function timeout(model: string, limitMs: number): ModelError {
  return new ModelError({
    code: "MODEL_LOAD_TIMEOUT",
    message: `Cannot load model ${model}: it was not loaded within ${limitMs / 1000} s`,
    retryable: true,
    remedy: "Use a smaller model, or find out why its file is read so slowly.",
  });
}
