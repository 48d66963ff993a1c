/** Generates `docs/metrics.md` from the tables of metrics and alerts. */
import { markdownTable } from "../markdown.ts";
import { ALERTS } from "./alerts.ts";
import { metricNames, METRICS } from "./metrics.ts";
import { ROWS } from "./panels.ts";

/** What each label has. Values of `reason` mean what docs/glossary.md says. */
const LABELS: Readonly<Record<string, string>> = {
  camera: "the camera's `id`",
  detector: "the detector's `id`",
  class: "a class of the detector: `person`, `car`, …",
  zone: "a zone's `id`; `all` is the whole picture",
  reason: "why: of frames dropped and undecoded as in the [glossary](glossary.md), of messages " +
    "and stays as in [MQTT](mqtt.md)",
  kind: "what is wrong with a timestamp: `outlier`, `jump`, `constant`",
  stage: "`queue` (from arrival to conversion), `convert`, `inference`, `postprocess`, `total` " +
    "(from arrival to publication)",
  worker: "a thread: `capture-CAMERA`, `DETECTOR-NUMBER`",
  topic_kind: "a kind of [topic](mqtt.md): `inference`, `camera`, `presence`, …",
  version: "of Orion",
  deno: "the version of Deno",
  libav: "the release of FFmpeg whose libraries are used",
  onnxruntime: "the version of ONNX Runtime",
};

/** What precedes the tables. */
const HEAD = `# Metrics

\`GET /metrics\` has the figures as Prometheus reads them. This page is generated from the table they
are made from; \`/status\` has the same figures with more words.
[examples/prometheus](../examples/README.md) has the scrape with its token.

- Counters never decrease while the process lives, also not when a worker is replaced or a camera
  reconnects. So \`rate()\` is right across both.
- At every moment, for each camera, \`received = undecoded + corrupt + decoded\`, and for each of its
  detectors \`decoded = processed + dropped + waiting\`. Frames that may still be decoded are in none
  of these yet, but in \`orion_gop_buffer_frames\`; in \`/status\` they are \`received\`, and \`undecoded\`
  as \`buffered\`.
- **A high drop ratio is healthy**: of 25 frames a second a detector of 5 Hz gets one in five.
  Compare the rate that is reached with \`orion_rate_limit_hertz\` instead.

## All of them

`;

const DASHBOARD = `
## Dashboard

\`packaging/monitoring/orion.dashboard.json\` is a dashboard for Grafana 9 or newer: _Dashboards_,
_New_, _Import_, then choose the Prometheus that reads Orion. At its top are the instances and their
cameras; each chosen camera has a row of its own. It is generated from the table above, and its
queries are tried against a running Orion.

The portable folder has it, and the [alerts](#alerts), at the same path as a checkout; the package
of Debian has them in \`/usr/share/orion/monitoring\`, the image in \`/opt/orion/packaging/monitoring\`.

`;

const ALERTS_HEAD = `
## Alerts

\`packaging/monitoring/orion.rules.yml\`, for \`rule_files\` of Prometheus, with a scrape job that is
named \`orion\`. Its tests, \`orion.rules.test.yml\`, show on what each alert fires and on what it does
not:

\`\`\`sh
promtool test rules packaging/monitoring/orion.rules.test.yml
\`\`\`

`;

/** The text of the page. */
export function metricsPage(): string {
  const used = [...new Set(METRICS.flatMap(({ labels }) => labels))];
  const metrics = METRICS.map(({ name, kind, labels, help }) => [
    ...[code(name), kind, labels.map(code).join(", "), help],
  ]);
  const labels = used.map((label) => [code(label), LABELS[label] ?? missing(label)]);
  const rows = ROWS.map(({ title, panels }) => [
    ...[title.replace(" $camera", ""), panels.map(({ title }) => title).join("; ")],
  ]);
  const alerts = ALERTS.map(({ name, expr, after, severity, remedy }) => [
    ...[code(name), severity, after ?? "at once"],
    ...[metricNames(expr).map(code).join(", ") || "`up`", remedy],
  ]);
  return [
    HEAD,
    markdownTable([["metric", "kind", "labels", "meaning"], ...metrics]),
    "\n## Labels\n\n",
    markdownTable([["label", "has"], ...labels]),
    DASHBOARD,
    markdownTable([["row", "has"], ...rows]),
    ALERTS_HEAD,
    markdownTable([["alert", "severity", "after", "from", "what to do"], ...alerts]),
  ].join("");
}

function code(text: string): string {
  return `\`${text}\``;
}

function missing(label: string): never {
  throw new Error(
    `scripts/lib/monitoring/metrics_page.ts does not say what the label ${label} has`,
  );
}
