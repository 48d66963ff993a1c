// @ts-check
/** Draws region, masks, zones and lines on a picture; each change is applied at once, and can be undone. */
/// <reference lib="dom" />
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { commandsFor } from "./aim_commands.js";
import { Shapes } from "./aim_list.js";
import { AimSettings } from "./aim_settings.js";
import { addShape, canAdd } from "./aim_shapes.js";
import { Stage } from "./aim_stage.js";
import { Lines } from "./aim_yaml.js";
import { control } from "./api.js";
import { classes, html } from "./html.js";
import { Belt } from "./live.js";
import { sceneOf } from "./picture.js";
import { reasonWords, stateWord } from "./words.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Camera} Camera
 * @typedef {import("./aim_shapes.js").Scene} Scene
 * @typedef {import("./aim_shapes.js").Kind} Kind
 * @typedef {import("./aim_shapes.js").Selection} Selection
 */

const MAX_UNDO = 50;
/** A change by keys is sent once they rest this long. */
const SETTLE_MS = 250;

/** @typedef {{ before: Scene, timer: ReturnType<typeof setTimeout> }} Nudge */

/** @type {readonly (readonly [kind: Kind, name: string, does: string])[]} */
export const KINDS = [
  ["zone", "Zone", "counts who stands in it"],
  ["line", "Line", "counts who crosses it, and to which side"],
  ["mask", "Mask", "blacks out a part before anything is inferred"],
  ["region", "Region", "the only part that the detectors look at"],
];

/** @param {{ store: Store, subject: string | null }} props */
export function Aim({ store, subject }) {
  const cameras = store.status?.cameras ?? [];
  const camera = cameras.find(({ id }) => id === subject) ?? cameras[0];
  if (camera === undefined) {
    return html`
      <section class="view">
        <h1>Aim</h1>
        <p class="alone">There is no camera yet.</p>
      </section>
    `;
  }
  return html`
    <section class="view aim" aria-labelledby="view-title">
      <header class="view-head">
        <h1 id="view-title">Aim</h1>
        <label class="pick">Camera
            <select value=${camera.id}
              onChange=${(/** @type {Event} */ { target }) => {
                if (target instanceof HTMLSelectElement) location.hash = `aim/${target.value}`;
              }}>
              ${cameras.map(({ id }) =>
                html`<option value=${id} selected=${id === camera.id}>${id}</option>`
              )}
            </select>
          </label>
        <p class="state"><${Belt} state=${camera.state} /><span>${stateWord(
          camera.state,
        )}</span></p>
      </header>
      <${Editor} key=${camera.id} store=${store} camera=${camera} />
    </section>
  `;
}

/**
 * The scene as drawn here, which is ahead of the report for as long as a command is under way.
 * @param {Store} store
 * @param {Camera} camera
 */
function useScene(store, camera) {
  const inForce = sceneOf(store, camera);
  const [drawn, setDrawn] = useState(/** @type {Scene | null} */ (null));
  const [past, setPast] = useState(/** @type {readonly Scene[]} */ ([]));
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  /** @type {import("preact").RefObject<Promise<unknown>>} */
  const last = useRef(Promise.resolve());
  /** @type {import("preact").RefObject<Nudge | null>} */
  const nudged = useRef(null);
  const scene = drawn ?? inForce;

  const send = useCallback(async (/** @type {Scene} */ before, /** @type {Scene} */ after) => {
    setDrawn(after);
    setProblem(null);
    const sent = last.current.then(() => apply(camera.id, before, after));
    last.current = sent;
    let refused = null;
    try {
      refused = await sent;
    } catch (error) {
      refused = store.failed(error);
      if (refused === null) return;
      last.current = Promise.resolve();
    }
    setProblem(refused);
    await store.refresh();
    // A later change is still under way otherwise.
    const isLast = last.current === sent || refused !== null;
    if (isLast && nudged.current === null) setDrawn(null);
  }, [camera.id, store]);
  const change = (/** @type {Scene} */ after, before = scene) => {
    const first = nudged.current?.before ?? before;
    clearTimeout(nudged.current?.timer);
    nudged.current = null;
    setPast((list) => [...list.slice(-MAX_UNDO), first]);
    void send(first, after);
  };

  return {
    scene,
    problem,
    canUndo: past.length > 0,
    preview: setDrawn,
    change,
    /** As a change; those that follow one another, as of a key that is held, are one. */
    nudge: (/** @type {Scene} */ after) => {
      const before = nudged.current?.before ?? scene;
      clearTimeout(nudged.current?.timer);
      setDrawn(after);
      nudged.current = { before, timer: setTimeout(() => change(after, before), SETTLE_MS) };
    },
    undo: () => {
      if (nudged.current !== null) return;
      const before = past.at(-1);
      if (before === undefined) return;
      setPast((list) => list.slice(0, -1));
      void send(scene, before);
    },
  };
}

/**
 * @param {string} camera
 * @param {Scene} before
 * @param {Scene} after
 * @returns {Promise<string | null>} why it was refused
 */
async function apply(camera, before, after) {
  for (const { command, params } of commandsFor(camera, before, after)) {
    const refused = await control(command, params);
    if (refused !== null) return refused;
  }
  return null;
}

/** @param {{ store: Store, camera: Camera }} props */
function Editor({ store, camera }) {
  const { scene, problem, canUndo, preview, change, nudge, undo } = useScene(store, camera);
  const [tool, setTool] = useState(/** @type {Kind | null} */ (null));
  const [selection, select] = useState(/** @type {Selection | null} */ (null));
  useEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      const isText = event.target instanceof HTMLInputElement && event.target.type === "text";
      if (event.key === "z" && (event.ctrlKey || event.metaKey) && !isText) {
        event.preventDefault();
        undo();
      } else if (event.key === "Escape") setTool(null);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  const add = (/** @type {Kind} */ kind) => {
    const added = addShape(scene, kind, [0.35, 0.4], [0.65, 0.8]);
    change(added.scene);
    select(added.selection);
    setTool(null);
  };
  const reason = reasonWords(camera);
  return html`
    <div class="editor">
      <div class="canvas">
          <div class="tools" role="toolbar" aria-label="Draw">
            ${KINDS.map(([kind, name, does]) =>
              html`
                <button type="button" title=${does} aria-pressed=${tool === kind}
                  class=${classes("button", "tool", kind)} disabled=${!canAdd(scene, kind)}
                  onClick=${() => setTool(tool === kind ? null : kind)}>${name}</button>
              `
            )}
            <button type="button" class="button" disabled=${!canUndo} onClick=${undo}>Undo</button>
          </div>
          <${Stage} ...${{
            store,
            camera,
            scene,
            tool,
            setTool,
            selection,
            select,
            preview,
            change,
            nudge,
          }} />
          <p class="hint">${tool === null
            ? "Choose what to draw, then drag on the picture. Corners are dragged, or moved by the arrow keys; a double click on a corner, or Delete, removes it."
            : html`
              Drag on the picture, from corner to corner, or <button type="button" class="link"
                onClick=${() =>
                  add(tool)}>put a ${tool} in the middle</button> and move it by the arrow keys.
            `}</p>
          <p class="problem" role="alert">${problem !== null &&
            `Refused, nothing has changed: ${problem}`}</p>
          ${reason !== null &&
            html`<p class="reason"><strong>${reason.says}</strong> ${reason.remedy}</p>`}
        </div>
      <div class="side">
        <${Shapes} ...${{ store, camera, scene, selection, select, change }} />
        <${AimSettings} store=${store} camera=${camera} />
        <${Lines} store=${store} camera=${camera} scene=${scene} />
      </div>
    </div>
  `;
}
