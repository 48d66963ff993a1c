// @ts-check
/** What is drawn on a picture, as values: every change makes a new scene, so undo is the scene before. */

/**
 * @typedef {readonly [x: number, y: number]} Point  in fractions of the picture as shown
 * @typedef {{ x: number, y: number, width: number, height: number }} Region
 * @typedef {{ id: string, polygon: readonly Point[], classes: readonly string[] | null }} Zone
 * @typedef {{ id: string, from: Point, to: Point }} Line
 * @typedef {{ roi: Region | null, masks: readonly (readonly Point[])[], zones: readonly Zone[], lines: readonly Line[] }} Scene
 * @typedef {"zone" | "line" | "mask" | "region"} Kind
 * @typedef {{ kind: Kind, index: number }} Selection
 */

/** The bounds of the configuration. */
const MAX_POINTS = 64;
const MAX_SHAPES = 32;
/** No side of a region is shorter. */
const MIN_SIDE = 0.02;

/** @type {Scene} */
export const EMPTY = { roi: null, masks: [], zones: [], lines: [] };

/**
 * To a thousandth of the picture: about a pixel.
 * @param {number} value
 */
function tidy(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
}

/**
 * @param {Point} point
 * @returns {Point}
 */
function tidyPoint([x, y]) {
  return [tidy(x), tidy(y)];
}

/**
 * The points by which a shape is changed: the corners, or the ends of a line.
 * @param {Scene} scene
 * @param {Selection} selection
 * @returns {readonly Point[]}
 */
export function pointsOf(scene, { kind, index }) {
  switch (kind) {
    case "zone":
      return scene.zones[index]?.polygon ?? [];
    case "mask":
      return scene.masks[index] ?? [];
    case "line": {
      const line = scene.lines[index];
      return line === undefined ? [] : [line.from, line.to];
    }
    case "region":
      return scene.roi === null ? [] : cornersOf(scene.roi);
  }
}

/**
 * @param {Region} region
 * @returns {readonly Point[]}
 */
function cornersOf({ x, y, width, height }) {
  const [right, bottom] = [tidy(x + width), tidy(y + height)];
  return [[x, y], [right, y], [right, bottom], [x, bottom]];
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} index
 * @param {T} item
 */
function replaced(list, index, item) {
  return list.map((one, at) => at === index ? item : one);
}

/**
 * The scene with other points for a shape.
 * @param {Scene} scene
 * @param {Selection} selection
 * @param {readonly Point[]} points
 * @returns {Scene}
 */
function withPoints(scene, { kind, index }, points) {
  const tidied = points.map(tidyPoint);
  switch (kind) {
    case "zone": {
      const zone = scene.zones[index];
      if (zone === undefined) return scene;
      return { ...scene, zones: replaced(scene.zones, index, { ...zone, polygon: tidied }) };
    }
    case "mask":
      return { ...scene, masks: replaced(scene.masks, index, tidied) };
    case "line": {
      const line = scene.lines[index];
      const [from, to] = tidied;
      if (line === undefined || from === undefined || to === undefined) return scene;
      return { ...scene, lines: replaced(scene.lines, index, { ...line, from, to }) };
    }
    case "region":
      return { ...scene, roi: regionAround(tidied) };
  }
}

/**
 * @param {readonly Point[]} points
 * @returns {Region}
 */
function regionAround(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const x = Math.min(Math.min(...xs), 1 - MIN_SIDE);
  const y = Math.min(Math.min(...ys), 1 - MIN_SIDE);
  return {
    ...{ x: tidy(x), y: tidy(y) },
    width: tidy(Math.max(MIN_SIDE, Math.max(...xs) - x)),
    height: tidy(Math.max(MIN_SIDE, Math.max(...ys) - y)),
  };
}

/**
 * Moves one point. That of a region moves its two sides.
 * @param {Scene} scene
 * @param {Selection} selection
 * @param {number} at
 * @param {Point} point
 */
export function movePoint(scene, selection, at, point) {
  const points = pointsOf(scene, selection);
  if (selection.kind !== "region") return withPoints(scene, selection, replaced(points, at, point));
  const opposite = points[(at + 2) % 4];
  return opposite === undefined ? scene : withPoints(scene, selection, [point, opposite]);
}

/**
 * Moves a whole shape, as far as it stays inside the picture.
 * @param {Scene} scene
 * @param {Selection} selection
 * @param {Point} by
 */
export function moveShape(scene, selection, [dx, dy]) {
  const points = pointsOf(scene, selection);
  const within = (/** @type {number} */ delta, /** @type {readonly number[]} */ values) =>
    Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), delta));
  const x = within(dx, points.map(([value]) => value));
  const y = within(dy, points.map(([, value]) => value));
  return withPoints(scene, selection, points.map(([px, py]) => [px + x, py + y]));
}

/** @param {Selection} selection */
function isPolygon({ kind }) {
  return kind === "zone" || kind === "mask";
}

/**
 * Adds a corner in the middle of the side that follows corner `at`.
 * @param {Scene} scene
 * @param {Selection} selection
 * @param {number} at
 */
export function addPoint(scene, selection, at) {
  const points = pointsOf(scene, selection);
  const [from, to] = [points[at], points[(at + 1) % points.length]];
  if (!canAddPoint(scene, selection) || from === undefined || to === undefined) return scene;
  /** @type {Point} */
  const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  return withPoints(scene, selection, [
    ...points.slice(0, at + 1),
    middle,
    ...points.slice(at + 1),
  ]);
}

/**
 * @param {Scene} scene
 * @param {Selection} selection
 */
export function canAddPoint(scene, selection) {
  return isPolygon(selection) && pointsOf(scene, selection).length < MAX_POINTS;
}

/**
 * Removes a corner; a polygon keeps three.
 * @param {Scene} scene
 * @param {Selection} selection
 * @param {number} at
 */
export function removePoint(scene, selection, at) {
  const points = pointsOf(scene, selection);
  if (!isPolygon(selection) || points.length <= 3) return scene;
  return withPoints(scene, selection, points.filter((_, index) => index !== at));
}

/**
 * @param {Scene} scene
 * @param {Selection} selection
 * @returns {Scene}
 */
export function removeShape(scene, { kind, index }) {
  const others = (/** @type {unknown} */ _, /** @type {number} */ at) => at !== index;
  switch (kind) {
    case "zone":
      return { ...scene, zones: scene.zones.filter(others) };
    case "mask":
      return { ...scene, masks: scene.masks.filter(others) };
    case "line":
      return { ...scene, lines: scene.lines.filter(others) };
    case "region":
      return { ...scene, roi: null };
  }
}

/**
 * Adds a shape between two corners of a rectangle, or the two ends of a line.
 * @param {Scene} scene
 * @param {Kind} kind
 * @param {Point} from
 * @param {Point} to
 * @returns {{ scene: Scene, selection: Selection }}
 */
export function addShape(scene, kind, from, to) {
  const region = regionAround([from, to]);
  switch (kind) {
    case "zone": {
      const id = freeId("zone", scene.zones);
      const zones = [...scene.zones, { id, polygon: cornersOf(region), classes: null }];
      return { scene: { ...scene, zones }, selection: { kind, index: zones.length - 1 } };
    }
    case "mask": {
      const masks = [...scene.masks, cornersOf(region)];
      return { scene: { ...scene, masks }, selection: { kind, index: masks.length - 1 } };
    }
    case "line": {
      const id = freeId("line", scene.lines);
      const lines = [...scene.lines, { id, from: tidyPoint(from), to: tidyPoint(to) }];
      return { scene: { ...scene, lines }, selection: { kind, index: lines.length - 1 } };
    }
    case "region":
      return { scene: { ...scene, roi: region }, selection: { kind, index: 0 } };
  }
}

/**
 * @param {Scene} scene
 * @param {Kind} kind
 */
export function canAdd(scene, kind) {
  const lists = { zone: scene.zones, mask: scene.masks, line: scene.lines, region: [] };
  return lists[kind].length < MAX_SHAPES;
}

/**
 * @param {string} prefix
 * @param {readonly { id: string }[]} used
 */
function freeId(prefix, used) {
  const ids = new Set(used.map(({ id }) => id));
  let number = 1;
  while (ids.has(`${prefix}-${number}`)) number += 1;
  return `${prefix}-${number}`;
}

/**
 * The scene with another name for a zone or a line.
 * @param {Scene} scene
 * @param {Selection} selection
 * @param {string} id
 * @returns {Scene}
 */
export function withId(scene, { kind, index }, id) {
  const { zones, lines } = scene;
  const [zone, line] = [zones[index], lines[index]];
  if (kind === "zone" && zone !== undefined) {
    return { ...scene, zones: replaced(zones, index, { ...zone, id }) };
  }
  if (kind === "line" && line !== undefined) {
    return { ...scene, lines: replaced(lines, index, { ...line, id }) };
  }
  return scene;
}

/**
 * The scene with other classes that count in a zone.
 * @param {Scene} scene
 * @param {number} index
 * @param {readonly string[] | null} classes
 * @returns {Scene}
 */
export function withClasses(scene, index, classes) {
  const zone = scene.zones[index];
  if (zone === undefined) return scene;
  return { ...scene, zones: replaced(scene.zones, index, { ...zone, classes }) };
}

/**
 * Why an id cannot be given to a zone or a line; null when it can.
 * @param {string} id
 * @param {readonly { id: string }[]} others
 */
export function idProblem(id, others) {
  if (!/^[a-z0-9-]{1,64}$/.test(id)) return "Use a to z, 0 to 9 and -, at most 64 of them.";
  if (id === "all") return "all is the whole picture.";
  return others.some((other) => other.id === id) ? "Another one has this name." : null;
}
