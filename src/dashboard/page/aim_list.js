// @ts-check
/** The list of what is drawn: names, classes, and what to restore or remove. */
/// <reference lib="dom" />
import { useState } from "preact/hooks";
import { EMPTY, idProblem, removeShape, withClasses, withId } from "./aim_shapes.js";
import { classes, html } from "./html.js";
import { overrideOf } from "./picture.js";
import { Source } from "./source.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Camera} Camera
 * @typedef {import("./aim_shapes.js").Scene} Scene
 * @typedef {import("./aim_shapes.js").Selection} Selection
 */

/**
 * Every shape by its name, with where it comes from.
 * @param {{
 *   store: Store,
 *   camera: Camera,
 *   scene: Scene,
 *   selection: Selection | null,
 *   select: (selection: Selection | null) => void,
 *   change: (scene: Scene) => void,
 * }} props
 */
export function Shapes({ store, camera, scene, selection, select, change }) {
  const { configured } = camera;
  const groups = /** @type {const} */ ([
    ["zone", "Zones", scene.zones, "zones"],
    ["line", "Lines", scene.lines, "lines"],
    ["mask", "Masks", scene.masks, "masks"],
    ["region", "Region", scene.roi === null ? [] : [scene.roi], "roi"],
  ]);
  return html`<section class="card shapes" aria-label="What is drawn">
    ${
    groups.map(([kind, title, list, setting]) => {
      const override = overrideOf(store, { setting, camera: camera.id, detector: null });
      const restore = () => change({ ...scene, [setting]: { ...EMPTY, ...configured }[setting] });
      return html`<div class="group" key=${kind}>
        <h2>${title} <${Source} since=${
        override?.since ?? null
      } onRestore=${restore} what=${title} /></h2>
        ${
        list.length === 0 &&
        html`<p class="sub none">${kind === "region" ? "the whole picture" : "none"}</p>`
      }
        <ul>${
        list.map((_, index) =>
          html`
            <${Shape} key=${index} ...${{ scene, change }} own=${{ kind, index }}
              isSelected=${selection?.kind === kind && selection.index === index}
              select=${() => select({ kind, index })}
              remove=${() => {
                select(null);
                change(removeShape(scene, { kind, index }));
              }} />
          `
        )
      }</ul>
      </div>`;
    })
  }
  </section>`;
}

/**
 * @param {{
 *   scene: Scene,
 *   own: Selection,
 *   isSelected: boolean,
 *   select: () => void,
 *   remove: () => void,
 *   change: (scene: Scene) => void,
 * }} props
 */
function Shape({ scene, own, isSelected, select, remove, change }) {
  const { kind, index } = own;
  const named = kind === "zone" ? scene.zones[index] : kind === "line" ? scene.lines[index] : null;
  const name = named?.id ?? (kind === "region" ? "region" : `mask ${index + 1}`);
  return html`<li class=${classes(kind, isSelected && "selected")}>
    ${
    named === null || named === undefined
      ? html`<button type="button" class="link name" onClick=${select}>${name}</button>`
      : html`<${Name} ...${{ scene, own, id: named.id, select, change }} />`
  }
    ${kind === "zone" && html`<${ZoneClasses} ...${{ scene, index, change }} />`}
    <button type="button" class="link" aria-label=${`Remove ${name}`} onClick=${remove}>remove</button>
  </li>`;
}

/**
 * @param {{ scene: Scene, own: Selection, id: string, select: () => void, change: (scene: Scene) => void }} props
 */
function Name({ scene, own, id, select, change }) {
  const { kind, index } = own;
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const rename = (/** @type {Event} */ { target }) => {
    if (!(target instanceof HTMLInputElement) || target.value === id) return setProblem(null);
    const list = kind === "zone" ? scene.zones : scene.lines;
    const wrong = idProblem(target.value, list.filter((_, at) => at !== index));
    setProblem(wrong);
    if (wrong === null) change(withId(scene, own, target.value));
  };
  return html`
    <input type="text" class="name" value=${id} spellcheck=${false}
      aria-label=${`Name of ${kind} ${id}`} aria-invalid=${problem !== null}
      onFocus=${select} onChange=${rename} />
        ${problem !== null && html`<span class="problem">${problem}</span>`}
  `;
}

/** @param {{ scene: Scene, index: number, change: (scene: Scene) => void }} props */
function ZoneClasses({ scene, index, change }) {
  const zone = scene.zones[index];
  if (zone === undefined) return null;
  const set = (/** @type {Event} */ { target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    const names = target.value.split(",").map((one) => one.trim()).filter((one) => one !== "");
    change(withClasses(scene, index, names.length === 0 ? null : names));
  };
  return html`
    <input type="text" class="classes" value=${zone.classes?.join(", ") ?? ""}
      placeholder="all classes" aria-label=${`Classes that count in zone ${zone.id}`}
      onChange=${set} />
  `;
}
