/** The dashboard's queries and the alerts, tried by Prometheus itself on a running Orion. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { ALERTS } from "../../scripts/lib/monitoring/alerts.ts";
import { ROWS } from "../../scripts/lib/monitoring/panels.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { exampleFile, placed } from "../support/product/examples.ts";
import { Rig } from "../support/product/rig.ts";
import { Child } from "../support/system/children.ts";
import { ROOT, type TempFolder, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { WAIT_TIMEOUT_MS } from "../support/system/lines.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

const MONITORING = `${ROOT}/packaging/monitoring`;
const TOKEN = "a-token-of-a-test";
/** What has no series before it happens, and does not happen here. */
const SILENT: readonly string[] = ["orion_mqtt_discarded_total"];
const LOOK_AGAIN_MS = 250;

Deno.test({
  name:
    "monitoring: promtool accepts the alerts, and each fires on what it is for and on nothing else",
  ignore: ignoreWithout("prometheus"),
  async fn() {
    const promtool = programPath("promtool") ?? "promtool";
    for (
      const args of [["check", "rules", "orion.rules.yml"], [
        "test",
        "rules",
        "orion.rules.test.yml",
      ]]
    ) {
      const command = new Deno.Command(promtool, { args, cwd: MONITORING });
      const { code, stdout, stderr } = await command.output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, 0, said);
      assert.match(said, /SUCCESS/);
    }
  },
});

/** A Prometheus that reads Orion as the example does, every second, with the alerts. */
async function startPrometheus(
  folder: TempFolder,
  orion: string,
): Promise<{ child: Child; url: string }> {
  const token = folder.write("token", TOKEN);
  const scrape = placed(exampleFile("prometheus", "prometheus.yml"), [
    ["15s", "1s"],
    ["192.0.2.20:8080", orion],
    ["/etc/prometheus/orion-token", token],
  ]);
  const rules = `rule_files: ["${MONITORING}/orion.rules.yml"]`;
  const config = folder.write(
    "prometheus.yml",
    `global: { evaluation_interval: 1s }\n${rules}\n${scrape}`,
  );
  const address = `127.0.0.1:${freePort()}`;
  const child = new Child({
    name: "prometheus",
    command: programPath("prometheus") ?? "prometheus",
    args: [
      ...[`--config.file=${config}`, `--storage.tsdb.path=${folder.path}/data`],
      ...[`--web.listen-address=${address}`, "--log.level=info"],
    ],
  });
  await child.stderr.waitFor((line) => line.includes("ready to receive web requests"), {
    what: "that it listens",
  });
  return { child, url: `http://${address}/api/v1` };
}

/** What Prometheus answers. */
async function ask(url: string): Promise<unknown> {
  const answer = await fetch(url);
  const { status, data, error } = await answer.json();
  assert.equal(status, "success", `${url}: ${error}`);
  return data;
}

/** The number of series of a query, as soon as there is one. */
async function seriesOf(url: string, expr: string): Promise<number> {
  const asked = expr.replaceAll("$__rate_interval", "30s").replaceAll("$instance", "lobby-1")
    .replaceAll("$camera", "gate");
  const deadline = performance.now() + WAIT_TIMEOUT_MS;
  for (;;) {
    const data = await ask(`${url}/query?query=${encodeURIComponent(asked)}`);
    assert.ok(typeof data === "object" && data !== null && "result" in data);
    assert.ok(Array.isArray(data.result));
    const isSilent = SILENT.some((name) => expr.includes(name));
    if (data.result.length > 0 || isSilent) return data.result.length;
    assert.ok(performance.now() < deadline, `no series: ${asked}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

Deno.test({
  name:
    "monitoring: every query of the dashboard has series of a running Orion, and no alert fires",
  ignore: ignoreWithout("prometheus", "libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    using folder = tempFolder();
    await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using rig = await Rig.start({
      config: `cameras: [{ id: gate, url: "${camera.url}" }]\n` +
        "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5, classes: [person] }]",
      health: `  token: ${TOKEN}`,
    });
    await rig.subscriber.waitFor(({ topic }) => topic.includes("/occupancy/"));
    const prometheus = await startPrometheus(folder, new URL(rig.httpUrl).host);
    await using _child = prometheus.child;
    const queries = ROWS.flatMap(({ panels }) => panels).flatMap(({ queries }) => queries);
    for (const { expr, metrics } of queries) {
      const series = await seriesOf(prometheus.url, expr);
      const isSilent = metrics.some(({ name }) => SILENT.includes(name));
      assert.equal(series === 0, isSilent, expr);
    }
    const rules = JSON.stringify(await ask(`${prometheus.url}/rules`));
    const { groups: [{ rules: loaded }] } = parse(rules);
    assert.equal(loaded.length, ALERTS.length);
    for (const { name, health, lastError = "", state } of loaded) {
      assert.deepEqual([health, lastError], ["ok", ""], name);
      assert.notEqual(state, "firing", name);
    }
  },
});
