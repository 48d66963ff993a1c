// @ts-check
/** From what is drawn to the commands that apply it. */

/** @typedef {import("./aim_shapes.js").Scene} Scene */

/**
 * The commands that lead from one scene to the other.
 * @param {string} camera
 * @param {Scene} before
 * @param {Scene} after
 * @returns {{ command: string, params: Record<string, unknown> }[]}
 */
export function commandsFor(camera, before, after) {
  const changed = (/** @type {keyof Scene} */ key) =>
    JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  /** @type {{ command: string, params: Record<string, unknown> }[]} */
  const commands = [];
  if (changed("roi")) {
    commands.push(
      after.roi === null
        ? { command: "clear_roi", params: { camera } }
        : { command: "set_roi", params: { camera, roi: after.roi } },
    );
  }
  if (changed("masks")) {
    commands.push({ command: "set_masks", params: { camera, masks: after.masks } });
  }
  if (changed("zones")) {
    const zones = after.zones.map(({ id, polygon, classes }) => (
      classes === null ? { id, polygon } : { id, polygon, classes }
    ));
    commands.push({ command: "set_zones", params: { camera, zones } });
  }
  if (changed("lines")) {
    commands.push({ command: "set_lines", params: { camera, lines: after.lines } });
  }
  return commands;
}
