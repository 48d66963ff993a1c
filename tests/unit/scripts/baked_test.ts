import assert from "node:assert/strict";
import { bakedGrant } from "../../../scripts/lib/baked.ts";
import { TARGETS } from "../../../scripts/lib/targets.ts";

Deno.test("compile: the general set reaches cameras in private networks, and no public address", () => {
  const [target] = Object.values(TARGETS);
  assert.ok(target !== undefined);
  const { net } = bakedGrant({ target, at: "/opt/orion", config: null });
  for (const range of ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]) {
    assert.ok(net.includes(range), `${net}`);
  }
  const isPrivate = /^(10\.|172\.16\.|192\.168\.|169\.254\.|127\.|0\.0\.0\.0$)/;
  assert.deepEqual(net.filter((host) => !isPrivate.test(host)), []);
});
