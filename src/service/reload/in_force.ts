/** What commands have changed, as it goes on under another configuration. */
import { isDeepStrictEqual } from "node:util";
import type { Settings } from "../../config/settings.ts";
import type { PresenceSettings } from "../../core/presence_types.ts";
import type { Replan } from "../../core/publisher_types.ts";
import type { Override } from "../control/overrides.ts";
import type { PresenceInForce } from "../workers/presence_in_force.ts";
import { replanOf } from "../workers/start_messages.ts";
import type { SettingsChange } from "./diff.ts";

const NONE: ReadonlySet<string> = new Set();

/** The settings of the publisher: of presence, keys that the configuration does not change are those in force. */
export function replanInForce(
  settings: Settings,
  change: SettingsChange,
  inForce: PresenceInForce,
): Replan {
  const { homeAssistant, presence } = replanOf(settings);
  const detectors = presence.detectors.map((each) => {
    const before = inForce.settings(each.detector);
    const keys = change.detectors.changed.get(each.detector)?.keys ?? NONE;
    return before === null ? each : { ...each, settings: merged(before, each.settings, keys) };
  });
  const scenes = presence.scenes.map((scene) => {
    const { camera } = scene;
    if (change.cameras.added.includes(camera)) return scene;
    const keys = change.cameras.changed.get(camera)?.keys ?? NONE;
    const before = inForce.scene(camera);
    return {
      camera,
      zones: keys.has("zones") ? scene.zones : before.zones,
      lines: keys.has("lines") ? scene.lines : before.lines,
    };
  });
  return { homeAssistant, presence: { detectors, scenes } };
}

function merged(
  before: PresenceSettings,
  { start, endSeconds, updateSeconds, snapshot }: PresenceSettings,
  keys: ReadonlySet<string>,
): PresenceSettings {
  return {
    start: keys.has("presence.start") ? start : before.start,
    endSeconds: keys.has("presence.endSeconds") ? endSeconds : before.endSeconds,
    updateSeconds: keys.has("presence.updateSeconds") ? updateSeconds : before.updateSeconds,
    // No command changes it.
    snapshot,
  };
}

/** A change by command as it is under another configuration; null: it is not in force any more. */
export function overrideInForce(
  override: Override,
  settings: Settings,
  change: SettingsChange,
  inForce: PresenceInForce,
): Override | null {
  const { setting, camera, detector } = override;
  const known = settings.detectors.find(({ id }) => id === detector) ?? null;
  const hasCamera = camera === null ||
    (known === null
      ? settings.cameras.some(({ id }) => id === camera)
      : known.cameras.includes(camera));
  if (!hasCamera || (detector !== null && known === null)) return null;
  if (setting === "presence") return presenceOverride(override, known?.presence ?? null, inForce);
  const keys = detector === null
    ? change.cameras.changed.get(camera ?? "")?.keys
    : change.detectors.changed.get(detector)?.keys;
  return keys?.has(setting) === true ? null : override;
}

/** It has all settings of a detector, of which the configuration may have changed some. */
function presenceOverride(
  override: Override,
  configured: PresenceSettings | null,
  inForce: PresenceInForce,
): Override | null {
  const now = inForce.settings(override.detector ?? "");
  if (configured === null || now === null) return null;
  if (isDeepStrictEqual(now, configured)) return null;
  const { snapshot: _, ...value } = now;
  return { ...override, value };
}
