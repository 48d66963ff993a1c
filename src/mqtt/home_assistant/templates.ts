/** Templates of Home Assistant (Jinja) over the JSON of Orion's messages. */

/** A text as a literal of a template: Jinja reads JSON's escapes. */
function literal(text: string): string {
  return JSON.stringify(text);
}

/** `ON` or `OFF`. */
export function onIf(condition: string): string {
  return `{{ 'ON' if ${condition} else 'OFF' }}`;
}

/** `online` or `offline`, from a status. */
export const AVAILABLE: string = "{{ 'online' if value_json.state == 'online' else 'offline' }}";

/** Whether a zone is occupied: by a class, or by any. */
export function occupied(className: string | null): string {
  return onIf(className === null ? "value_json.occupied" : `${counted(className)} > 0`);
}

/** How many are in a zone: of a class, or of all. */
export function count(className: string | null): string {
  return `{{ ${className === null ? "value_json.counts.values() | sum" : counted(className)} }}`;
}

/** Occupancy has the classes that were seen; of another one there are none. */
function counted(className: string): string {
  return `value_json.counts.get(${literal(className)}, 0)`;
}

/**
 * An event of presence with the key that Home Assistant wants, and without the picture, which would not
 * fit its recorder.
 */
export const PRESENCE_EVENT: string = `{{ {${
  [
    ["event_type", "type"],
    ...["id", "class", "detector", "track", "startedAt", "seenAt", "endedAt", "dwellSeconds"],
    ...["zones", "reason"],
  ].map((each) => typeof each === "string" ? [each, each] : each)
    .map(([key, from]) => `'${key}': value_json.${from}`).join(", ")
}, 'confidence': value_json.best.confidence} | tojson }}`;

/** A figure of a camera, from the health. */
export function ofCamera(camera: string, figure: string): string {
  return `{{ ${cameraIn(camera)} | map(attribute='${figure}') | first | default(none) }}`;
}

/** A figure of a detector at a camera, from the health. */
export function ofMailbox(
  { camera, detector, figure, percent = false }: {
    readonly camera: string;
    readonly detector: string;
    readonly figure: string;
    readonly percent?: boolean;
  },
): string {
  const mailboxes = `${cameraIn(camera)} | map(attribute='ledger.detectors') | first | default([])`;
  const own = `${mailboxes} | selectattr('detector', 'eq', '${detector}')`;
  const value = `(${own} | map(attribute='${figure}') | first | default(none))`;
  if (!percent) return `{{ ${value} }}`;
  return `{% set part = ${value} %}{{ (part * 100) | round(1) if part is number else none }}`;
}

/** The mean of a figure of a detector's workers, from the health. */
export function ofWorkers(detector: string, figure: string): string {
  const values = `value_json.workers | selectattr('detector', 'eq', '${detector}')` +
    ` | map(attribute='${figure}') | select('number') | list`;
  return `{% set figures = ${values} %}{{ figures | average | round(1) if figures else none }}`;
}

/** A setting of a detector, from the health: as changed by command, or else as configured. */
export function ofSetting(detector: string, setting: string, configured: number): string {
  const changed = `value_json.overrides | selectattr('setting', 'eq', '${setting}')` +
    ` | selectattr('detector', 'eq', '${detector}') | map(attribute='value') | list`;
  return `{{ ${changed} | last | default(${configured}) }}`;
}

function cameraIn(camera: string): string {
  return `value_json.cameras | selectattr('id', 'eq', '${camera}')`;
}

/** The command that a setting is changed by; `value` is what Home Assistant sets. */
export function command(
  name: string,
  { valueKey, ...params }: Readonly<Record<string, string>> & { readonly valueKey: string },
): string {
  const fixed = Object.entries(params).map(([key, text]) => `'${key}': ${literal(text)}`);
  const all = [...fixed, `'${valueKey}': value`].join(", ");
  return `{{ {'schema': 'orion.command/1', 'command': '${name}', 'params': {${all}}} | tojson }}`;
}
