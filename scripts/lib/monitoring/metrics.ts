/** Every metric of Orion, for what is generated about them. */
import type { Metric } from "../../../src/health/metric_samples.ts";
import { COUNTERS, GAUGES } from "../../../src/health/metric_table.ts";
import { CPU, LATENCY } from "../../../src/health/metrics.ts";

/** A metric without where its figures come from. */
export interface KnownMetric extends Omit<Metric, "samples"> {
  readonly kind: "counter" | "gauge" | "histogram";
}

/** In the order of the table. */
export const METRICS: readonly KnownMetric[] = [
  ...COUNTERS.map((metric) => ({ ...metric, kind: "counter" as const })),
  { ...CPU, kind: "counter" },
  ...GAUGES.map((metric) => ({ ...metric, kind: "gauge" as const })),
  { ...LATENCY, kind: "histogram" },
];

/** The metric of that name. @throws when there is none */
export function metricOf(name: string): KnownMetric {
  const found = METRICS.find((metric) => metric.name === name);
  if (found === undefined) throw new Error(`there is no metric ${name}`);
  return found;
}

/** The names of metrics in an expression or a text. */
export function metricNames(text: string): string[] {
  const names = text.match(/\b(?:orion|process)_[a-z_]+[a-z]\b/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(?:bucket|sum|count)$/, "")))];
}
