/** Queries of the dashboard, made from the table of metrics: of those that there are, with their labels. */
import { type KnownMetric, metricOf } from "./metrics.ts";

/** One query of a panel, and the name of its series. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
  /** The metrics that it reads, whose help texts describe the panel. */
  readonly metrics: readonly KnownMetric[];
  readonly isInstant?: boolean;
}

/** Per second, over the window that Grafana chooses for the resolution of the panel. */
const WINDOW = "$__rate_interval";

/** The series of a metric that the variables of the dashboard choose. */
function selected({ name, labels }: KnownMetric, suffix = ""): string {
  const camera = labels.includes("camera") ? ', camera=~"$camera"' : "";
  return `${name}${suffix}{instance=~"$instance"${camera}}`;
}

/** The labels that a sum keeps. @throws when the metric lacks one */
function kept(metric: KnownMetric, by: readonly string[]): string {
  const strange = by.filter((label) => !metric.labels.includes(label));
  if (strange.length > 0) throw new Error(`${metric.name} has no label ${strange.join()}`);
  return ["instance", ...by].join(", ");
}

function legendOf(by: readonly string[], text: string): string {
  return [text, ...by.filter((label) => label !== "camera").map((label) => `{{${label}}}`)]
    .filter((part) => part !== "").join(" ");
}

/** A counter per second, summed by these labels. */
export function rate(name: string, by: readonly string[], text = ""): Query {
  const metric = metricOf(name);
  if (metric.kind !== "counter") throw new Error(`${name} is no counter`);
  const expr = `sum by (${kept(metric, by)}) (rate(${selected(metric)}[${WINDOW}]))`;
  return { expr, legend: legendOf(by, text), metrics: [metric] };
}

/** A counter's growth over the window. */
export function increase(name: string, by: readonly string[], text = ""): Query {
  const query = rate(name, by, text);
  return { ...query, expr: query.expr.replace("(rate(", "(increase(") };
}

/** A gauge as it is, summed by these labels. */
export function value(name: string, by: readonly string[], text = ""): Query {
  const metric = metricOf(name);
  if (metric.kind !== "gauge") throw new Error(`${name} is no gauge`);
  const expr = `sum by (${kept(metric, by)}) (${selected(metric)})`;
  return { expr, legend: legendOf(by, text), metrics: [metric] };
}

/** Seconds since an instant that a gauge has. */
export function age(name: string, by: readonly string[]): Query {
  const query = value(name, by);
  return { ...query, expr: `time() - ${query.expr}` };
}

/** A part of one counter in another, both per second. */
export function share(name: string, whole: string, by: readonly string[], text: string): Query {
  const [part, all] = [rate(name, by, text), rate(whole, by)];
  return {
    ...part,
    expr: `${part.expr} / (${all.expr} > 0)`,
    metrics: [...part.metrics, ...all.metrics],
  };
}

/** A percentile of a histogram, 0 to 100, of one value of a label or of all. */
export function percentile(
  percent: number,
  name: string,
  by: readonly string[],
  only: Readonly<Record<string, string>> = {},
): Query {
  const metric = metricOf(name);
  const more = Object.entries(only).map(([label, one]) => `, ${label}="${one}"`).join("");
  kept(metric, Object.keys(only));
  const series = selected(metric, "_bucket").replace(/}$/, `${more}}`);
  const sum = `sum by (${kept(metric, by)}, le) (rate(${series}[${WINDOW}]))`;
  return {
    expr: `histogram_quantile(${percent / 100}, ${sum})`,
    legend: legendOf(by, `p${percent}`),
    metrics: [metric],
  };
}

/** The same series with a value for one table: the newest only. */
export function newest(query: Query, legend: string): Query {
  return { ...query, legend, isInstant: true };
}
