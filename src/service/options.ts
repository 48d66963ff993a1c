import type { Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Redactor } from "../core/redact.ts";
import type { Manifest } from "../permissions/manifest.ts";
import type { IsGranted } from "../permissions/missing.ts";
import type { Places } from "../permissions/places.ts";
import type { WorkerEntries } from "./workers/entries.ts";
import type { ServiceLimits } from "./supervision/limits.ts";

/** What a service works with. */
export interface ServiceOptions {
  readonly settings: Settings;
  /** The permissions that a configuration needs. */
  readonly manifestOf: (settings: Settings) => Manifest;
  readonly places: Places;
  readonly entries: WorkerEntries;
  /** Whether this process has a permission. */
  readonly isGranted: IsGranted;
  /** Whether this is a compiled program, whose permissions are baked in. */
  readonly isCompiled: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly version: string;
  /** Reads the configuration again. @throws OrionError with every problem */
  readonly readSettings: () => Settings;
  /** Knows the secrets of the settings. */
  readonly redactor: Redactor;
  /** The number of log lines dropped so far; absent where none can be. */
  readonly droppedLogLines?: () => number;
  /**
   * Called once the service handles signals; absent where nothing did before.
   * @returns whether one has asked to read the configuration again
   */
  readonly handsOverSignals?: () => boolean;
  /** Limits other than {@link SERVICE_LIMITS}. */
  readonly limits?: Partial<ServiceLimits>;
}
