/** The dashboard and the alerts, against the table of metrics. `tests/e2e/monitoring_test.ts` runs them. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { alertRules, ALERTS } from "../../../scripts/lib/monitoring/alerts.ts";
import { dashboard } from "../../../scripts/lib/monitoring/dashboard.ts";
import { metricNames, metricOf, METRICS } from "../../../scripts/lib/monitoring/metrics.ts";
import { metricsPage } from "../../../scripts/lib/monitoring/metrics_page.ts";
import { ROWS } from "../../../scripts/lib/monitoring/panels.ts";
import { percentile, rate, value } from "../../../scripts/lib/monitoring/queries.ts";
import { ROOT } from "../../support/system/files.ts";

const QUERIES = ROWS.flatMap(({ panels }) => panels).flatMap(({ queries }) => queries);

Deno.test("monitoring: the dashboard shows every metric, and none that is not there", () => {
  const shown = new Set(QUERIES.flatMap(({ expr }) => metricNames(expr)));
  assert.deepEqual([...shown].toSorted(), METRICS.map(({ name }) => name).toSorted());
});

Deno.test("monitoring: a query names a metric of its kind, with labels that it has", () => {
  assert.throws(() => rate("orion_nothing_total", []), /there is no metric orion_nothing_total/);
  assert.throws(() => rate("orion_camera_up", []), /is no counter/);
  assert.throws(() => value("orion_frames_received_total", []), /is no gauge/);
  assert.throws(() => value("orion_camera_up", ["detector"]), /has no label detector/);
  assert.throws(
    () => percentile(95, "orion_latency_seconds", [], { reason: "x" }),
    /has no label reason/,
  );
  assert.equal(
    percentile(95, "orion_latency_seconds", ["stage"], { detector: "person" }).expr,
    "histogram_quantile(0.95, sum by (instance, stage, le) (rate(orion_latency_seconds_bucket{" +
      'instance=~"$instance", camera=~"$camera", detector="person"}[$__rate_interval])))',
  );
});

Deno.test("monitoring: panels lie beside and below one another, within 24 columns", () => {
  const { panels } = JSON.parse(JSON.stringify(dashboard()));
  const taken = new Set<string>();
  const ids = new Set<number>();
  for (const { id, gridPos: { x, y, w, h } } of panels) {
    ids.add(id);
    assert.ok(x + w <= 24);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.ok(!taken.has(`${column},${row}`), `panel ${id} covers another one`);
        taken.add(`${column},${row}`);
      }
    }
  }
  assert.equal(ids.size, panels.length);
});

Deno.test("monitoring: alerts name metrics that there are, and each is tested to fire", () => {
  for (const { expr } of ALERTS) metricNames(expr).forEach(metricOf);
  const { groups: [{ rules }] } = parse(alertRules());
  assert.equal(rules.length, ALERTS.length);
  const { tests } = parse(
    Deno.readTextFileSync(`${ROOT}/packaging/monitoring/orion.rules.test.yml`),
  );
  const fired = new Set<string>();
  for (const { alert_rule_test: cases = [] } of tests) {
    for (const { alertname, exp_alerts: alerts } of cases) {
      if (alerts.length > 0) fired.add(alertname);
    }
  }
  assert.deepEqual([...fired].toSorted(), ALERTS.map(({ name }) => name).toSorted());
});

Deno.test("monitoring: the page has every alert and every label", () => {
  const page = metricsPage();
  for (const { name } of ALERTS) assert.ok(page.includes(`\`${name}\``), name);
  for (const { labels } of METRICS) {
    for (const label of labels) assert.match(page, new RegExp(`^\\| \`${label}\` `, "m"));
  }
});
