/** What problems of a configuration quote, and what they do not. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../../../src/config/problems.ts";
import { CAMERA, detectorWith, load, problemsOf } from "./world.ts";

Deno.test("config: no problem quotes a secret, whatever is wrong with it", () => {
  const secret = "hunt er#2@/";
  const yaml = `
cameras:
  - { id: a, url: "rtsp://u:${secret}@10.0.0.1/s" }
  - { id: b, url: "\${URL}" }
  - { id: c, url: "${secret}" }
mqtt:
  url: "mqtt://u:${secret}@broker"
  password: ["${secret}"]
health: { token: { file: /none, "${secret}": 1 } }
`;
  const env = { URL: `rtsp://u:${secret}@x` };
  const text = JSON.stringify(problemsOf(yaml, { env }));
  assert.ok(!text.includes(secret) && !text.includes("er#2"), text);
});

Deno.test("config: an address where a path is expected is one problem, and its password is in no path", () => {
  const address = "https://u:hunter22@host/x.onnx";
  const tls = `${CAMERA}mqtt: { url: "mqtts://b"`;
  const cases: readonly (readonly [yaml: string, path: string])[] = [
    [detectorWith(`model: ${address}`), "detectors[0].model"],
    [`cameras: [{ id: gate, url: "rtsps://h/", ca: "${address}" }]`, "cameras[0].ca"],
    [`cameras: [{ id: gate, url: "file:${address}" }]`, "cameras[0].url"],
    [`${tls}, ca: "${address}" }`, "mqtt.ca"],
    [`${tls}, cert: "${address}", key: /opt/orion/key.pem }`, "mqtt.cert"],
    [`${tls}, password: { file: "${address}" } }`, "mqtt.password.file"],
    [`${CAMERA}models: { folder: "${address}" }`, "models.folder"],
  ];
  for (const [yaml, path] of cases) {
    assert.throws(() => load(yaml), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.problems.map((problem) => problem.path), [path]);
      assert.match(error.problems[0]?.message ?? "", /an address, not a path/);
      assert.doesNotMatch(JSON.stringify([error.problems, error.files]), /hunter/);
      return true;
    });
  }
});

Deno.test("config: no value from the environment is quoted, whatever it is", () => {
  const value = fc.string({ minLength: 8, maxLength: 30 }).map((text) => `!${text}~!~`);
  fc.assert(fc.property(value, (leak) => {
    const yaml = "instance: ${V}\ncameras: [{ id: '${V}', url: '${V}', transport: '${V}' }]\n";
    const text = JSON.stringify(problemsOf(yaml, { env: { V: leak } }));
    assert.ok(!text.includes("~!~"), text);
  }));
});
