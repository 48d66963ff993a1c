import assert from "node:assert/strict";
import fc from "fast-check";
import { isSame, settingsChange } from "../../../../src/service/reload/diff.ts";
import { settingsOf } from "../../../support/workers/service_parts.ts";

const IDS = ["gate", "yard", "shed", "door"];

const zone = fc.constantFrom("near", "far").map((id) => ({
  id,
  polygon: [[0, 0], [1, 0], [1, 1]],
}));
const line = fc.constantFrom(0.5, 0.6).map((y) => ({ id: "a", from: [0, y], to: [1, y] }));

/** What a camera's stream goes on with. */
const scene = fc.record({
  roi: fc.constantFrom(0.5, 0.6).map((width) => ({ x: 0, y: 0, width, height: 1 })),
  masks: fc.constantFrom([], [[[0, 0], [1, 0], [1, 1]]]),
  zones: fc.array(zone, { maxLength: 1 }),
  lines: fc.array(line, { maxLength: 1 }),
  stallTimeoutSeconds: fc.constantFrom(5, 10),
});
/** What it is opened again for. */
const stream = fc.record({
  url: fc.constantFrom("rtsp://a:b@192.0.2.1/s", "rtsp://a:c@192.0.2.1/s", "rtsp://192.0.2.2/s"),
  transport: fc.constantFrom("tcp", "udp"),
  decode: fc.constantFrom("auto", "keyframes"),
  rotate: fc.constantFrom(0, 90),
  reconnectMaxSeconds: fc.constantFrom(30, 60),
});
const cameras = fc.uniqueArray(fc.constantFrom(...IDS), { minLength: 1 })
  .chain((ids) => fc.tuple(...ids.map((id) => fc.record({ id: fc.constant(id), scene, stream }))));

/** What a detector's workers go on with, and what their models are loaded again for. */
const flow = fc.record({
  rateHz: fc.constantFrom(1, 5),
  confidence: fc.constantFrom(0.05, 0.3, 0.4),
  workers: fc.constantFrom(1, 2),
});
const model = fc.record({
  model: fc.constantFrom("builtin:person", "builtin:person-int8"),
  iou: fc.constantFrom(0.5, 0.6),
  threads: fc.constantFrom(1, 2),
});
const presence = fc.oneof(
  fc.constant(false),
  fc.record({
    endSeconds: fc.constantFrom(5, 6),
    snapshot: fc.constantFrom("none", "crop", "frame"),
  }),
);
const detectors = fc.uniqueArray(fc.constantFrom("person", "car"))
  .chain((ids) =>
    fc.tuple(...ids.map((id) => fc.record({ id: fc.constant(id), flow, model, presence })))
  );

const configuration = fc.record({ cameras, detectors });
type Configuration = typeof configuration extends fc.Arbitrary<infer T> ? T : never;
type Detector = Configuration["detectors"][number];

function settings({ cameras, detectors }: Configuration) {
  return settingsOf(JSON.stringify({
    cameras: cameras.map(({ id, scene, stream }) => ({ id, ...scene, ...stream })),
    detectors: detectors.map(({ id, flow, model, presence }) => ({
      id,
      ...flow,
      ...model,
      presence,
    })),
  }));
}

const isEqual = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** What an inference worker does for presence. */
function work({ presence }: Detector): string {
  return presence === false ? "nothing" : presence.snapshot === "none" ? "tracking" : "sharpness";
}

Deno.test("reload: the difference of two configurations has all that differs, and no more", () => {
  fc.assert(
    fc.property(configuration, configuration, (one, other) => {
      const change = settingsChange(settings(one), settings(other));
      assert.deepEqual([...change.fixed, ...change.service], []);
      for (const list of ["cameras", "detectors"] as const) {
        const before = new Map(one[list].map((each) => [each.id, each]));
        const ids = other[list].map(({ id }) => id);
        assert.deepEqual(change[list].added, ids.filter((id) => !before.has(id)));
        assert.deepEqual(
          change[list].removed,
          [...before.keys()].filter((id) => !ids.includes(id)),
        );
        const changed = other[list].filter((each) => {
          const former = before.get(each.id);
          return former !== undefined && !isEqual(former, each);
        });
        const both = list === "detectors" && !isEqual(
          one.cameras.map(({ id }) => id).sort(),
          other.cameras.map(({ id }) => id).sort(),
        );
        // A detector without `cameras` has all of them.
        if (!both) assert.deepEqual([...change[list].changed.keys()], changed.map(({ id }) => id));
      }
      for (const after of other.cameras) {
        const before = one.cameras.find(({ id }) => id === after.id);
        const found = change.cameras.changed.get(after.id);
        if (before === undefined || found === undefined) continue;
        const moved = after.stream.transport === "udp" &&
          one.cameras.indexOf(before) !== other.cameras.indexOf(after);
        assert.equal(found.isReplaced, moved || !isEqual(before.stream, after.stream));
        assert.equal(found.keys.has("zones"), !isEqual(before.scene.zones, after.scene.zones));
        assert.equal(found.keys.has("url"), before.stream.url !== after.stream.url);
      }
      for (const after of other.detectors) {
        const before = one.detectors.find(({ id }) => id === after.id);
        const found = change.detectors.changed.get(after.id);
        if (before === undefined || found === undefined) continue;
        const isSameWork = isEqual(before.model, after.model) && work(before) === work(after);
        assert.equal(found.isReplaced, !isSameWork);
        assert.equal(found.keys.has("rateHz"), before.flow.rateHz !== after.flow.rateHz);
      }
      assert.ok(isSame(settingsChange(settings(one), settings(one))));
    }),
    { numRuns: 150 },
  );
});

Deno.test("reload: what is neither a camera's nor a detector's applies now, or at the next start", () => {
  const base = 'cameras: [{ id: gate, url: "rtsp://192.0.2.1/s" }]\ndetectors: []\n';
  const mqtt = (more: string) => `mqtt: { url: "mqtt://192.0.2.9", username: a, ${more} }`;
  const cases: readonly (readonly [string, string, string, "fixed" | "service"])[] = [
    ["instance: a", "instance: b", "instance", "fixed"],
    [mqtt("password: one"), mqtt("password: two"), "mqtt.password", "fixed"],
    [mqtt("topicPrefix: a"), mqtt("topicPrefix: b"), "mqtt.topicPrefix", "fixed"],
    ["", "mqtt: { listen: 127.0.0.1:1884 }", "mqtt.listen", "fixed"],
    ["", 'mqtt: { url: "mqtt://192.0.2.9" }', "mqtt.url", "fixed"],
    ["", "health: { listen: 127.0.0.1:8081 }", "health.listen", "fixed"],
    ["", "health: { token: a-long-enough-token }", "health.token", "fixed"],
    ["", "confinement: { landlock: required }", "confinement.landlock", "fixed"],
    ["", "models: { folder: /srv }", "models.folder", "fixed"],
    ["", "watchdog: { maxRestarts: 9 }", "watchdog.maxRestarts", "fixed"],
    ["", "watchdog: { intervalSeconds: 9 }", "watchdog.intervalSeconds", "service"],
    ["", "health: { statsIntervalSeconds: 9 }", "health.statsIntervalSeconds", "service"],
    ["", "control: { allow: [pause] }", "control.allow", "service"],
    ["", "shutdownTimeoutSeconds: 9", "shutdownTimeoutSeconds", "service"],
  ];
  for (const [before, after, key, kind] of cases) {
    const change = settingsChange(settingsOf(base + before), settingsOf(base + after));
    assert.deepEqual(change[kind], [key]);
    assert.deepEqual(change[kind === "fixed" ? "service" : "fixed"], []);
  }
});
