// @ts-check
/** Plots over the last ten minutes. */
/// <reference lib="dom" />
import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { html } from "./html.js";
import { KEPT_MS, OUTCOMES } from "./history.js";

/**
 * @typedef {import("./history.js").Series} Series
 * @typedef {readonly (readonly (number | null)[])[]} Data  the times, in seconds, and what is drawn over them
 * @typedef {{ stroke: string, fill?: string, width: number, dash?: number[] }} Line
 */

/** A colour of the style sheet, for the canvas. @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * @param {{ width: number, height: number, lines: readonly Line[], least: number }} of
 *   least: the least value at the top of the plot
 * @returns {any} options of uPlot
 */
function optionsOf({ width, height, lines, least }) {
  const [muted, rule] = [colour("--muted"), colour("--rule")];
  const axis = { stroke: muted, grid: { stroke: rule, width: 1 }, ticks: { show: false } };
  const font = "12px system-ui, sans-serif";
  return {
    width,
    height,
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
        ) => [0, Math.max(least, max * 1.08)],
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
      { ...axis, font, size: 46 },
    ],
    series: [{}, ...lines.map((line) => ({ ...line, points: { show: false } }))],
  };
}

/**
 * @param {{
 *   data: Data,
 *   label: string,
 *   height: number,
 *   least: number,
 *   shape: string,
 *   linesOf: () => readonly Line[],
 * }} props  shape: another one, and the plot is made anew
 */
function Plot({ data, label, height, least, shape, linesOf }) {
  /** @type {import("preact").RefObject<HTMLDivElement | null>} */
  const place = useRef(null);
  /** @type {import("preact").RefObject<any>} */
  const plot = useRef(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const make = () => {
      plot.current?.destroy();
      const options = optionsOf({ width: element.clientWidth, height, lines: linesOf(), least });
      plot.current = new uPlot(options, /** @type {any} */ (data), element);
    };
    const fit = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height })
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
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [data]);
  return html`
    <div class="plot" ref=${place} role="img" aria-label=${label}
      style=${{ minHeight: `${height}px` }}></div>
  `;
}

/**
 * Frames per second, one outcome on top of the other, with the rate that is asked for.
 * @param {{ series: Series, label: string }} props
 */
export function LedgerPlot({ series, label }) {
  const used = OUTCOMES.map((_, index) => index)
    .filter((index) => index === 0 || (series.rates[index] ?? []).some((rate) => rate > 0));
  const data = useMemo(() => stacked(series, used), [series]);
  const linesOf = () => [
    ...used.toReversed().map((outcome) => {
      const fill = colour(`--outcome-${OUTCOMES[outcome]?.[0] ?? ""}`);
      return { fill, stroke: fill, width: 0 };
    }),
    { stroke: colour("--ink"), width: 1.5, dash: [5, 4] },
  ];
  return html`
    <${Plot} data=${data} shape=${used.join()} height=${190} least=${1}
      ...${{ label, linesOf }} />
  `;
}

/**
 * What is drawn: the sums from below, the largest first, so that each covers the rest of the one before;
 * and the rate asked for over them.
 * @param {Series} series
 * @param {readonly number[]} used  outcomes, from below
 * @returns {Data}
 */
function stacked({ times, rates, asked }, used) {
  const sums = times.map(() => 0);
  const layers = used.map((outcome) => {
    for (const [at, rate] of (rates[outcome] ?? []).entries()) sums[at] = (sums[at] ?? 0) + rate;
    return [...sums];
  });
  return [times, ...layers.reverse(), asked];
}

/**
 * The latency of the inferences of each moment: the median, and what 95 % stay below.
 * @param {{ series: Series, label: string }} props
 */
export function LatencyPlot({ series, label }) {
  const data = useMemo(() => [series.times, series.p95, series.p50], [series]);
  const linesOf = () => [
    { stroke: colour("--latency-p95"), width: 1.5 },
    { stroke: colour("--latency-p50"), width: 2 },
  ];
  return html`
    <${Plot} data=${data} shape="" height=${120} least=${20} ...${{ label, linesOf }} />
  `;
}
