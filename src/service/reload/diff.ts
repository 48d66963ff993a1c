/** What differs between two configurations, and what that takes. Pure functions of both. */
import { isDeepStrictEqual } from "node:util";
import type { CameraSettings, DetectorSettings, Settings } from "../../config/settings.ts";
import { captureSource, detectorPlan } from "../workers/start_messages.ts";

/** A camera or a detector that both configurations have. */
export interface ItemChange {
  /** The keys that differ, as they are written in the configuration. */
  readonly keys: ReadonlySet<string>;
  /** Whether its threads have to be replaced: they cannot change it while they run. */
  readonly isReplaced: boolean;
}

/** What became of the cameras, or of the detectors. */
export interface ListChange {
  /** In the order of the configuration. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Those with a difference, by id. */
  readonly changed: ReadonlyMap<string, ItemChange>;
}

/** The differences between two configurations. */
export interface SettingsChange {
  /** Keys that apply at the next start alone. */
  readonly fixed: readonly string[];
  /** Further keys that apply while Orion runs. */
  readonly service: readonly string[];
  readonly cameras: ListChange;
  readonly detectors: ListChange;
}

/** Keys beside cameras and detectors that can change while Orion runs; all others are fixed. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  ...["control.allow", "health.statsIntervalSeconds", "shutdownTimeoutSeconds"],
  ...["watchdog.intervalSeconds", "watchdog.minTimeoutSeconds"],
]);

/** The keys of fields that have another name than theirs. */
const KEY_OF: Readonly<Record<string, string>> = {
  ...{ displayUrl: "url", kind: "url", file: "url", endpoint: "url" },
  ...{ caPath: "ca", udpPorts: "udpPort", hasOwnUdpPort: "udpPort", openVino: "providers" },
  ...{ "mqtt.address": "mqtt.url", "mqtt.isEmbedded": "mqtt.url", "mqtt.displayUrl": "mqtt.url" },
};

/** Finds what differs. */
export function settingsChange(before: Settings, after: Settings): SettingsChange {
  const others = [...changedKeys(otherValues(before), otherValues(after))];
  // Without a URL the address is where the embedded broker listens.
  const isEmbedded = before.mqtt.isEmbedded && after.mqtt.isEmbedded;
  return {
    fixed: others.filter((key) => !CHANGEABLE.has(key))
      .map((key) => key === "mqtt.url" && isEmbedded ? "mqtt.listen" : key),
    service: others.filter((key) => CHANGEABLE.has(key)),
    cameras: listChange(before.cameras, after.cameras, cameraChange),
    detectors: listChange(before.detectors, after.detectors, detectorChange),
  };
}

/** Whether the two configurations do the same. */
export function isSame({ fixed, service, cameras, detectors }: SettingsChange): boolean {
  return fixed.length + service.length === 0 &&
    [cameras, detectors].every((list) =>
      list.added.length + list.removed.length + list.changed.size === 0
    );
}

function listChange<T extends { readonly id: string }>(
  before: readonly T[],
  after: readonly T[],
  change: (before: T, after: T) => ItemChange,
): ListChange {
  const known = new Map(before.map((each) => [each.id, each]));
  const wanted = new Set(after.map(({ id }) => id));
  const changed = after.flatMap((each) => {
    const former = known.get(each.id);
    const found = former === undefined ? null : change(former, each);
    return found === null || found.keys.size === 0 ? [] : [[each.id, found] as const];
  });
  return {
    added: [...wanted].filter((id) => !known.has(id)),
    removed: [...known.keys()].filter((id) => !wanted.has(id)),
    changed: new Map(changed),
  };
}

function cameraChange(before: CameraSettings, after: CameraSettings): ItemChange {
  return {
    keys: changedKeys(cameraValues(before), cameraValues(after)),
    isReplaced: !isDeepStrictEqual(streamOf(before), streamOf(after)),
  };
}

/** What a camera's thread cannot change while it runs. */
function streamOf(camera: CameraSettings) {
  const source = captureSource(camera, { roi: null, masks: [], firstSeq: 0 });
  return { ...source, stallTimeoutMs: 0 };
}

function detectorChange(before: DetectorSettings, after: DetectorSettings): ItemChange {
  return {
    keys: changedKeys(detectorValues(before), detectorValues(after)),
    isReplaced: !isDeepStrictEqual(modelOf(before), modelOf(after)),
  };
}

/** What an inference worker cannot change while it runs. */
function modelOf(detector: DetectorSettings) {
  return detectorPlan({ ...detector, inference: { ...detector.inference, confidence: 0 } }, 0);
}

type Values = ReadonlyMap<string, readonly unknown[]>;

function cameraValues({ stream, url, ...camera }: CameraSettings): Values {
  return valuesOf({ ...camera, ...stream, url: url.expose() });
}

function detectorValues(
  { inference, presence, cameras, ...detector }: DetectorSettings,
): Values {
  const { id, rateHz, workers, ...model } = detector;
  return valuesOf({
    ...{ id, rateHz, workers, model, ...inference, cameras: cameras.toSorted() },
    ...presence === null ? { presence } : { presence: true, ...prefixed("presence", presence) },
  });
}

function otherValues({ instance, shutdownTimeoutSeconds, ...groups }: Settings): Values {
  const { mqtt, health, watchdog, control, confinement, models } = groups;
  return valuesOf({
    ...{ instance, shutdownTimeoutSeconds },
    ...prefixed("mqtt", { ...mqtt, password: mqtt.password?.expose() }),
    ...prefixed("health", { ...health, token: health.token?.expose() }),
    ...prefixed("watchdog", watchdog),
    ...prefixed("control", control),
    ...prefixed("confinement", confinement),
    ...prefixed("models", models),
  });
}

function prefixed(group: string, values: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([field, value]) => [`${group}.${field}`, value]),
  );
}

/** The values of fields by the key that they come from. */
function valuesOf(fields: Readonly<Record<string, unknown>>): Values {
  return Map.groupBy(Object.entries(fields), ([field]) => KEY_OF[field] ?? field);
}

function changedKeys(before: Values, after: Values): ReadonlySet<string> {
  const all = new Set([...before.keys(), ...after.keys()]);
  return new Set([...all].filter((key) => !isDeepStrictEqual(before.get(key), after.get(key))));
}
