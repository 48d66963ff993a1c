import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { maskShapeOf, masksIn, zoneShapeOf } from "../../../../src/cli/init/frigate_shapes.ts";
import { ROOT } from "../../../support/system/files.ts";
import { cli, type Outcome } from "../rig.ts";
import { settingsOf, variablesOf } from "./written.ts";

const FILE = Deno.readTextFileSync(`${ROOT}/tests/support/frigate/config.yml`);

function converted(text: string): Promise<Outcome> {
  const files = { "/home/me/config.yml": text };
  return cli(["init", "--from-frigate", "config.yml"], { files });
}

Deno.test("from frigate: cameras, masks, zones, rates, classes and the broker are converted", async () => {
  const { code, out, err } = await converted(FILE);
  assert.deepEqual([code, err], [0, ""]);
  const settings = settingsOf(out, (name) => `v-${name}`);
  const [door, driveway, garden, recorder, ...more] = settings.cameras;
  assert.equal(more.length, 0);
  assert.equal(
    door?.url.expose(),
    "rtsp://viewer:v-FRIGATE_RTSP_PASSWORD@192.0.2.20:554/Streaming/Channels/102",
  );
  assert.deepEqual(door?.masks[0]?.map(({ x, y }) => [x, y]), [
    ...[[0, 0], [0.5, 0], [0.5, 0.1], [0, 0.1]],
  ]);
  assert.deepEqual(door?.zones.map(({ id, classes }) => [id, classes]), [
    ["porch", ["person"]],
    ["street", ["car"]],
  ]);
  assert.match(String(driveway?.url.expose()), /^rtsp:\/\/admin:v-DRIVEWAY_PASSWORD@192\.0\.2\.21/);
  assert.equal(driveway?.transport, "tcp");
  assert.equal(driveway?.masks.length, 2);
  assert.equal(garden?.url.expose(), "rtsp://op:v-GARDEN_PASSWORD@192.0.2.22/live");
  assert.equal(garden?.masks.length, 1);
  assert.equal(recorder?.url.expose(), "rtsps://192.0.2.1:7441/v-RECORDER_KEY");
  assert.deepEqual(
    settings.detectors.map((
      { cameras, rateHz, inference },
    ) => [cameras, rateHz, inference.classes]),
    [[["front-door", "garden"], 5, ["person", "car"]], [["driveway"], 10, ["car"]]],
  );
  const { address, username, password, topicPrefix } = settings.mqtt;
  assert.deepEqual(address, { scheme: "mqtt", hostname: "192.0.2.5", port: 1883, path: "" });
  assert.deepEqual([username, password?.expose()], ["v-FRIGATE_MQTT_USER", "v-MQTT_PASSWORD"]);
  assert.equal(topicPrefix, "site/frigate");
});

Deno.test("from frigate: no password of the file is printed, and each variable is named once", async () => {
  const { out } = await converted(FILE);
  assert.doesNotMatch(out, /hunter2|p@ss|w#rd|AbCdEf1234567890/);
  assert.deepEqual(variablesOf(out), [
    ...["FRIGATE_RTSP_PASSWORD", "DRIVEWAY_PASSWORD", "GARDEN_PASSWORD", "RECORDER_KEY"],
    ...["FRIGATE_MQTT_USER", "MQTT_PASSWORD"],
  ]);
});

Deno.test("from frigate: what has no counterpart is named, with the reason where there is one", async () => {
  const { out } = await converted(FILE);
  const notes = out.replace(/\n#\s+/g, " ");
  for (
    const part of [
      'cameras.Front_Door.objects.track: the bundled models have no class "amazon"',
      "cameras.Front_Door.zones.crossed: it crosses or touches itself",
      "cameras.Front_Door.zones.old: it is disabled",
      "cameras.garden.objects.filters.car.mask: a mask of Orion is for all classes",
      "cameras.recorder.detect: it is disabled, so no detector has this camera",
      "cameras.doorbell: it is restreamed by go2rtc from a source without RTSP",
      "cameras.attic: it is disabled",
      "detectors, record, snapshots, objects.filters.person.min_score",
      "cameras.driveway.detect.max_disappeared",
    ]
  ) assert.ok(notes.includes(part), part);
});

/** Files of which no configuration can be made. */
const WRONG: readonly (readonly [text: string, says: RegExp])[] = [
  ["", /has no camera that Orion can open/],
  ["cameras: {}", /has no camera/],
  ["cameras: [a, b]", /has no camera/],
  ["just a text", /has no camera/],
  ["cameras: {a: {enabled: false}}", /has no camera .*cameras\.a: it is disabled/],
  ["cameras: {a: {ffmpeg: {inputs: [{path: 'http://h/x'}]}}}", /has no camera .*not supported/],
  ["cameras: {a: {ffmpeg: {inputs: [{roles: [detect]}]}}}", /name no path/],
  ["cameras: [", /config\.yml:1: not valid YAML/],
  ["cameras: {a: 1, a: 2}", /config\.yml:1: not valid YAML: map keys must be unique/],
  ["a: !secret x", /config\.yml:1: not valid YAML: a value begins with !/],
];

Deno.test("from frigate: a file of which none can be made is one error with a remedy", async () => {
  for (const [text, says] of WRONG) {
    const { code, out, err } = await converted(text);
    assert.deepEqual([code, out], [2, ""], text);
    assert.match(err, says);
    assert.match(err, /^error: [^\n]+\n {2}→ [^\n]+\n$/);
  }
  const { code, err } = await cli(["init", "--from-frigate", "none.yml"]);
  assert.equal(code, 2);
  assert.match(err, /^error: Cannot read \/home\/me\/none\.yml: it does not exist\n/);
});

Deno.test("from frigate: coordinates in fractions and in pixels, in each form that its releases write", () => {
  const size = { width: 1000, height: 500 };
  const square = { polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]] };
  for (
    const written of [
      "0,0,0.5,0,0.5,1,0,1",
      " 0, 0, 0.5, 0, 0.5, 1, 0, 1 ",
      "0,0,500,0,500,500,0,500",
      "poly,0,0,500,0,500,500,0,500",
      ["0,0", "500,0", "500,500", "0,500"],
      [0, 0, 0.5, 0, 0.5, 1, 0, 1],
      "0,0,500,0,500,9999,0,9999",
      "-5,0,500,0,500,500,-1,500,0,0",
    ]
  ) assert.deepEqual(maskShapeOf(written, size), square, String(written));
  const problem = (written: unknown, at: typeof size | null = size) => {
    const shape = zoneShapeOf(written, at);
    return "problem" in shape ? shape.problem : "";
  };
  assert.match(problem("0,0,500,0,500,500", null), /^in pixels/);
  assert.match(problem("0,0,1"), /no coordinates/);
  assert.match(problem("0,0,a,0,1,1"), /no coordinates/);
  assert.match(problem({}), /no coordinates/);
  assert.match(problem("0,0,1,0,0,0"), /fewer than three corners/);
  assert.match(problem("0,0,1,1,1,0,0,1"), /crosses/);
  assert.match(problem(Array.from({ length: 130 }, (_, i) => i / 200).join(",")), /65 corners/);
  assert.deepEqual(masksIn({ a: { enabled: false }, b: { coordinates: "x" } }), [[".b", "x"]]);
  assert.deepEqual(masksIn("x"), [["", "x"]]);
});

/** Anything that may stand at a key, mostly of the form that Frigate expects. */
function mostly<T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  const other = fc.oneof(
    fc.constant(null),
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant([]),
  );
  return fc.oneof({ weight: 8, arbitrary: value }, { weight: 1, arbitrary: other });
}

const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const label = fc.constantFrom("person", "car", "dog", "amazon", "face", "cell phone");
const coordinates = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })
  .map((list) => list.map((value) => value.toFixed(3)).join(","));
const pixels = fc.array(fc.nat(2000), { maxLength: 12 }).map((list) => list.join(","));
const shape = mostly(fc.oneof(coordinates, pixels));
const mask = fc.oneof(
  shape,
  fc.array(shape, { maxLength: 40 }),
  fc.dictionary(word, fc.record({ enabled: mostly(fc.boolean()), coordinates: shape })),
);
const password = fc.oneof(fc.string(), fc.constant("{FRIGATE_PW}"), fc.constant("a{FRIGATE_X}b"));
const path = fc.tuple(fc.constantFrom("rtsp", "rtsps", "http", "rtspx"), word, password, word)
  .map(([scheme, user, secret, host]) => `${scheme}://${user}:${secret}@${host}:554/x?token=a b`);
const camera = fc.record({
  enabled: mostly(fc.boolean()),
  ffmpeg: mostly(fc.record({
    inputs: mostly(
      fc.array(fc.record({ path: mostly(path), roles: mostly(fc.constant(["detect"])) })),
    ),
    input_args: mostly(fc.constant("preset-rtsp-udp")),
  })),
  detect: mostly(
    fc.record({
      fps: mostly(fc.double()),
      width: mostly(fc.nat(4000)),
      height: mostly(fc.nat(4000)),
    }),
  ),
  objects: mostly(
    fc.record({
      track: mostly(fc.array(label)),
      mask,
      filters: fc.dictionary(label, fc.record({ mask })),
    }),
  ),
  motion: mostly(fc.record({ mask })),
  zones: mostly(fc.dictionary(
    fc.oneof(word, fc.constant("all"), fc.constant("ALL_")),
    fc.record({ coordinates: shape, objects: mostly(fc.array(label)) }),
    { maxKeys: 40 },
  )),
}, { requiredKeys: [] });
const config = fc.record({
  mqtt: mostly(fc.record({
    host: mostly(word),
    port: mostly(fc.nat(70000)),
    user: mostly(password),
    password: mostly(password),
    topic_prefix: mostly(fc.oneof(word, fc.string())),
    tls_ca_certs: mostly(fc.constant("/x/ca.pem")),
    tls_client_cert: mostly(fc.constant("/x/c.pem")),
    tls_client_key: mostly(fc.constant("/x/c.key")),
  }, { requiredKeys: [] })),
  cameras: mostly(fc.dictionary(fc.oneof(word, fc.string()), mostly(camera), { maxKeys: 70 })),
  objects: mostly(fc.record({ track: mostly(fc.array(label)), mask })),
}, { requiredKeys: ["cameras"] });

Deno.test("from frigate: whatever the file holds, what is printed passes the check, or one error is", async () => {
  let printed = 0;
  await fc.assert(
    fc.asyncProperty(config, async (value) => {
      const { code, out, err } = await converted(stringify(value));
      if (code !== 0) {
        assert.match(err, /^error: [^\n]+\n {2}→ [^\n]+\n/);
        return;
      }
      printed++;
      settingsOf(out, (name) => variablesOf(out).includes(name) ? "v" : undefined);
    }),
    { numRuns: 120 },
  );
  assert.ok(printed > 20, `${printed}`);
});
