import type { DetectorPlan, LoadedModel, ModelSource } from "../../core/detector_types.ts";
import type { SizePx } from "../../core/geometry.ts";
import { type ModelSettings, NOTHING_SAID } from "../../core/model_families.ts";
import { policyText } from "../../core/model_input.ts";
import type { ReadyMessage } from "./model_swap.ts";

/** The model of a worker's present thread, or else of its last one; and how pictures are put into it. */
export class WorkerModel {
  #loaded: LoadedModel | null = null;
  readonly #inputs = new Map<string, SizePx>();

  /** null before the first one was loaded. */
  get loaded(): LoadedModel | null {
    return this.#loaded;
  }

  /** The size of its input for the newest frame of each camera. */
  get inputs(): ReadonlyMap<string, SizePx> {
    return this.#inputs;
  }

  /** The present thread has another model. */
  replace(
    { kind: _kind, loadMs: _loadMs, confinement: _confinement, ...model }: ReadyMessage,
  ): void {
    this.#loaded = model;
    this.#inputs.clear();
  }

  /** It has inferred a frame. */
  observe({ camera, input }: { readonly camera: string; readonly input: SizePx }): void {
    this.#inputs.set(camera, input);
  }
}

/**
 * The plan for another model. What the configuration says of its model does not hold for others.
 * @param present     the plan in force
 * @param configured  the plan of the configuration
 */
export function planWith(
  model: ModelSource,
  present: DetectorPlan,
  configured: DetectorPlan,
): DetectorPlan {
  const { family, preprocess }: ModelSettings = model.model === configured.model
    ? configured
    : NOTHING_SAID;
  return { ...present, ...model, family, preprocess };
}

/** The fields of the log line about a loaded model. */
export function loadedFields({ file, family, provider, input, classes, loadMs }: ReadyMessage) {
  const { choice, ...rest } = file;
  return {
    ...rest,
    ...choice === null ? {} : { choice },
    ...{ family, provider, input: policyText(input), classes: classes.length },
    loadMs: Math.round(loadMs),
  };
}

/** A loaded model in a few words. */
export function loadedText({ file, family, provider, input, classes }: LoadedModel): string {
  const why = file.choice === null ? "" : ` (${file.choice})`;
  return `${file.file}, ${file.precision}${why}, ${family}, input ${policyText(input)}, ` +
    `${classes.length} classes, runs on ${provider}`;
}
