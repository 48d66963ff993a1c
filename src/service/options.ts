import type { Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Manifest } from "../permissions/manifest.ts";
import type { Places } from "../permissions/places.ts";
import type { WorkerEntries } from "./workers/entries.ts";
import type { ServiceLimits } from "./supervision/limits.ts";

/** What a service is started with. */
export interface ServiceOptions {
  readonly settings: Settings;
  readonly manifest: Manifest;
  readonly places: Places;
  readonly entries: WorkerEntries;
  readonly log: Log;
  readonly clock: Clock;
  readonly version: string;
  /** How many lines of the log were dropped so far; absent: none can be. */
  readonly droppedLogLines?: () => number;
  /** Those that are not given are {@link SERVICE_LIMITS}. */
  readonly limits?: Partial<ServiceLimits>;
}
