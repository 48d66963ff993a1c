// @ts-check
/** A plot of frames per second, one outcome on top of the other. */
/// <reference lib="dom" />
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { html } from "./html.js";
import { KEPT_MS, OUTCOMES } from "./history.js";

/** @typedef {import("./history.js").Series} Series */

const HEIGHT = 190;

/** A colour of the style sheet, for the canvas. @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * What is drawn: the sums from below, the largest first, so that each covers the rest of the one before.
 * @param {Series} series
 * @param {readonly number[]} used  outcomes, from below
 * @returns {number[][]}
 */
function stacked({ times, rates }, used) {
  const sums = times.map(() => 0);
  const layers = used.map((outcome) => {
    for (const [at, rate] of (rates[outcome] ?? []).entries()) sums[at] = (sums[at] ?? 0) + rate;
    return [...sums];
  });
  return [times, ...layers.reverse()];
}

/**
 * @param {number} width
 * @param {readonly number[]} used
 * @returns {any} options of uPlot
 */
function optionsOf(width, used) {
  const [muted, rule] = [colour("--muted"), colour("--rule")];
  const axis = { stroke: muted, grid: { stroke: rule, width: 1 }, ticks: { show: false } };
  const font = "12px system-ui, sans-serif";
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 20, 0, 0],
    scales: {
      x: {
        range: (
          /** @type {unknown} */ _,
          /** @type {number} */ __,
          /** @type {number} */ max,
        ) => [max - KEPT_MS / 1000, max],
      },
      y: {
        range: (
          /** @type {unknown} */ _,
          /** @type {number} */ __,
          /** @type {number} */ max,
        ) => [0, Math.max(1, max * 1.08)],
      },
    },
    axes: [
      {
        ...axis,
        font,
        size: 30,
        space: 90,
        values: (/** @type {any} */ plot, /** @type {number[]} */ at) => {
          const newest = plot.scales.x.max;
          return at.map((seconds) => {
            const minutes = Math.round((newest - seconds) / 60);
            return minutes === 0 ? "now" : `−${minutes} min`;
          });
        },
        splits: (/** @type {any} */ plot) => {
          const newest = plot.scales.x.max;
          return [10, 8, 6, 4, 2, 0].map((minutes) => newest - minutes * 60);
        },
      },
      { ...axis, font, size: 38 },
    ],
    series: [
      {},
      ...used.toReversed().map((outcome) => {
        const fill = colour(`--outcome-${OUTCOMES[outcome]?.[0] ?? ""}`);
        return { fill, stroke: fill, width: 0, points: { show: false } };
      }),
    ],
  };
}

/** @param {{ series: Series, label: string }} props */
export function Plot({ series, label }) {
  /** @type {import("preact").RefObject<HTMLDivElement | null>} */
  const place = useRef(null);
  /** @type {import("preact").RefObject<any>} */
  const plot = useRef(null);
  const used = OUTCOMES.map((_, index) => index)
    .filter((index) => index === 0 || (series.rates[index] ?? []).some((rate) => rate > 0));
  const key = used.join();
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const make = () => {
      plot.current?.destroy();
      const options = optionsOf(element.clientWidth, used);
      plot.current = new uPlot(options, /** @type {any} */ (stacked(series, used)), element);
    };
    const fit = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT })
    );
    make();
    fit.observe(element);
    dark.addEventListener("change", make);
    return () => {
      fit.disconnect();
      dark.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [key]);
  useEffect(() => plot.current?.setData(stacked(series, used)), [series]);
  return html`<div class="plot" ref=${place} role="img" aria-label=${label}></div>`;
}
