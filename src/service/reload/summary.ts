import type { SettingsChange } from "./diff.ts";

/** What a configuration has changed, by id: the answer to `reload`. */
export interface ReloadSummary {
  readonly cameras: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    /** Their streams go on. */
    readonly changed: readonly string[];
    readonly reconnected: readonly string[];
  };
  readonly detectors: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    /** Their models are those of before. */
    readonly changed: readonly string[];
    /** Their models were loaded again. */
    readonly loaded: readonly string[];
  };
  /** Other keys that differ. */
  readonly settings: readonly string[];
}

export function summaryOf({ cameras, detectors, service }: SettingsChange): ReloadSummary {
  const ids = ({ changed }: SettingsChange["cameras"], isReplaced: boolean) =>
    [...changed].filter(([_, each]) => each.isReplaced === isReplaced).map(([id]) => id);
  return {
    cameras: {
      ...{ added: cameras.added, removed: cameras.removed },
      ...{ changed: ids(cameras, false), reconnected: ids(cameras, true) },
    },
    detectors: {
      ...{ added: detectors.added, removed: detectors.removed },
      ...{ changed: ids(detectors, false), loaded: ids(detectors, true) },
    },
    settings: service,
  };
}
