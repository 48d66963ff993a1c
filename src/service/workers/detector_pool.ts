import type { DetectorSettings } from "../../config/settings.ts";
import type { AllowedModel } from "../control/model_resolver.ts";
import type { DetectorWorker } from "./detector_worker.ts";

/** A detector: the workers that share the frames of its cameras. */
export class DetectorPool {
  readonly detector: string;
  /** The cameras whose frames it takes. */
  cameras: readonly string[];
  workers: readonly DetectorWorker[];

  constructor({ id, cameras }: DetectorSettings, workers: readonly DetectorWorker[]) {
    this.detector = id;
    this.cameras = cameras;
    this.workers = workers;
  }

  /** The classes of the model; null before one was loaded. */
  get modelClasses(): readonly string[] | null {
    for (const { model: { loaded } } of this.workers) if (loaded !== null) return loaded.classes;
    return null;
  }

  /** Sets the confidence of all workers from their next frame on. */
  setConfidence(confidence: number): void {
    for (const worker of this.workers) worker.setConfidence(confidence);
  }

  /**
   * Loads a model in all workers beside the present one, and swaps once all have loaded it.
   * @throws OrionError when one of them cannot load it; all keep the present model then
   */
  async setModel(model: AllowedModel): Promise<void> {
    const loaded = await Promise.allSettled(
      this.workers.map((worker) => worker.prepareModel(model)),
    );
    const failed = loaded.find((each) => each.status === "rejected");
    for (const each of loaded) {
      if (each.status !== "fulfilled") continue;
      if (failed === undefined) each.value.commit();
      else each.value.drop();
    }
    if (failed !== undefined) throw failed.reason;
  }
}
