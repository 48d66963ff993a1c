import assert from "node:assert/strict";
import fc from "fast-check";
import { chooseConfig, loadSettings } from "../../../src/config/load.ts";
import { ConfigError } from "../../../src/config/problems.ts";
import { CAMERA, cameraWith, detectorWith, problemsOf, ROOT } from "./world.ts";

/** One mistake each: the file, the path of the problem, and a pattern of its text. */
const MISTAKES: readonly { yaml: string; path: string; says: RegExp }[] = [
  { yaml: "instence: a\n" + CAMERA, path: "instence", says: /Did you mean "instance"/ },
  { yaml: "instance: Lobby 1\n" + CAMERA, path: "instance", says: /"Lobby 1".*a to z/ },
  { yaml: "instance: a\n", path: "cameras", says: /is missing/ },
  { yaml: "", path: "cameras", says: /is missing/ },
  { yaml: "just text", path: "", says: /cannot be "just text".*cameras/ },
  { yaml: "cameras: gate\n", path: "cameras", says: /cannot be "gate".*list/ },
  { yaml: "cameras: []\n", path: "cameras", says: /list of 0/ },
  { yaml: "cameras: [{ id: a }]\n", path: "cameras[0].url", says: /is missing/ },
  { yaml: "cameras: [{ id: a, url: 'http://x/' }]", path: "cameras[0].url", says: /"http:"/ },
  { yaml: "cameras: [{ id: a, url: 'rstp://x/' }]", path: "cameras[0].url", says: /"rtsp"/ },
  { yaml: "cameras: [{ id: a, url: 'rtsp://' }]", path: "cameras[0].url", says: /no valid host/ },
  { yaml: "cameras: [{ id: a, url: 'rtsp://a..b/' }]", path: "cameras[0].url", says: /valid host/ },
  {
    yaml: "cameras: [{ id: a, url: 'rtsp://[1.2]/' }]",
    path: "cameras[0].url",
    says: /valid host/,
  },
  { yaml: "cameras: [{ id: a, url: 'rtsp:x' }]", path: "cameras[0].url", says: /\/\// },
  { yaml: "cameras: [{ id: a, url: 'file:' }]", path: "cameras[0].url", says: /names no file/ },
  { yaml: "cameras: [{ id: a, url: 'file://h/x' }]", path: "cameras[0].url", says: /host/ },
  {
    yaml: "cameras: [{ id: a, url: 'file:x.mp4' }]",
    path: "cameras[0].url",
    says: /no video file/,
  },
  { yaml: "cameras: [{ id: a, url: 'demo:x' }]", path: "cameras[0].url", says: /after the colon/ },
  {
    yaml: cameraWith("transport: tpc"),
    path: "cameras[0].transport",
    says: /"tcp".*tcp, udp, auto/,
  },
  { yaml: cameraWith("decode: some"), path: "cameras[0].decode", says: /keyframes/ },
  { yaml: cameraWith("decoder: H264!"), path: "cameras[0].decoder", says: /libav decoder/ },
  { yaml: cameraWith("loop: often"), path: "cameras[0].loop", says: /true or false/ },
  { yaml: cameraWith("stallTimeoutSeconds: 0"), path: "cameras[0].stallTimeoutSeconds", says: /1/ },
  {
    yaml: cameraWith("roi: { x: 0, y: 0, width: 0, height: 1 }"),
    path: "cameras[0].roi",
    says: /area/,
  },
  {
    yaml: cameraWith("roi: { x: 0.5, y: 0, width: 0.6, height: 1 }"),
    path: "cameras[0].roi",
    says: /beyond/,
  },
  {
    yaml: cameraWith("roi: { x: 2, y: 0, width: 1, height: 1 }"),
    path: "cameras[0].roi.x",
    says: /within 0 and 1/,
  },
  {
    yaml: cameraWith("masks: [[[0,0],[1,1]]]"),
    path: "cameras[0].masks[0]",
    says: /3 to 64 points/,
  },
  { yaml: cameraWith("masks: [[[0,0],[1,1],[0]]]"), path: "cameras[0].masks[0][2]", says: /point/ },
  { yaml: detectorWith("rateHz: fast"), path: "detectors[0].rateHz", says: /"fast".*0.1 and 30/ },
  { yaml: detectorWith("rateHz: 31"), path: "detectors[0].rateHz", says: /31.*0.1 and 30/ },
  { yaml: detectorWith("confidence: 1.5"), path: "detectors[0].confidence", says: /0 and 1/ },
  { yaml: detectorWith("threads: 0"), path: "detectors[0].threads", says: /1 and 64/ },
  {
    yaml: detectorWith("providers: [cuda, cpuu]"),
    path: "detectors[0].providers[1]",
    says: /Did you mean "cpu"\? .*cpu, openvino, xnnpack, cuda, tensorrt, webgpu/,
  },
  {
    yaml: detectorWith("input: { width: 640 }"),
    path: "detectors[0].input.height",
    says: /whole number within 32 and 4096/,
  },
  {
    yaml: detectorWith("input: { width: 5000, height: 320 }"),
    path: "detectors[0].input.width",
    says: /whole number within 32 and 4096/,
  },
  { yaml: detectorWith("input: 640"), path: "detectors[0].input", says: /auto or \{ width/ },
  { yaml: detectorWith("providers: []"), path: "detectors[0].providers", says: /list of/ },
  { yaml: detectorWith("providers: cpu"), path: "detectors[0].providers", says: /list of/ },
  { yaml: detectorWith("workers: 1.5"), path: "detectors[0].workers", says: /whole number/ },
  { yaml: detectorWith("classes: [-1]"), path: "detectors[0].classes[0]", says: /0 and 65535/ },
  { yaml: detectorWith("cameras: [gat]"), path: "detectors[0].cameras[0]", says: /"gate"/ },
  { yaml: detectorWith("cameras: [gate, gate]"), path: "detectors[0].cameras[1]", says: /twice/ },
  { yaml: detectorWith("cameras: []"), path: "detectors[0].cameras", says: /list of/ },
  {
    yaml: detectorWith("model: builtin:persn"),
    path: "detectors[0].model",
    says: /builtin:person/,
  },
  { yaml: detectorWith("model: yolo.pt"), path: "detectors[0].model", says: /\.onnx/ },
  {
    yaml: detectorWith("model: m.onnx"),
    path: "detectors[0].model",
    says: /\/etc\/orion\/m\.onnx/,
  },
  { yaml: CAMERA + "mqtt: { url: 'http://b' }", path: "mqtt.url", says: /"http:".*mqtt/ },
  { yaml: CAMERA + "mqtt: { url: 'mqtt://b:99999' }", path: "mqtt.url", says: /port/ },
  { yaml: CAMERA + "mqtt: { url: 'mqtt://b/path' }", path: "mqtt.url", says: /no path/ },
  { yaml: CAMERA + "mqtt: { url: 'mqtt://b', ca: /x }", path: "mqtt.ca", says: /mqtts/ },
  {
    yaml: CAMERA + "mqtt: { url: 'mqtts://b', cert: /etc/orion/orion.yaml }",
    path: "mqtt.cert",
    says: /mqtt\.key/,
  },
  {
    yaml: CAMERA + "mqtt: { url: 'mqtt://u@b', username: v }",
    path: "mqtt.username",
    says: /as well/,
  },
  { yaml: CAMERA + "mqtt: { password: xyz }", path: "mqtt.password", says: /embedded broker/ },
  { yaml: CAMERA + "mqtt: { listen: '0.0.0.0:1883' }", path: "mqtt.listen", says: /loopback/ },
  {
    yaml: CAMERA + "mqtt: { url: 'mqtt://b', listen: '127.0.0.1:1' }",
    path: "mqtt.listen",
    says: /one of the two/,
  },
  { yaml: CAMERA + "mqtt: { protocol: 4 }", path: "mqtt.protocol", says: /5 or 3.1.1/ },
  { yaml: CAMERA + "mqtt: { topicPrefix: 'a/#' }", path: "mqtt.topicPrefix", says: /topic levels/ },
  { yaml: CAMERA + "mqtt: { qos: { health: 2 } }", path: "mqtt.qos.health", says: /0 or 1/ },
  {
    yaml: CAMERA + "mqtt: { outbox: { policy: queue } }",
    path: "mqtt.outbox.policy",
    says: /not acknowledged/,
  },
  { yaml: CAMERA + "mqtt: { outbox: { max: 0 } }", path: "mqtt.outbox.max", says: /whole number/ },
  { yaml: CAMERA + "mqtt: { homeAssistant: yes }", path: "mqtt.homeAssistant", says: /false or/ },
  { yaml: CAMERA + "health: { listen: 8080 }", path: "health.listen", says: /address and a port/ },
  { yaml: CAMERA + "health: { listen: ':8080' }", path: "health.listen", says: /127.0.0.1:8080/ },
  {
    yaml: CAMERA + "health: { listen: '0.0.0.0:8080' }",
    path: "health.listen",
    says: /health\.token/,
  },
  {
    yaml: CAMERA + "health: { token: { file: no } }",
    path: "health.token.file",
    says: /does not exist/,
  },
  { yaml: CAMERA + "watchdog: 7", path: "watchdog", says: /intervalSeconds/ },
  { yaml: CAMERA + "shutdownTimeoutSeconds: -1", path: "shutdownTimeoutSeconds", says: /within/ },
  { yaml: "instance: ${NOPE}\n" + CAMERA, path: "instance", says: /NOPE is not set/ },
  { yaml: "instance: ${no pe}\n" + CAMERA, path: "instance", says: /names no environment/ },
  { yaml: "instance: a\ninstance: b\n" + CAMERA, path: "", says: /unique.*one of the two/ },
  { yaml: "cameras: [\n", path: "", says: /not valid YAML/ },
  { yaml: `${CAMERA}---\n${CAMERA}`, path: "", says: /more than one document/ },
  { yaml: CAMERA + "mqtt: { password: {{ x }} }", path: "", says: /cannot be a key.*Quote/ },
  { yaml: "instance: 12\n" + CAMERA, path: "instance", says: /cannot be 12 Quote it: .*number/ },
  {
    yaml: CAMERA + "mqtt: { url: 'mqtts://b', password: 1234 }",
    path: "mqtt.password",
    says: /^is not what is expected here Quote it: .*number/,
  },
  { yaml: CAMERA + "health: { token: true }", path: "health.token", says: /Quote it: .*boolean/ },
  { yaml: detectorWith("rateHz: .nan"), path: "detectors[0].rateHz", says: /NaN/ },
];

for (const { yaml, path, says } of MISTAKES) {
  const title = yaml.trim().split("\n").at(-1)?.trim() ?? "";
  Deno.test(`config: one mistake, one problem with place and remedy: ${title || "(empty)"}`, () => {
    const problems = problemsOf(yaml);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    assert.equal(problems[0]?.path, path);
    assert.match(`${problems[0]?.message} ${problems[0]?.remedy}`, says);
  });
}

Deno.test("config: all problems are reported at once, in the order of the file, with their lines", () => {
  const yaml = [
    "instence: x",
    "cameras:",
    "  - id: gate",
    "    url: rtsp://10.0.0.1/s",
    "    roi: { x: 2, y: 0, width: 1, height: 1 }",
    "  - id: gate",
    "    url: rtsp://u:${NOPE}@10.0.0.2/s",
    "detectors:",
    "  - id: person",
    "    cameras: [door]",
    "    rateHz: 99",
    "health:",
    "  listen: 0.0.0.0:80",
  ].join("\n");
  assert.deepEqual(problemsOf(yaml).map(({ line, path }) => `${line} ${path}`), [
    "1 instence",
    "5 cameras[0].roi.x",
    "6 cameras[1].id",
    "7 cameras[1].url",
    "10 detectors[0].cameras[0]",
    "11 detectors[0].rateHz",
    "13 health.listen",
  ]);
});

Deno.test("config: a file that cannot be read is one problem", () => {
  const options = {
    path: "/etc/orion/none.yaml",
    root: ROOT,
    env: () => undefined,
    readText: () => {
      throw new Deno.errors.NotFound("no such file");
    },
  };
  assert.throws(() => loadSettings(options), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, "CONFIG");
    assert.match(error.problems[0]?.message ?? "", /none\.yaml.*does not exist/);
    return true;
  });
});

Deno.test("config: every variable that is not set is reported, once for each value", () => {
  const yaml = 'cameras: [{ id: gate, url: "rtsp://${USER}:${PASS}@h/${USER}" }]';
  assert.deepEqual(problemsOf(yaml).map(({ path, message }) => `${path}: ${message}`), [
    "cameras[0].url: the environment variable USER is not set",
    "cameras[0].url: the environment variable PASS is not set",
  ]);
});

Deno.test("config: whatever the file holds, the answer is settings or problems", () => {
  fc.assert(fc.property(fc.json(), (json) => {
    problemsOf(json);
  }));
  fc.assert(fc.property(fc.string(), (text) => {
    problemsOf(text);
  }));
});

Deno.test("config: which file is read: --config, else ORION_CONFIG, else ./orion.yaml, else none", () => {
  const choose = (named: string | null, variable?: string, usual = true) =>
    chooseConfig({ named, env: () => variable, isFile: () => usual, folder: "/home/me" });
  assert.equal(choose("a.yaml", "/b.yaml"), "/home/me/a.yaml");
  const named = { named: "a.yaml", env: () => assert.fail("asked"), isFile: () => true };
  assert.equal(chooseConfig({ ...named, folder: "/home/me" }), "/home/me/a.yaml");
  assert.equal(choose(null, "/b.yaml"), "/b.yaml");
  assert.equal(choose(null, ""), "/home/me/orion.yaml");
  assert.equal(choose(null), "/home/me/orion.yaml");
  assert.equal(choose(null, undefined, false), null);
});
