// @ts-check
/** The picture as a place to draw: by pointer, and by keyboard. */
/// <reference lib="dom" />
import { useRef, useState } from "preact/hooks";
import {
  addPoint,
  addShape,
  canAddPoint,
  movePoint,
  moveShape,
  pointsOf,
  removePoint,
  removeShape,
} from "./aim_shapes.js";
import { classes, html } from "./html.js";
import { heightOf, pointsText, WIDTH } from "./overlay.js";
import { Picture, sizeOf } from "./picture.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Camera} Camera
 * @typedef {import("./aim_shapes.js").Scene} Scene
 * @typedef {import("./aim_shapes.js").Kind} Kind
 * @typedef {import("./aim_shapes.js").Point} Point
 * @typedef {import("./aim_shapes.js").Selection} Selection
 * @typedef {{ before: Scene, from: Point, what: "draw" | "point" | "shape", selection: Selection | null, at: number }} Drag
 * @typedef {{
 *   store: Store,
 *   camera: Camera,
 *   scene: Scene,
 *   tool: Kind | null,
 *   setTool: (tool: Kind | null) => void,
 *   selection: Selection | null,
 *   select: (selection: Selection | null) => void,
 *   preview: (scene: Scene | null) => void,
 *   change: (after: Scene, before?: Scene) => void,
 *   nudge: (after: Scene) => void,
 * }} StageProps
 */

/** A shorter drag is a click. */
const MIN_DRAG = 0.01;
/** How far an arrow key moves, and with Shift. */
const STEP = 0.01;
const LARGE_STEP = 0.05;

/** @type {Readonly<Record<string, Point>>} */
const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** @param {StageProps} props */
export function Stage(props) {
  const { store, camera, scene, tool, selection } = props;
  const height = heightOf(sizeOf(camera));
  const drag = useDrag(props);
  return html`
    <${Picture} store=${store} camera=${camera} scene=${scene}>
      <svg class=${classes("handles", tool !== null && "drawing-now")}
        viewBox=${`0 0 ${WIDTH} ${height}`} ...${drag.handlers} role="group"
        aria-label="Shapes on the picture" data-testid="stage">
          ${shapesOf(scene).map((own) =>
            html`<${Area} key=${`${own.kind}${own.index}`} ...${{ ...props, own, height, drag }} />`
          )}
          ${selection !== null &&
            html`<${Handles} ...${{ ...props, own: selection, height, drag }} />`}
        </svg>
      </${Picture}>
  `;
}

/**
 * @param {Scene} scene
 * @returns {Selection[]}
 */
function shapesOf({ roi, masks, zones, lines }) {
  /** @type {(kind: Kind, list: readonly unknown[]) => Selection[]} */
  const each = (kind, list) => list.map((_, index) => ({ kind, index }));
  return [
    ...each("region", roi === null ? [] : [roi]),
    ...each("mask", masks),
    ...each("zone", zones),
    ...each("line", lines),
  ];
}

/** @param {Scene} scene @param {Selection} own */
function nameOf(scene, { kind, index }) {
  if (kind === "zone") return `zone ${scene.zones[index]?.id ?? ""}`;
  if (kind === "line") return `line ${scene.lines[index]?.id ?? ""}`;
  return kind === "mask" ? `mask ${index + 1}` : "region";
}

/** The drags of the pointer. @param {StageProps} props */
function useDrag({ scene, tool, setTool, select, preview, change }) {
  /** @type {import("preact").RefObject<Drag | null>} */
  const drag = useRef(null);
  const [isDragging, setDragging] = useState(false);
  const start = (
    /** @type {PointerEvent} */ event,
    /** @type {Pick<Drag, "what" | "selection" | "at">} */ what,
  ) => {
    const from = pointAt(event);
    if (from === null || event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    stageOf(event)?.setPointerCapture(event.pointerId);
    drag.current = { ...what, before: scene, from };
    setDragging(true);
  };
  const during = (/** @type {PointerEvent} */ event) => {
    const to = pointAt(event);
    return drag.current === null || to === null ? null : draggedTo(drag.current, to, tool);
  };
  return {
    isDragging,
    start,
    handlers: {
      onPointerDown: (/** @type {PointerEvent} */ event) => {
        if (tool === null) return select(null);
        start(event, { what: "draw", selection: null, at: 0 });
      },
      onPointerMove: (/** @type {PointerEvent} */ event) => {
        const dragged = during(event);
        if (dragged !== null) preview(dragged.scene);
      },
      onPointerUp: (/** @type {PointerEvent} */ event) => {
        const dragged = during(event);
        const ended = drag.current;
        drag.current = null;
        setDragging(false);
        if (ended === null) return;
        if (dragged === null) return preview(null);
        change(dragged.scene, ended.before);
        if (dragged.selection !== null) select(dragged.selection);
        if (ended.what === "draw") setTool(null);
      },
      onPointerCancel: () => {
        drag.current = null;
        setDragging(false);
        preview(null);
      },
    },
  };
}

/**
 * The scene that a drag leads to; null for a click.
 * @param {Drag} drag
 * @param {Point} to
 * @param {Kind | null} tool
 * @returns {{ scene: Scene, selection: Selection | null } | null}
 */
function draggedTo({ before, from, what, selection, at }, to, tool) {
  if (Math.hypot(to[0] - from[0], to[1] - from[1]) < MIN_DRAG) return null;
  if (what === "draw") return tool === null ? null : addShape(before, tool, from, to);
  if (selection === null) return null;
  const scene = what === "point"
    ? movePoint(before, selection, at, to)
    : moveShape(before, selection, [to[0] - from[0], to[1] - from[1]]);
  return { scene, selection };
}

/** @param {Event} event @returns {SVGSVGElement | null} */
function stageOf({ currentTarget }) {
  if (currentTarget instanceof SVGSVGElement) return currentTarget;
  return currentTarget instanceof SVGElement ? currentTarget.ownerSVGElement : null;
}

/** Where on the picture. @param {PointerEvent} event @returns {Point | null} */
function pointAt(event) {
  const stage = stageOf(event);
  if (stage === null) return null;
  const { left, top, width, height } = stage.getBoundingClientRect();
  const within = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
  return [within((event.clientX - left) / width), within((event.clientY - top) / height)];
}

/** @param {KeyboardEvent} event @returns {Point | null} */
function stepOf({ key, shiftKey }) {
  const arrow = ARROWS[key];
  if (arrow === undefined) return null;
  const by = shiftKey ? LARGE_STEP : STEP;
  return [arrow[0] * by, arrow[1] * by];
}

/** @param {KeyboardEvent} event */
function isRemoval({ key }) {
  return key === "Delete" || key === "Backspace";
}

/**
 * A whole shape: a click selects it, a drag moves it.
 * @param {StageProps & { own: Selection, height: number, drag: ReturnType<typeof useDrag> }} props
 */
function Area({ scene, tool, own, height, drag, select, change, nudge, selection }) {
  const points = pointsOf(scene, own);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const step = stepOf(event);
    if (step !== null) nudge(moveShape(scene, own, step));
    else if (isRemoval(event)) {
      select(null);
      change(removeShape(scene, own));
    } else if (event.key === "Enter" || event.key === " ") select(own);
    else return;
    event.preventDefault();
  };
  const onPointerDown = (/** @type {PointerEvent} */ event) => {
    if (tool !== null) return;
    select(own);
    // A region covers most of the picture: it is moved by its corners.
    if (own.kind !== "region") drag.start(event, { what: "shape", selection: own, at: 0 });
    else event.stopPropagation();
  };
  const isSelected = selection?.kind === own.kind && selection.index === own.index;
  const attributes = {
    class: classes("area", own.kind, isSelected && "selected"),
    tabindex: 0,
    role: "button",
    "aria-label": `${nameOf(scene, own)}: arrow keys move it, Delete removes it`,
    "aria-pressed": isSelected,
    onKeyDown,
    onPointerDown,
  };
  return own.kind === "line"
    ? html`<polyline ...${attributes} points=${pointsText(points, height)} />`
    : html`<polygon ...${attributes} points=${pointsText(points, height)} />`;
}

/**
 * The corners of the shape that is selected, and the middles of its sides, which become corners.
 * @param {StageProps & { own: Selection, height: number, drag: ReturnType<typeof useDrag> }} props
 */
function Handles({ scene, own, height, drag, change, nudge }) {
  const points = pointsOf(scene, own);
  const name = nameOf(scene, own);
  const middle = (/** @type {Point} */ one, /** @type {Point} */ next) => [
    ((one[0] + next[0]) / 2) * WIDTH,
    ((one[1] + next[1]) / 2) * height,
  ];
  return html`
    ${canAddPoint(scene, own) && points.map((point, at) => {
      const [x, y] = middle(point, points[(at + 1) % points.length] ?? point);
      return html`
        <circle key=${`m${at}`} class="middle" cx=${x} cy=${y} r="9"
          onPointerDown=${(/** @type {PointerEvent} */ event) => {
            event.stopPropagation();
            change(addPoint(scene, own, at));
          }} />
      `;
    })}
    ${points.map((point, at) => {
      const [x, y] = point;
      const label =
        `${name}, ${own.kind === "line" ? "end" : "corner"} ${at + 1} of ${points.length}: ` +
        `${Math.round(x * 100)} % from the left, ${Math.round(y * 100)} % from the top`;
      const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
        const step = stepOf(event);
        if (step !== null) nudge(movePoint(scene, own, at, [x + step[0], y + step[1]]));
        else if (isRemoval(event)) change(removePoint(scene, own, at));
        else if (event.key === "+") change(addPoint(scene, own, at));
        else return;
        event.preventDefault();
      };
      return html`
        <g key=${at} class="handle" tabindex="0" role="button" aria-label=${label}
          onKeyDown=${onKeyDown}
          onDblClick=${() => change(removePoint(scene, own, at))}
          onPointerDown=${(/** @type {PointerEvent} */ event) =>
            drag.start(event, { what: "point", selection: own, at })}>
          <circle class="touch" cx=${x * WIDTH} cy=${y * height} r="34" />
          <circle class="dot" cx=${x * WIDTH} cy=${y * height} r="10" />
        </g>
      `;
    })}
  `;
}
