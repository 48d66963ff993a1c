/** Generates `packaging/monitoring/orion.dashboard.json`: Grafana's dashboard of the metrics. */
import { type Panel, ROWS } from "./panels.ts";
import type { Query } from "./queries.ts";

/** Chosen when the dashboard is imported, or at its top. */
const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;

const COLUMNS = 24;
const HEIGHTS = { row: 1, stat: 4, timeseries: 8 } as const;

/** Grafana's classic model, which version 9 and later import. */
const SCHEMA_VERSION = 39;

/** The dashboard as a JSON value. */
export function dashboard(): unknown {
  const panels: unknown[] = [];
  let y = 0;
  for (const { title, repeat, panels: shown } of ROWS) {
    const place = { h: HEIGHTS.row, w: COLUMNS, x: 0, y };
    const row = { id: panels.length + 1, type: "row", title, collapsed: false, gridPos: place };
    panels.push({ ...row, panels: [], ...repeat === undefined ? {} : { repeat } });
    y += HEIGHTS.row;
    let x = 0;
    for (const panel of shown) {
      const h = HEIGHTS[panel.kind];
      if (x + panel.width > COLUMNS) {
        x = 0;
        y += h;
      }
      panels.push(panelOf(panel, panels.length + 1, { h, w: panel.width, x, y }));
      x += panel.width;
    }
    y += HEIGHTS[shown.at(-1)?.kind ?? "stat"];
  }
  return {
    title: "Orion",
    uid: "orion-edge",
    description: "Cameras, detectors and messages of Orion. Generated from its table of metrics.",
    tags: ["orion"],
    timezone: "browser",
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    schemaVersion: SCHEMA_VERSION,
    time: { from: "now-6h", to: "now" },
    templating: { list: variables() },
    annotations: { list: [] },
    panels,
  };
}

function panelOf(panel: Panel, id: number, gridPos: Readonly<Record<string, number>>) {
  const { title, kind, unit, queries } = panel;
  const helps = new Map(
    queries.flatMap(({ metrics }) => metrics.map((one) => [one.name, one.help])),
  );
  return {
    ...{ id, title, type: kind, gridPos, datasource: DATASOURCE },
    description: [...helps].map(([name, help]) => `${name}: ${help}`).join("\n\n"),
    fieldConfig: {
      defaults: { unit, min: 0, custom: kind === "timeseries" ? drawing(panel) : {} },
      overrides: [],
    },
    options: kind === "timeseries" ? GRAPH_OPTIONS : statOptions(panel),
    targets: queries.map((query, index) => targetOf(query, index)),
  };
}

function drawing({ isStacked = false }: Panel) {
  return {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: isStacked ? 30 : 0,
    stacking: { mode: isStacked ? "normal" : "none", group: "A" },
  };
}

const GRAPH_OPTIONS = {
  legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
  tooltip: { mode: "multi", sort: "desc" },
} as const;

function statOptions({ showsNames = false }: Panel) {
  return {
    reduceOptions: { calcs: ["lastNotNull"], values: false },
    textMode: showsNames ? "name" : "value_and_name",
    ...{ colorMode: "none", graphMode: "none", justifyMode: "auto", orientation: "auto" },
    ...{ wideLayout: true, showPercentChange: false, percentChangeColorMode: "standard" },
  };
}

function targetOf({ expr, legend, isInstant = false }: Query, index: number) {
  return {
    refId: String.fromCharCode("A".charCodeAt(0) + index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    ...{ range: !isInstant, instant: isInstant, editorMode: "code" },
  };
}

/** The choices at the top: where from, which instances, which of their cameras. */
function variables() {
  const all = { multi: true, includeAll: true, current: { text: "All", value: "$__all" } };
  const values = (name: string, label: string, query: string) => ({
    ...{ name, label, type: "query", datasource: DATASOURCE, refresh: 2, sort: 1, ...all },
    query: { query, refId: name },
  });
  return [
    { name: "datasource", label: "Source", type: "datasource", query: "prometheus" },
    values("instance", "Instance", "label_values(orion_build_info, instance)"),
    values("camera", "Camera", 'label_values(orion_camera_up{instance=~"$instance"}, camera)'),
  ];
}
