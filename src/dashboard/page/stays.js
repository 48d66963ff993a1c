// @ts-check
/** The newest stays: who came, where, and for how long. */
/// <reference lib="dom" />
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { pictureOf, readStays } from "./api.js";
import { classes, html } from "./html.js";
import { StayPath } from "./stay_path.js";
import { dayText, durationText, endWords, percentText, timeText } from "./words.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Stay} Stay
 * @typedef {{ camera: string, zone: string, class: string }} Filter
 */

const LIMIT = 200;
/** Of a list that grows while one reads it. */
const RELOAD_MS = 5_000;
const SOON_MS = 300;

/** @param {Store} store */
function useStays(store) {
  const [stays, setStays] = useState(/** @type {readonly Stay[] | null} */ (null));
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const { presenceEvents } = store;
  /** @type {import("preact").RefObject<ReturnType<typeof setTimeout> | undefined>} */
  const soon = useRef(undefined);
  const load = useCallback(async () => {
    clearTimeout(soon.current);
    soon.current = undefined;
    if (document.hidden) return;
    try {
      setStays(await readStays(LIMIT));
      setProblem(null);
    } catch (error) {
      setProblem(store.failed(error));
    }
  }, [store]);
  useEffect(() => {
    // Not put off by further events: where they never pause, the list would never be read.
    soon.current ??= setTimeout(() => void load(), stays === null ? 0 : SOON_MS);
  }, [load, presenceEvents]);
  useEffect(() => {
    const timer = setInterval(() => void load(), RELOAD_MS);
    return () => {
      clearInterval(timer);
      clearTimeout(soon.current);
    };
  }, [load]);
  return { stays, problem };
}

/** @param {{ store: Store }} props */
export function Stays({ store }) {
  const { stays, problem } = useStays(store);
  const [filter, setFilter] = useState(/** @type {Filter} */ ({ camera: "", zone: "", class: "" }));
  const all = stays ?? [];
  const shown = all.filter((stay) =>
    (filter.camera === "" || stay.camera === filter.camera) &&
    (filter.zone === "" || stay.zones.visited.includes(filter.zone)) &&
    (filter.class === "" || stay.class === filter.class)
  );
  const choose = (/** @type {keyof Filter} */ key) => (/** @type {string} */ value) =>
    setFilter({ ...filter, [key]: value });
  const open = shown.filter(({ endedAt }) => endedAt === null).length;
  return html`<section class="view stays" aria-labelledby="view-title">
    <header class="view-head">
      <h1 id="view-title">Stays</h1>
      <p class="sub" role="status">${
    stays === null ? "loading" : `${shown.length} of the newest, ${open} here now`
  }</p>
      <div class="filters">
        <${Choice} label="Camera" all="all cameras" value=${filter.camera}
          values=${valuesOf(all.map(({ camera }) => camera))} onChoose=${choose("camera")} />
        <${Choice} label="Zone" all="all zones" value=${filter.zone}
          values=${valuesOf(all.flatMap(({ zones }) => zones.visited))} onChoose=${
    choose("zone")
  } />
        <${Choice} label="Class" all="all classes" value=${filter.class}
          values=${valuesOf(all.map((stay) => stay.class))} onChoose=${choose("class")} />
      </div>
    </header>
    <p class="problem" role="alert">${problem}</p>
    ${
    stays !== null && shown.length === 0 && html`<p class="alone">${
      all.length === 0
        ? "No stay yet. One begins when something is seen in several pictures in a row."
        : "No stay matches these choices."
    }</p>`
  }
    <ol class="stay-list">${
    shown.map((stay) => html`<${StayItem} key=${stay.id} store=${store} stay=${stay} />`)
  }</ol>
  </section>`;
}

/** @param {readonly string[]} values */
function valuesOf(values) {
  return [...new Set(values)].sort();
}

/**
 * @param {{ label: string, all: string, value: string, values: readonly string[], onChoose: (value: string) => void }} props
 */
function Choice({ label, all, value, values, onChoose }) {
  return html`<label class="pick"><span class="hidden">${label}</span>
    <select onChange=${(/** @type {Event} */ { target }) =>
    target instanceof HTMLSelectElement && onChoose(target.value)}>
      <option value="" selected=${value === ""}>${all}</option>
      ${values.map((one) => html`<option value=${one} selected=${one === value}>${one}</option>`)}
    </select></label>`;
}

/** @param {{ store: Store, stay: Stay }} props */
function StayItem({ store, stay }) {
  const { best, zones, endedAt, startedAt, seenAt, dwellSeconds, track } = stay;
  const isHere = endedAt === null;
  // What is known of an open stay is of its newest event.
  const lasts = isHere ? Math.max(0, store.nowMs() - Date.parse(startedAt)) / 1000 : dwellSeconds;
  const jpeg = pictureOf(stay);
  const isWhole = store.status?.detectors.find(({ id }) => id === stay.detector)?.presence
    ?.snapshot === "frame";
  const where = zones.visited.length === 0 ? "no zone" : zones.visited.join(" → ");
  return html`
    <li class=${classes("stay", isHere && "here")}>
      <details>
        <summary>
          <span class="thumb">${jpeg === null
            ? html`
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <circle cx="12" cy="8" r="3.4" />
                <path d="M5 20c0-4 3-6.4 7-6.4s7 2.4 7 6.4" />
              </svg>
            `
            : html`<img src=${jpeg} loading="lazy" alt="" />`}</span>
          <span class="who"><b>${stay.class}</b> <span class="sub">at ${stay.camera}</span></span>
          <span class="zones">${where}</span>
          <span class="when"><time datetime=${startedAt}>${timeText(startedAt)}</time>
              <span class="sub">${dayText(startedAt)}</span></span>
          <span class="dwell">${durationText(lasts)}
              <span class=${isHere ? "now" : "sub"}>${endWords(stay.reason)}</span></span>
        </summary>
        <div class="more">
            ${jpeg !== null && !isWhole &&
              html`
                <img src=${jpeg} loading="lazy"
                  alt=${`The best moment of this stay: ${stay.class} at ${stay.camera}`} />
              `}
            <${StayPath} store=${store} stay=${stay} jpeg=${isWhole ? jpeg : null} />
            <dl>
              <dt>Came</dt><dd>${timeText(startedAt)}</dd>
              <dt>${isHere ? "Last seen" : "Went"}</dt><dd>${timeText(seenAt)}</dd>
              <dt>Way</dt><dd>${where}${isHere && zones.current.length > 0
                ? `, now in ${zones.current.join(", ")}`
                : ""}</dd>
              <dt>Best moment</dt><dd>${timeText(best.capturedAt)}, ${percentText(
                best.confidence,
              )} certain,
                picture ${best.seq}</dd>
              <dt>Track</dt><dd><code>${track}</code></dd>
              <dt>Detector</dt><dd>${stay.detector}</dd>
              ${jpeg === null &&
                html`
                  <dt>Picture</dt>
                  <dd>none: pictures leave Orion only where${" "}<code>presence.snapshot</code> is <code>crop</code> or <code>frame</code></dd>
                `}
            </dl>
          </div>
      </details>
    </li>
  `;
}
