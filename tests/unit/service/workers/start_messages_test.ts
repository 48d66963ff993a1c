import assert from "node:assert/strict";
import {
  brokerTarget,
  detectorPlan,
  ownClient,
  publisherPlan,
} from "../../../../src/service/workers/start_messages.ts";
import { settingsOf } from "../../../support/workers/service_parts.ts";

const CAMERAS =
  'cameras: [{ id: gate, url: "rtsp://192.0.2.1/s" }, { id: yard, url: "rtsp://192.0.2.2/s" }]';

Deno.test("start messages: the publisher logs in to the embedded broker by generated credentials", () => {
  const settings = settingsOf(
    `${CAMERAS}\ninstance: lobby-1\nmqtt: { listen: "127.0.0.1:1884", protocol: 5 }`,
  );
  const own = ownClient(settings);
  assert.equal(own.rootTopic, "orion/lobby-1");
  assert.notEqual(own.password, ownClient(settings).password);
  const { broker } = publisherPlan(settings, "1.2.3", own);
  assert.deepEqual([broker.address.hostname, broker.address.port], ["127.0.0.1", 1884]);
  assert.deepEqual([broker.username, broker.password], [own.clientId, own.password]);
  assert.equal(broker.protocol, "3.1.1", "the embedded broker supports nothing newer");
});

Deno.test("start messages: the publisher logs in to another broker as configured", () => {
  const settings = settingsOf(
    `${CAMERAS}\nmqtt: { url: "mqtt://192.0.2.9", username: me, password: secret, protocol: 5 }`,
  );
  const { broker } = publisherPlan(settings, "1.2.3", ownClient(settings));
  assert.deepEqual(broker, brokerTarget(settings.mqtt));
  assert.deepEqual([broker.username, broker.password, broker.protocol], ["me", "secret", 5]);
});

Deno.test("start messages: Home Assistant gets the detectors of each camera, with their classes", () => {
  const settings = settingsOf(`${CAMERAS}
mqtt: { url: "mqtt://192.0.2.9", homeAssistant: { discoveryPrefix: homeassistant } }
control: { allow: [pause] }
detectors:
  - { id: all, model: "builtin:person" }
  - { id: own, model: "/models/own.onnx", classes: [hat, 4], confidence: 0.7, cameras: [gate] }
  - { id: numbers, model: "builtin:person-int8", classes: [0, 2, person], cameras: [gate] }`);
  const { homeAssistant } = publisherPlan(settings, "1.2.3", ownClient(settings));
  const all = { detector: "all", confidence: 0.45, classes: ["person"], hasAllClasses: false };
  assert.deepEqual(homeAssistant, {
    discoveryPrefix: "homeassistant",
    pageUrl: "http://127.0.0.1:8080/",
    allow: ["pause"],
    cameras: [
      {
        camera: "gate",
        detectors: [
          all,
          { detector: "own", confidence: 0.7, classes: ["hat"], hasAllClasses: false },
          {
            detector: "numbers",
            confidence: 0.45,
            classes: ["person", "car"],
            hasAllClasses: true,
          },
        ],
      },
      { camera: "yard", detectors: [all] },
    ],
  });
});

for (
  const [listen, expected] of [
    ["192.0.2.5:8080", "http://192.0.2.5:8080/"],
    ["[2001:db8::5]:80", "http://[2001:db8::5]:80/"],
    ["0.0.0.0:8080", null],
    ["[::]:8080", null],
    ["off", null],
  ] as const
) {
  Deno.test(`start messages: Home Assistant links to the page of ${listen}: ${expected}`, () => {
    const settings = settingsOf(
      `${CAMERAS}\nhealth: { listen: "${listen}", token: a-long-enough-token }\nmqtt: { homeAssistant: { discoveryPrefix: ha } }`,
    );
    const { homeAssistant } = publisherPlan(settings, "1.2.3", ownClient(settings));
    assert.equal(homeAssistant?.pageUrl, expected);
  });
}

Deno.test("start messages: each worker of a pool has a name of its own", () => {
  const [detector] = settingsOf(CAMERAS).detectors;
  assert.ok(detector !== undefined);
  const names = [0, 1].map((index) => detectorPlan(detector, index).worker);
  assert.deepEqual(names, ["person-0", "person-1"]);
});

Deno.test("start messages: a detector's providers reach its workers, in order", () => {
  const { detectors } = settingsOf(
    "cameras: [{ id: a, url: 'demo:' }]\ndetectors: [{ id: d, providers: [cuda, cpu] }]",
  );
  const [detector] = detectors;
  assert.ok(detector);
  const { worker, providers } = detectorPlan(detector, 1);
  assert.deepEqual([worker, providers], ["d-1", ["cuda", "cpu"]]);
});

Deno.test("start messages: the publisher gets the parsed address, also of an IPv6 listener", () => {
  const embedded = brokerTarget(
    settingsOf("cameras: [{ id: a, url: 'demo:' }]\nmqtt: { listen: '[::1]:1885' }").mqtt,
  );
  assert.deepEqual({ ...embedded.address }, {
    scheme: "mqtt",
    hostname: "::1",
    port: 1885,
    path: "",
  });
  assert.equal(embedded.protocol, "3.1.1");
  const named = brokerTarget(
    settingsOf("cameras: [{ id: a, url: 'demo:' }]\nmqtt: { url: 'wss://u:p%40w@b.example/x?y=1' }")
      .mqtt,
  );
  assert.deepEqual(
    [{ ...named.address }, named.username, named.password, named.protocol],
    [{ scheme: "wss", hostname: "b.example", port: 443, path: "/x?y=1" }, "u", "p@w", 5],
  );
});

Deno.test("start messages: the publisher gets the detectors with presence, and the scene of every camera", () => {
  const settings = settingsOf(`
cameras:
  - id: gate
    url: "rtsp://192.0.2.1/s"
    zones: [{ id: door, polygon: [[0,0],[0.5,0],[0.5,1]] }]
    lines: [{ id: gate, from: [0,0.5], to: [1,0.5] }]
  - { id: yard, url: "rtsp://192.0.2.2/s" }
detectors:
  - { id: person, cameras: [gate], presence: { endSeconds: 9 } }
  - { id: car, presence: false }`);
  const [gate] = settings.cameras;
  const { presence } = publisherPlan(settings, "1.2.3", ownClient(settings));
  assert.deepEqual(presence, {
    detectors: [{
      detector: "person",
      cameras: ["gate"],
      settings: {
        ...{ start: { frames: 2, of: 3 }, endSeconds: 9, updateSeconds: 0, snapshot: "none" },
      },
    }],
    scenes: [
      { camera: "gate", zones: gate?.zones, lines: gate?.lines },
      { camera: "yard", zones: [], lines: [] },
    ],
  });
  assert.deepEqual([gate?.zones.length, gate?.lines.length], [1, 1]);
});

Deno.test("start messages: an inference worker tracks where there is presence, as it needs", () => {
  const tracking = (keys: string) => {
    const [detector] = settingsOf(`${CAMERAS}\ndetectors: [{ id: person, ${keys} }]`).detectors;
    assert.ok(detector !== undefined);
    return detectorPlan(detector, 0).tracking;
  };
  assert.equal(tracking("presence: false"), null);
  assert.deepEqual(tracking("confidence: 0.4"), { minConfidence: 0.1, sharpness: false });
  assert.deepEqual(tracking("confidence: 0.05, presence: { snapshot: frame }"), {
    minConfidence: 0.05,
    sharpness: true,
  });
});
