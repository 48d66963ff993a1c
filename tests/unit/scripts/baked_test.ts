import assert from "node:assert/strict";
import { bakedGrant } from "../../../scripts/lib/baked.ts";
import { TARGETS } from "../../../scripts/lib/targets.ts";
import { tempFolder } from "../../support/system/files.ts";

const [target] = TARGETS;
assert.ok(target !== undefined);
const general = { target, at: "/opt/orion", config: null, configAt: "/etc/orion/orion.yaml" };

Deno.test("compile: the general set reaches cameras in private networks, and no public address", () => {
  const { net } = bakedGrant(general);
  for (const range of ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]) {
    assert.ok(net.includes(range), `${net}`);
  }
  const isPrivate = /^(10\.|172\.16\.|192\.168\.|169\.254\.|127\.|0\.0\.0\.0$)/;
  assert.deepEqual(net.filter((host) => !isPrivate.test(host)), []);
});

Deno.test("compile: only the unpacked files may be written", () => {
  assert.deepEqual(bakedGrant(general).write, ["/opt/orion/.orion"]);
});

Deno.test("compile: paths of a configuration are granted as on the target, not as on this machine", () => {
  using folder = tempFolder();
  const config = folder.write(
    "mine.yaml",
    `cameras: [{ id: a, url: "file:clips/a.mp4" }]\n` +
      `detectors: [{ id: d, model: m.onnx }]\n` +
      `mqtt: { url: "mqtt://broker.lan", username: u, password: { file: secret } }\n`,
  );
  const { read, net } = bakedGrant({ ...general, config, configAt: "/etc/cams/orion.yaml" });
  for (const path of ["orion.yaml", "clips/a.mp4", "m.onnx", "secret"]) {
    assert.ok(read.some((granted) => `/etc/cams/${path}`.startsWith(granted)), `${path}: ${read}`);
  }
  assert.ok(net.includes("broker.lan:1883"), `${net}`);
  assert.deepEqual([...read, ...net].filter((value) => value.includes(folder.path)), []);
  assert.ok(!read.includes("/etc/orion"), "the general set's folder");
});
