/** The latency bench's tables. */
import type { Cell } from "./measure.ts";
import type { ContenderName } from "./options.ts";
import type { Round, Sample } from "./samples.ts";

/** The most that Orion may be slower than GStreamer, and that `totalMs` may be off by (p99). */
export const TARGETS = { p50: 1.15, p99: 1.3, totalMs: 5 } as const;

/** Rounds of at least this length are shown by the minute, shorter ones in quarters. */
const BY_MINUTE_FROM_SECONDS = 120;

/** All rounds of one contender at one rate and load. */
export interface Result {
  readonly name: ContenderName;
  readonly rounds: readonly Round[];
}

/** Everything measured at one rate and load. */
export interface CellResult extends Cell {
  /** Duration of one round. */
  readonly seconds: number;
  readonly results: readonly Result[];
}

/** The quantile `q` of the values; NaN if there are none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}

/** One cell as text. */
export function cellText(cell: CellResult): string {
  const { rateHz, load, results } = cell;
  const lines = [
    `${rateHz} Hz, ${load} busy loops`,
    row("age of the frame", [
      "messages",
      "p50 ms",
      "p99 ms",
      "max ms",
      "infer p50",
      "p50 ratio",
      "p99 ratio",
    ]),
    ...results.map((result) => ageRow(result, results)),
    "",
    row("Orion's own word", [
      ...["totalMs p50", "p99", "less by min", "p1", "p50", "p95", "p99", "max"],
      ...["capturedAt p50", "p99", "by rtcp"],
    ]),
    ...results.filter(({ name }) => name !== "gstreamer").map(ownRow),
    "",
    `p50 of the age, by ${
      cell.seconds >= BY_MINUTE_FROM_SECONDS ? "minute" : "quarter"
    } of a round`,
    ...results.map((result) => row(result.name, parts(result, cell.seconds).map(ms))),
  ];
  return `${lines.join("\n")}\n\n`;
}

/** The targets that this checkout misses; empty if there are none, or GStreamer was not measured. */
export function missed(cell: CellResult): string[] {
  const ours = cell.results.find(({ name }) => name === "this");
  if (ours === undefined) return [];
  const { p50, p99 } = ratios(ours, cell.results);
  const place = `${cell.rateHz} Hz, ${cell.load} busy loops`;
  const list: string[] = [];
  if (p50 > TARGETS.p50) list.push(`${place}: p50 is ${p50.toFixed(2)} × GStreamer's`);
  if (p99 > TARGETS.p99) list.push(`${place}: p99 is ${p99.toFixed(2)} × GStreamer's`);
  const off = lessBy(ours).map(Math.abs);
  const offMs = quantile(off, 0.99);
  if (offMs > TARGETS.totalMs) list.push(`${place}: totalMs is off by ${ms(offMs)} ms (p99)`);
  return list;
}

/** The latency of a plain message, which every age includes. */
export function plainText(load: number, values: readonly number[]): string {
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => ms(quantile(values, q)));
  return `a plain message to the subscriber, ${load} busy loops: p50 ${p50} ms, p99 ${p99} ms, ` +
    `max ${max} ms\n`;
}

function samples({ rounds }: Result): Sample[] {
  return rounds.flatMap((round) => round.samples);
}

function ages(result: Result): number[] {
  return samples(result).map(({ ageMs }) => ageMs);
}

/** NaN without GStreamer. */
function ratios(result: Result, all: readonly Result[]): { p50: number; p99: number } {
  const reference = all.find(({ name }) => name === "gstreamer");
  const of = (q: number) =>
    reference === undefined ? NaN : quantile(ages(result), q) / quantile(ages(reference), q);
  return { p50: of(0.5), p99: of(0.99) };
}

function ageRow(result: Result, all: readonly Result[]): string {
  const values = ages(result);
  const { p50, p99 } = ratios(result, all);
  const inference = quantile(samples(result).map(({ inferenceMs }) => inferenceMs), 0.5);
  return row(result.name, [
    `${values.length}`,
    ...[0.5, 0.99, 1].map((q) => ms(quantile(values, q))),
    ms(inference),
    ...[p50, p99].map((ratio) => Number.isNaN(ratio) ? "-" : ratio.toFixed(2)),
  ]) + remarks(result);
}

/** Warnings about a row. */
function remarks({ rounds }: Result): string {
  const unknown = rounds.reduce((sum, round) => sum + round.unknown, 0);
  const more = rounds.reduce((sum, { connections }) => sum + connections - 1, 0);
  return (unknown > 0 ? `  ${unknown} messages without a known frame` : "") +
    (more > 0 ? `  ${more} further connections` : "");
}

/** How much less than the age `totalMs` is; with the path through the broker. */
function lessBy(result: Result): number[] {
  return samples(result).flatMap(({ ageMs, own }) => own === null ? [] : [ageMs - own.totalMs]);
}

function ownRow(result: Result): string {
  const own = samples(result).flatMap(({ ageMs, own }) => own === null ? [] : [{ ageMs, ...own }]);
  const totals = own.map(({ totalMs }) => totalMs);
  const less = lessBy(result);
  const errors = own.map(({ captureErrorMs }) => Math.abs(captureErrorMs));
  const rtcp = own.filter(({ clock }) => clock === "rtcp").length / own.length;
  return row(result.name, [
    ...[0.5, 0.99].map((q) => ms(quantile(totals, q))),
    ...[0, 0.01, 0.5, 0.95, 0.99, 1].map((q) => ms(quantile(less, q))),
    ...[0.5, 0.99].map((q) => ms(quantile(errors, q))),
    `${(100 * rtcp).toFixed(0)} %`,
  ]);
}

/** The median age of each quarter or minute, over all rounds. */
function parts(result: Result, seconds: number): number[] {
  const count = seconds >= BY_MINUTE_FROM_SECONDS ? Math.floor(seconds / 60) : 4;
  const partSeconds = seconds / count;
  return Array.from({ length: count }, (_, part) =>
    quantile(
      samples(result).filter(({ atSeconds }) => Math.floor(atSeconds / partSeconds) === part)
        .map(({ ageMs }) => ageMs),
      0.5,
    ));
}

function ms(value: number): string {
  return Number.isNaN(value) ? "-" : value.toFixed(1);
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(18) +
    cells.map((cell) => cell.padStart(Math.max(10, cell.length + 2))).join("");
}
