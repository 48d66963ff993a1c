import assert from "node:assert/strict";
import { loadSettings } from "../../../../src/config/load.ts";
import type { Settings } from "../../../../src/config/settings.ts";
import { brokerTarget, detectorPlan } from "../../../../src/service/workers/start_messages.ts";

function load(yaml: string): Settings {
  return loadSettings({
    path: "/etc/orion/orion.yaml",
    root: "/opt/orion",
    env: () => undefined,
    readText: () => `cameras: [{ id: a, url: 'demo:' }]\n${yaml}\n`,
  });
}

Deno.test("start messages: a detector's providers reach its workers, in order", () => {
  const { detectors } = load("detectors: [{ id: d, providers: [cuda, cpu] }]");
  const [detector] = detectors;
  assert.ok(detector);
  const { worker, providers } = detectorPlan(detector, 1);
  assert.deepEqual([worker, providers], ["d-1", ["cuda", "cpu"]]);
});

Deno.test("start messages: the publisher gets the parsed address, also of an IPv6 listener", () => {
  const embedded = brokerTarget(load("mqtt: { listen: '[::1]:1885' }").mqtt);
  assert.deepEqual({ ...embedded.address }, {
    scheme: "mqtt",
    hostname: "::1",
    port: 1885,
    path: "",
  });
  assert.equal(embedded.protocol, "3.1.1");
  const named = brokerTarget(load("mqtt: { url: 'wss://u:p%40w@b.example/x?y=1' }").mqtt);
  assert.deepEqual(
    [{ ...named.address }, named.username, named.password, named.protocol],
    [{ scheme: "wss", hostname: "b.example", port: 443, path: "/x?y=1" }, "u", "p@w", 5],
  );
});
