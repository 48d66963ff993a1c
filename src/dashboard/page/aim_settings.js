// @ts-check
/** Confidence and rate of the detectors of a camera, with their effect. */
/// <reference lib="dom" />
import { useRef, useState } from "preact/hooks";
import { control } from "./api.js";
import { html } from "./html.js";
import { overrideOf } from "./picture.js";
import { Source } from "./source.js";
import { rateText } from "./words.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Status} Status
 * @typedef {import("./store.js").Camera} Camera
 */

/** A value is sent once it rests this long. */
const SETTLE_MS = 250;

/** The rates of the slider, in pictures a second: what people ask for. */
const RATES = [0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30];

/** @param {{ store: Store, camera: Camera }} props */
export function AimSettings({ store, camera }) {
  return html`${
    store.detectorsOf(camera.id).map((detector) =>
      html`<${Settings} key=${detector.id} ...${{ store, camera, detector }} />`
    )
  }`;
}

/** @param {{ store: Store, camera: Camera, detector: Status["detectors"][number] }} props */
function Settings({ store, camera, detector: { id, configured } }) {
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const set = async (
    /** @type {string} */ command,
    /** @type {Record<string, unknown>} */ params,
  ) => {
    try {
      setProblem(await control(command, { detector: id, ...params }));
      await store.refresh();
    } catch (error) {
      setProblem(store.failed(error));
    }
  };
  const setConfidence = (/** @type {number} */ confidence) => set("set_confidence", { confidence });
  const setRate = (/** @type {number | null | undefined} */ rateHz) =>
    set("set_rate", { camera: camera.id, rateHz });
  const mailbox = camera.ledger.detectors.find(({ detector }) => detector === id);
  const confidence = overrideOf(store, { setting: "confidence", camera: null, detector: id });
  const rate = overrideOf(store, { setting: "rateHz", camera: camera.id, detector: id });
  const rateHz = rate?.value ?? configured.rateHz;
  const looked = store.history.recent(camera.id, id, 10_000)?.rates[0];
  return html`
    <section class="card settings" aria-label=${`Detector ${id}`}>
      <h2>${id}</h2>
      <${Slider} label="Confidence" min=${5} max=${95}
        value=${Math.round((confidence?.value ?? configured.confidence) * 100)}
        text=${(/** @type {number} */ value) => `${value} %`}
        note="Lower finds more, and more that is not there."
        since=${confidence?.since ?? null}
        onRestore=${() => setConfidence(configured.confidence)}
        onSet=${(/** @type {number} */ value) => setConfidence(value / 100)} />
      <${Slider} label="Rate" min=${0} max=${RATES.length - 1}
        value=${rateHz === null ? RATES.length - 1 : nearestRate(rateHz)}
        text=${(/** @type {number} */ value) =>
          rateHz === null && value === RATES.length - 1
            ? "as fast as it can"
            : `${rateText(RATES[value] ?? 0)} pictures/s`}
        note=${mailbox?.paused === true
          ? "Paused."
          : looked === undefined
          ? "Measuring what is reached…"
          : `Reaches ${rateText(looked)} pictures/s.`}
        since=${rate?.since ?? null}
        onRestore=${configured.rateHz === null ? null : () => setRate(configured.rateHz)}
        onSet=${(/** @type {number} */ value) => setRate(RATES[value])} />
      <p class="problem" role="alert">${problem}</p>
    </section>
  `;
}

/** @param {number} rateHz */
function nearestRate(rateHz) {
  let nearest = 0;
  for (const [index, rate] of RATES.entries()) {
    if (Math.abs(rate - rateHz) < Math.abs((RATES[nearest] ?? 0) - rateHz)) nearest = index;
  }
  return nearest;
}

/**
 * @param {{
 *   label: string,
 *   min: number,
 *   max: number,
 *   value: number,
 *   text: (value: number) => string,
 *   note: string,
 *   since: string | null,
 *   onSet: (value: number) => Promise<void>,
 *   onRestore: (() => void) | null,
 * }} props
 */
function Slider({ label, min, max, value, text, note, since, onSet, onRestore }) {
  /** While it is moved, and until the service has the value. */
  const [moved, setMoved] = useState(/** @type {number | null} */ (null));
  /** @type {import("preact").RefObject<ReturnType<typeof setTimeout> | undefined>} */
  const timer = useRef(undefined);
  const read = (/** @type {Event} */ { target }) =>
    target instanceof HTMLInputElement ? Number(target.value) : value;
  const now = moved ?? value;
  // A key that is held changes the value many times.
  const settle = (/** @type {number} */ chosen) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(async () => {
      await onSet(chosen);
      setMoved(null);
    }, SETTLE_MS);
  };
  return html`
    <div class="slider">
      <p class="slider-head"><label><span>${label}</span>
          <input type="range" min=${min} max=${max} step="1" value=${now} aria-valuetext=${text(
            now,
          )}
            onInput=${(/** @type {Event} */ event) => {
              clearTimeout(timer.current);
              setMoved(read(event));
            }}
            onChange=${(/** @type {Event} */ event) =>
              settle(read(event))} /></label><output>${text(now)}</output></p>
      <p
        class="sub">${note} <${Source} since=${since} onRestore=${onRestore} what=${label} /></p>
    </div>
  `;
}
