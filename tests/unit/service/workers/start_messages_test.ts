import assert from "node:assert/strict";
import { loadSettings } from "../../../../src/config/load.ts";
import { detectorPlan } from "../../../../src/service/workers/start_messages.ts";

Deno.test("start messages: a detector's providers reach its workers, in order", () => {
  const { detectors } = loadSettings({
    path: "/etc/orion/orion.yaml",
    root: "/opt/orion",
    env: () => undefined,
    readText: () =>
      "cameras: [{ id: a, url: 'demo:' }]\ndetectors: [{ id: d, providers: [cuda, cpu] }]\n",
  });
  const [detector] = detectors;
  assert.ok(detector);
  const { worker, providers } = detectorPlan(detector, 1);
  assert.deepEqual([worker, providers], ["d-1", ["cuda", "cpu"]]);
});
