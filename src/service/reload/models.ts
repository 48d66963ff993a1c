/** Loads the models that another configuration needs, beside those in use. */
import type { DetectorSettings, Settings } from "../../config/settings.ts";
import type { DetectorPlan } from "../../core/detector_types.ts";
import type { DetectorWorker } from "../workers/detector_worker.ts";
import type { PreparedModel } from "../workers/model_swap.ts";
import type { Roster } from "../workers/roster.ts";
import { detectorPlan } from "../workers/start_messages.ts";
import {
  inferenceSetup,
  type ThreadSetups,
  type WorkerFactory,
} from "../workers/worker_factory.ts";
import { planWith } from "../workers/worker_model.ts";
import type { SettingsChange } from "./diff.ts";

/** Another configuration, what it changes, and how its threads are started. */
export interface NextFleet {
  readonly settings: Settings;
  readonly change: SettingsChange;
  readonly setups: ThreadSetups;
}

/** The workers of every detector of a configuration; those that need new threads have loaded their models. */
export interface LoadedModels {
  workersOf(detector: string): readonly DetectorWorker[];
  /** Makes the new threads the present ones. */
  commit(): void;
  /** Ends the new threads. */
  drop(): void;
}

export interface LoadParts {
  readonly roster: Roster;
  readonly factory: WorkerFactory;
  /** The time limit for each model. */
  readonly limitMs: number;
}

/**
 * Loads one model after the other: a small machine cannot hold the memory of several loads at once.
 * @throws OrionError when one cannot be loaded in time; the threads of the others have been ended then
 */
export async function loadModels(next: NextFleet, parts: LoadParts): Promise<LoadedModels> {
  const { limitMs } = parts;
  const pools = new Map<string, readonly DetectorWorker[]>();
  const prepared: PreparedModel[] = [];
  const drop = () => {
    for (const model of prepared) model.drop();
  };
  try {
    for (const detector of next.settings.detectors) {
      const workers: DetectorWorker[] = [];
      for (let index = 0; index < detector.workers; index++) {
        const { worker, plan } = workerAt(index, detector, next, parts);
        workers.push(worker);
        if (plan === null) continue;
        const configured = detectorPlan(detector, index);
        const setup = inferenceSetup(next.setups, detector.id);
        prepared.push(await worker.prepare({ plan, configured, setup, limitMs }));
      }
      pools.set(detector.id, workers);
    }
  } catch (error) {
    drop();
    throw error;
  }
  return {
    workersOf: (detector) => pools.get(detector) ?? [],
    commit: () => {
      for (const model of prepared) model.commit();
    },
    drop,
  };
}

/** The worker at a place of a pool, and the plan of its new thread; null: its thread stays. */
function workerAt(
  index: number,
  detector: DetectorSettings,
  { change: { detectors }, setups }: NextFleet,
  { roster, factory }: LoadParts,
): { readonly worker: DetectorWorker; readonly plan: DetectorPlan | null } {
  const workers = roster.pools.get(detector.id)?.workers ?? [];
  const [first] = workers;
  const changed = detectors.changed.get(detector.id);
  const configured = detectorPlan(detector, index);
  const plan = first === undefined
    ? configured
    : planInForce(configured, first.plan, changed?.keys ?? new Set());
  const known = workers[index];
  if (known === undefined) return { worker: factory.worker(plan, setups), plan };
  return { worker: known, plan: changed?.isReplaced === true ? plan : null };
}

/** What a command has changed stays, unless the configuration changes the same. */
function planInForce(
  configured: DetectorPlan,
  present: DetectorPlan,
  keys: ReadonlySet<string>,
): DetectorPlan {
  const { model, modelPath, resolvedPath, maxPixels, int8, confidence } = present;
  const source = { model, modelPath, resolvedPath, maxPixels, int8 };
  const plan = keys.has("model") ? configured : planWith(source, configured, configured);
  return keys.has("confidence") ? plan : { ...plan, confidence };
}
