import assert from "node:assert/strict";
import { loadSettings } from "../../../src/config/load.ts";
import { shownBroker } from "../../../src/core/broker_address.ts";
import { ConfigError } from "../../../src/config/problems.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { Redactor } from "../../../src/core/redact.ts";

const ROOT = "/opt/orion";
const PATH = "/etc/orion/orion.yaml";

function load(yaml: string | null, world: {
  env?: Record<string, string>;
  files?: Record<string, string>;
  putOffSecrets?: boolean;
} = {}): Settings {
  const read: string[] = [];
  return loadSettings({
    path: yaml === null ? null : PATH,
    root: ROOT,
    env: (name) => world.env?.[name],
    readText(path) {
      read.push(path);
      const text = path === PATH ? yaml : world.files?.[path];
      if (text === undefined || text === null) throw new Deno.errors.NotFound();
      return text;
    },
    putOffSecrets: world.putOffSecrets ?? false,
  });
}

Deno.test("settings: no file at all is the demo", () => {
  const settings = load(null);
  const { url: _url, ...camera } = settings.cameras[0] ?? assert.fail("no camera");
  assert.deepEqual(camera, {
    id: "demo",
    displayUrl: "demo:",
    kind: "demo",
    file: "/opt/orion/assets/demo.mp4",
    loop: true,
    demuxer: "libav",
    transport: "tcp",
    track: null,
    endpoint: null,
    caPath: null,
    ca: null,
    fingerprint: null,
    hasOwnUdpPort: false,
    insecure: false,
    allowRedirect: [],
    udpPorts: null,
    reconnectMaxSeconds: 10,
    stream: {
      maxUnitBytes: 8 * 1024 * 1024,
      maxPixels: 8192 * 4320,
      ...{ decoder: "auto", decode: "auto", rotate: 0, aspect: null },
    },
    roi: null,
    ...{ masks: [], zones: [], lines: [] },
    stallTimeoutSeconds: 10,
  });
  assert.deepEqual(settings.detectors, [{
    id: "person",
    model: "builtin:person",
    ...{ modelPath: "/opt/orion/models/nanodet-g.onnx", resolvedPath: null, maxPixels: 544 * 320 },
    int8: {
      ...{ modelPath: "/opt/orion/models/nanodet-g-int8.onnx", resolvedPath: null },
      maxPixels: 640 * 384,
    },
    cameras: ["demo"],
    rateHz: 5,
    inference: {
      ...{ providers: ["cpu"], input: "auto", family: "auto", preprocess: {}, threads: 1 },
      ...{ confidence: 0.45, iou: 0.5, classes: ["person"] },
    },
    presence: {
      ...{ start: { frames: 2, of: 3 }, endSeconds: 5, updateSeconds: 0, snapshot: "none" },
    },
    workers: 1,
  }]);
  const { mqtt } = settings;
  assert.deepEqual([mqtt.isEmbedded, mqtt.displayUrl], [true, "mqtt://127.0.0.1:1883"]);
  assert.deepEqual(mqtt.qos, { inferences: 0, control: 1, health: 1 });
  assert.deepEqual(settings.health.listen, { hostname: "127.0.0.1", port: 8080 });
  assert.deepEqual(settings.watchdog, {
    intervalSeconds: 30,
    minTimeoutSeconds: 30,
    maxRestarts: 5,
  });
  assert.equal(settings.path, null);
});

const FULL = `
instance: lobby-1
cameras:
  - id: gate
    url: rtsp://viewer:\${GATE_PASSWORD}@192.0.2.10:554/stream1
    transport: udp
    decoder: h264_v4l2m2m
    decode: nonref
    roi: { x: 0.1, y: 0.2, width: 0.8, height: 0.7 }
    masks: [ [[0,0],[0.2,0],[0.2,0.1]] ]
    stallTimeoutSeconds: 7
  - id: clip
    url: file:clips/a b.mp4
    loop: true
detectors:
  - id: person
    model: my/own.onnx
    providers: [openvino, cuda, cpu]
    cameras: [clip, gate]
    rateHz: 0.1
    confidence: 0.4
    classes: [person, 2]
    threads: 2
    workers: 3
  - id: all
mqtt:
  url: mqtts://broker.example
  username: orion
  password: { file: secrets/mqtt }
  ca: ca.pem
  cert: /etc/c.pem
  key: k.pem
  protocol: 3.1.1
  topicPrefix: site/a
  qos: { inferences: 1 }
  homeAssistant: {}
health:
  listen: "[::]:9000"
  token: \${ORION_TOKEN}
  statsIntervalSeconds: 1
`;

const WORLD = {
  env: { GATE_PASSWORD: "p%40ss!", ORION_TOKEN: "t0ken-t0ken" },
  files: { "/etc/orion/secrets/mqtt": "mqtt-secret\n" },
};

Deno.test("settings: a full configuration arrives completely, resolved", () => {
  const settings = load(FULL, WORLD);
  const [gate, clip] = settings.cameras;
  assert.equal(gate?.url.expose(), "rtsp://viewer:p%40ss!@192.0.2.10:554/stream1");
  assert.equal(gate?.displayUrl, "rtsp://192.0.2.10:554");
  assert.equal(gate?.kind, "rtsp");
  assert.deepEqual({ ...gate?.roi }, { x: 0.1, y: 0.2, width: 0.8, height: 0.7 });
  assert.deepEqual(gate?.masks, [[{ x: 0, y: 0 }, { x: 0.2, y: 0 }, { x: 0.2, y: 0.1 }]]);
  assert.equal(clip?.file, "/etc/orion/clips/a b.mp4");
  assert.equal(clip?.url.expose(), "/etc/orion/clips/a b.mp4");
  assert.equal(clip?.loop, true);
  assert.deepEqual([gate?.demuxer, clip?.demuxer], ["orion", "libav"], "files are libav's");
  assert.deepEqual({ ...gate?.endpoint }, { hostname: "192.0.2.10", port: 554 });
  assert.deepEqual(gate?.udpPorts, [61000, 61001]);
  const [person, all] = settings.detectors;
  assert.equal(person?.modelPath, "/etc/orion/my/own.onnx");
  assert.deepEqual(person?.cameras, ["gate", "clip"], "in the order of the cameras");
  assert.deepEqual(person?.inference.classes, ["person", 2]);
  const providers = settings.detectors.map(({ inference }) => inference.providers);
  assert.deepEqual(providers, [["openvino", "cuda", "cpu"], ["cpu"]]);
  assert.deepEqual([person?.inference.openVino, all?.inference.openVino], [
    ...["/opt/orion/openvino/libopenvino_c.so", undefined],
  ]);
  assert.deepEqual([all?.rateHz, all?.inference.classes], [null, null]);
  assert.deepEqual(all?.cameras, ["gate", "clip"]);
  assert.equal(all?.modelPath, "/opt/orion/models/nanodet-g.onnx");
  const { mqtt } = settings;
  assert.equal(mqtt.isEmbedded, false);
  assert.equal(shownBroker(mqtt.address), "mqtts://broker.example:8883");
  assert.equal(mqtt.password?.expose(), "mqtt-secret");
  assert.equal(mqtt.protocol, "3.1.1");
  assert.deepEqual([mqtt.ca, mqtt.cert, mqtt.key], [
    "/etc/orion/ca.pem",
    "/etc/c.pem",
    "/etc/orion/k.pem",
  ]);
  assert.deepEqual(mqtt.qos, { inferences: 1, control: 1, health: 1 });
  assert.deepEqual(mqtt.homeAssistant, { discoveryPrefix: "homeassistant" });
  assert.deepEqual(settings.health.listen, { hostname: "::", port: 9000 });
  assert.equal(settings.models.folder, "/etc/orion/models");
  assert.equal(settings.control.allow, null);
  assert.deepEqual(settings.secretFiles, ["/etc/orion/secrets/mqtt"]);
  assert.deepEqual(settings.environment, ["GATE_PASSWORD", "ORION_TOKEN"]);
});

Deno.test("settings: control.allow is a list of commands, which may be empty", () => {
  const allow = (list: string) =>
    load(`cameras: [{ id: gate, url: "rtsp://a/" }]\ncontrol: { allow: ${list} }`).control.allow;
  assert.deepEqual([...(allow("[pause, get_status]") ?? [])], ["pause", "get_status"]);
  assert.deepEqual([...(allow("[]") ?? ["all"])], []);
  assert.throws(() => allow("[reboot]"), (error) => {
    return error instanceof ConfigError && error.problems[0]?.path === "control.allow[0]";
  });
});

Deno.test("settings: Home Assistant's discovery has a prefix where it is switched on", () => {
  const prefixOf = (written: string) =>
    load(`cameras: [{ id: gate, url: "rtsp://a/" }]\nmqtt: { homeAssistant: ${written} }`).mqtt
      .homeAssistant?.discoveryPrefix ??
      null;
  assert.equal(prefixOf("false"), null);
  for (const written of ["true", "{}"]) assert.equal(prefixOf(written), "homeassistant");
  assert.equal(prefixOf("{ discoveryPrefix: ha }"), "ha");
});

Deno.test("settings: they are deeply frozen", () => {
  const settings = load(FULL, WORLD);
  const thaw = (value: unknown, path: string): string[] => {
    if (value === null || typeof value !== "object") return [];
    const here = Object.isFrozen(value) ? [] : [path];
    return [
      ...here,
      ...Object.entries(value).flatMap(([key, part]) => thaw(part, `${path}.${key}`)),
    ];
  };
  assert.deepEqual(thaw(settings, "settings"), []);
});

Deno.test("settings: no printed form shows a secret, and the redactor knows all of them", () => {
  const settings = load(FULL, WORLD);
  const forms = [JSON.stringify(settings), Deno.inspect(settings, { depth: 9 })];
  for (const secret of ["p%40ss!", "p@ss!", "mqtt-secret", "t0ken-t0ken"]) {
    for (const form of forms) assert.ok(!form.includes(secret), `${secret} in ${form}`);
    assert.ok(!new Redactor(settings.secrets()).text(`a ${secret} b`).includes(secret), secret);
  }
});

Deno.test("settings: credentials within mqtt.url are taken out of it, and decoded", () => {
  const { mqtt } = load("cameras: [{ id: a, url: 'demo:' }]\nmqtt: { url: 'mqtt://me:p%3Aw@b:1' }");
  assert.deepEqual({ ...mqtt.address }, { scheme: "mqtt", hostname: "b", port: 1, path: "" });
  assert.equal(mqtt.displayUrl, "mqtt://b:1");
  assert.equal(mqtt.username, "me");
  assert.equal(mqtt.password?.expose(), "p:w");
});

Deno.test("settings: a broker's port follows its scheme, and a path stays with websockets alone", () => {
  for (
    const [url, shown, path] of [
      ["mqtts://b/", "mqtts://b:8883", ""],
      ["ws://b/mqtt", "ws://b:80", "/mqtt"],
      ["ws://b?y=1", "ws://b:80", "/?y=1"],
      ["wss://b", "wss://b:443", "/"],
      ["wss://[::1]/x?y=1", "wss://[::1]:443", "/x?y=1"],
    ] as const
  ) {
    const { mqtt } = load(`cameras: [{ id: a, url: 'demo:' }]\nmqtt: { url: '${url}' }`);
    assert.deepEqual([shownBroker(mqtt.address), mqtt.address.path], [shown, path]);
    assert.equal(mqtt.displayUrl, shown);
  }
});

Deno.test("settings: $${ stands for a literal ${, and names in comments are not read", () => {
  const yaml = "# ${COMMENT}\ncameras: [{ id: a, url: 'demo:' }]\n" +
    "mqtt: { url: 'mqtt://b', username: u, password: '$${x}' }";
  const settings = load(yaml);
  assert.equal(settings.mqtt.password?.expose(), "${x}");
  assert.deepEqual(settings.environment, []);
});

Deno.test("settings: the value of a variable is a secret, unless it is a camera's host", () => {
  const yaml = `instance: \${BOX}
cameras:
  - { id: a, url: "rtsp://\${USER}:\${PASS}@\${HOST}/\${PATH}" }
  - { id: b, url: "\${WHOLE}" }
  - { id: c, url: "rtsp://\${SAME}:x@\${SAME}.lan/s" }
mqtt: { url: "mqtt://b", username: "\${NAME}", password: { file: pw } }
`;
  const env = {
    BOX: "lobby-1",
    USER: "viewer",
    PASS: "p%40ss!",
    HOST: "cam.lan:8554",
    PATH: "kestrel",
    WHOLE: "rtsp://u:tundra7@10.0.0.1/s?key=obsidian",
    SAME: "admin",
    NAME: "orion-user",
  };
  const settings = load(yaml, { env, files: { "/etc/orion/pw": "of-a-file" } });
  const { cameras } = settings;
  assert.deepEqual(cameras.map(({ displayUrl }) => displayUrl), [
    "rtsp://cam.lan:8554",
    "rtsp://10.0.0.1:554",
    "rtsp://admin.lan:554",
  ]);
  const redactor = new Redactor(settings.secrets());
  for (
    const secret of [
      ...["viewer", "p%40ss!", "p@ss!", "kestrel", "tundra7", "obsidian", "admin", "orion-user"],
      ...["of-a-file", env.WHOLE],
    ]
  ) {
    assert.ok(!redactor.text(`a ${secret} b`).includes(secret), secret);
  }
  assert.equal(redactor.text("lobby-1 at cam.lan:8554"), "lobby-1 at cam.lan:8554");
});

Deno.test("settings: while reads are deferred, no secret file is read", () => {
  const settings = load(FULL, { env: WORLD.env, putOffSecrets: true });
  assert.deepEqual(settings.secretFiles, ["/etc/orion/secrets/mqtt"]);
});
