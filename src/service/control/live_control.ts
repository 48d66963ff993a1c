import { Buffer } from "node:buffer";
import type { BoxNorm } from "../../core/geometry.ts";
import { OrionError } from "../../core/errors.ts";
import type { CameraWorker } from "../workers/camera_worker.ts";
import type { ControlTarget, Pair } from "./controller.ts";
import type { AllowedModel } from "./model_resolver.ts";
import type { Fleet } from "../workers/fleet.ts";

/** What the fleet cannot do by itself. */
export interface LiveControlParts {
  readonly fleet: Fleet;
  readonly status: () => Promise<unknown>;
  readonly shutdown: () => void;
}

/**
 * Changes the running fleet. What is changed is kept where the settings of a camera and of a worker's
 * place are, so it outlives their threads.
 */
export class LiveControl implements ControlTarget {
  readonly #parts: LiveControlParts;

  constructor(parts: LiveControlParts) {
    this.#parts = parts;
  }

  cameras(): readonly string[] {
    return [...this.#parts.fleet.cameras.keys()];
  }

  detectors(): ReadonlyMap<string, readonly string[]> {
    return this.#parts.fleet.detectors;
  }

  getStatus(): Promise<unknown> {
    return this.#parts.status();
  }

  pause(pairs: readonly Pair[]): void {
    for (const pair of pairs) this.#resubscribe(pair, { paused: true });
  }

  resume(pairs: readonly Pair[]): void {
    for (const pair of pairs) this.#resubscribe(pair, { paused: false });
  }

  setRate(pairs: readonly Pair[], rateHz: number): void {
    for (const pair of pairs) this.#resubscribe(pair, { rateHz });
  }

  setConfidence(detector: string, confidence: number): void {
    for (const worker of this.#parts.fleet.poolOf(detector)) worker.setConfidence(confidence);
  }

  setRoi(camera: string, roi: BoxNorm | null): void {
    this.#camera(camera).setRoi(roi);
  }

  setModel(detector: string, model: AllowedModel): Promise<void> {
    return this.#parts.fleet.setModel(detector, model);
  }

  async snapshot(camera: string): Promise<string> {
    return Buffer.from(await this.#camera(camera).snapshot()).toString("base64");
  }

  shutdown(): void {
    this.#parts.shutdown();
  }

  #camera(id: string): CameraWorker {
    const camera = this.#parts.fleet.cameras.get(id);
    if (camera !== undefined) return camera;
    throw new OrionError({
      code: "CONTROL_UNKNOWN_CAMERA",
      message: `there is no camera "${id}"`,
      retryable: false,
      remedy: `Name one of: ${this.cameras().join(", ")}.`,
    });
  }

  #resubscribe({ camera, detector }: Pair, change: { paused?: boolean; rateHz?: number }): void {
    const unit = this.#camera(camera);
    const subscription = unit.subscription(detector);
    if (subscription !== null) unit.subscribe({ ...subscription, ...change });
  }
}
