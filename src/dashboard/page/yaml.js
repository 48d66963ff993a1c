// @ts-check
/** What was drawn, as the lines of the configuration. */

/** @typedef {import("./aim_shapes.js").Scene} Scene */
/** @typedef {import("./aim_shapes.js").Point} Point */

/**
 * The keys of a camera, to be written below its `- id:`.
 * @param {Scene} scene
 */
export function cameraYaml({ roi, masks, zones, lines }) {
  /** @type {string[]} */
  const out = [];
  if (roi !== null) {
    out.push(`roi: { x: ${roi.x}, y: ${roi.y}, width: ${roi.width}, height: ${roi.height} }`);
  }
  if (masks.length > 0) out.push("masks:", ...masks.map((mask) => `  - ${polygon(mask)}`));
  if (zones.length > 0) {
    out.push("zones:");
    for (const zone of zones) {
      const names = zone.classes === null
        ? ""
        : `, classes: [${zone.classes.map(text).join(", ")}]`;
      out.push(`  - { id: ${text(zone.id)}, polygon: ${polygon(zone.polygon)}${names} }`);
    }
  }
  if (lines.length > 0) {
    out.push("lines:");
    for (const { id, from, to } of lines) {
      out.push(`  - { id: ${text(id)}, from: ${pair(from)}, to: ${pair(to)} }`);
    }
  }
  return indented(out);
}

/**
 * The keys of a detector, to be written below its `- id:`.
 * @param {{ rateHz: number | null, confidence: number }} settings
 */
export function detectorYaml({ rateHz, confidence }) {
  return indented([
    ...(rateHz === null ? [] : [`rateHz: ${rateHz}`]),
    `confidence: ${confidence}`,
  ]);
}

/** @param {readonly string[]} lines */
function indented(lines) {
  return lines.map((line) => `    ${line}\n`).join("");
}

/** @param {readonly Point[]} points */
function polygon(points) {
  return `[${points.map(pair).join(", ")}]`;
}

/** @param {Point} point */
function pair([x, y]) {
  return `[${x}, ${y}]`;
}

/**
 * A text that YAML cannot take for a number, a truth value or anything else: quoted unless it is plain.
 * @param {string} value
 */
function text(value) {
  const isPlain = /^[a-z][a-z0-9-]*$/i.test(value) &&
    !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
