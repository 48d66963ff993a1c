/** Zones, lines and presence in the configuration. */
import assert from "node:assert/strict";
import { cameraWith, load, problemsOf } from "./world.ts";

const detector = (line: string) => `${cameraWith("")}detectors: [{ id: person, ${line} }]\n`;
const presence = (keys: string) => detector(`presence: ${keys}`);
const SQUARE = "[[0.4,0.5],[0.6,0.5],[0.6,1],[0.4,1]]";

const DEFAULTS = {
  start: { frames: 2, of: 3 },
  endSeconds: 5,
  updateSeconds: 0,
  snapshot: "none",
} as const;

Deno.test("config: zones and lines arrive as points, in order, with their classes", () => {
  const { cameras: [gate] } = load(cameraWith(
    `zones: [{ id: door, polygon: ${SQUARE}, classes: [person] }, { id: path, polygon: ${SQUARE} }]
    lines: [{ id: gate, from: [0.1,0.6], to: [0.9,0.6] }]`,
  ));
  const polygon = [{ x: 0.4, y: 0.5 }, { x: 0.6, y: 0.5 }, { x: 0.6, y: 1 }, { x: 0.4, y: 1 }];
  assert.deepEqual(gate?.zones, [
    { id: "door", polygon, classes: ["person"] },
    { id: "path", polygon, classes: null },
  ]);
  assert.deepEqual(gate?.lines, [{
    id: "gate",
    from: { x: 0.1, y: 0.6 },
    to: { x: 0.9, y: 0.6 },
  }]);
  const { cameras: [plain] } = load(cameraWith(""));
  assert.deepEqual([plain?.zones, plain?.lines], [[], []]);
});

Deno.test("config: presence is on unless it is false, and each of its keys has a default", () => {
  const settings = (yaml: string) => load(yaml).detectors[0]?.presence;
  assert.deepEqual(settings(cameraWith("")), DEFAULTS, "no detectors are written");
  assert.deepEqual(settings(detector("rateHz: 5")), DEFAULTS);
  assert.deepEqual(settings(presence("{}")), DEFAULTS);
  assert.equal(settings(presence("false")), null);
  assert.deepEqual(settings(presence("{ start: { of: 9 }, snapshot: crop }")), {
    ...DEFAULTS,
    start: { frames: 2, of: 9 },
    snapshot: "crop",
  });
  assert.deepEqual(
    settings(presence("{ start: { frames: 100, of: 100 }, endSeconds: 0.5, updateSeconds: 0.1 }")),
    { ...DEFAULTS, start: { frames: 100, of: 100 }, endSeconds: 0.5, updateSeconds: 0.1 },
  );
  const { inference } = load(detector("presence: {}")).detectors[0] ?? assert.fail();
  assert.ok(!("presence" in inference));
});

const zone = (keys: string) => cameraWith(`zones: [{ ${keys} }]`);
const line = (keys: string) => cameraWith(`lines: [{ ${keys} }]`);
const many = (count: number, item: (index: number) => string) =>
  `[${Array.from({ length: count }, (_, index) => item(index)).join(", ")}]`;
const START = "detectors[0].presence.start";

/** One mistake each: the file, the path of the problem, and a pattern of its text. */
const MISTAKES: readonly { yaml: string; path: string; says: RegExp }[] = [
  {
    yaml: zone(`id: all, polygon: ${SQUARE}`),
    path: "cameras[0].zones[0].id",
    says: /whole picture.*another id/,
  },
  { yaml: zone(`id: Door, polygon: ${SQUARE}`), path: "cameras[0].zones[0].id", says: /a to z/ },
  { yaml: zone("id: door"), path: "cameras[0].zones[0].polygon", says: /missing.*3 to 64 points/ },
  {
    yaml: zone("id: door, polygon: [[0,0],[1,1]]"),
    path: "cameras[0].zones[0].polygon",
    says: /list of 2.*3 to 64/,
  },
  {
    yaml: zone(`id: door, polygon: ${many(65, (index) => `[0.${index + 10}, 0.5]`)}`),
    path: "cameras[0].zones[0].polygon",
    says: /list of 65.*3 to 64/,
  },
  {
    yaml: zone("id: door, polygon: [[0,0],[1.1,0],[1,1]]"),
    path: "cameras[0].zones[0].polygon[1][0]",
    says: /1\.1.*within 0 and 1/,
  },
  {
    yaml: zone("id: door, polygon: [[0,0],[1,0,0],[1,1]]"),
    path: "cameras[0].zones[0].polygon[1]",
    says: /a point \[x, y\]/,
  },
  {
    yaml: zone("id: door, polygon: [[0,0],[1,1],[1,0],[0,1]]"),
    path: "cameras[0].zones[0].polygon",
    says: /crosses or touches itself, from corner 1 and from corner 3.*in order/,
  },
  {
    yaml: zone("id: door, polygon: [[0,0],[0.5,0.5],[1,1]]"),
    path: "cameras[0].zones[0].polygon",
    says: /no area.*not all on one line/,
  },
  {
    yaml: zone("id: door, polygon: [[0,0],[1,0],[1,1],[0,0]]"),
    path: "cameras[0].zones[0].polygon",
    says: /corner \[0, 0\] twice.*Remove the second/,
  },
  {
    yaml: zone(`id: door, polygon: ${SQUARE}, classes: []`),
    path: "cameras[0].zones[0].classes",
    says: /class names/,
  },
  {
    yaml: zone(`id: door, polygon: ${SQUARE}, classes: [0]`),
    path: "cameras[0].zones[0].classes[0]",
    says: /class name/,
  },
  {
    yaml: zone(`id: door, polygon: ${SQUARE}, classes: [persn]`),
    path: "cameras[0].zones[0].classes[0]",
    says: /no detector with presence detects "persn".*"person"/,
  },
  {
    yaml: zone(`id: door, polygon: ${SQUARE}, class: person`),
    path: "cameras[0].zones[0].class",
    says: /not a key/,
  },
  {
    yaml: cameraWith(`zones: ${many(2, () => `{ id: door, polygon: ${SQUARE} }`)}`),
    path: "cameras[0].zones[1].id",
    says: /id of another/,
  },
  {
    yaml: cameraWith(`zones: ${many(33, (index) => `{ id: z${index}, polygon: ${SQUARE} }`)}`),
    path: "cameras[0].zones",
    says: /list of 33.*at most 32/,
  },
  {
    yaml: cameraWith(`lines: ${many(33, (index) => `{ id: l${index}, from: [0,0], to: [1,1] }`)}`),
    path: "cameras[0].lines",
    says: /list of 33.*at most 32/,
  },
  {
    yaml: cameraWith(`lines: ${many(2, () => "{ id: a, from: [0,0], to: [1,1] }")}`),
    path: "cameras[0].lines[1].id",
    says: /id of another/,
  },
  {
    yaml: line("id: a, from: [0.5,0.5], to: [0.5,0.5]"),
    path: "cameras[0].lines[0]",
    says: /one point.*two different points/,
  },
  { yaml: line("id: a, from: [0,0]"), path: "cameras[0].lines[0].to", says: /missing/ },
  {
    yaml: line("id: a, from: [0,2], to: [0,0]"),
    path: "cameras[0].lines[0].from[1]",
    says: /0 and 1/,
  },
  { yaml: presence("true"), path: "detectors[0].presence", says: /true.*false or the keys start/ },
  { yaml: presence("{ start: { frames: 4 } }"), path: START, says: /wants 4 frames of 3/ },
  { yaml: presence("{ start: { frames: 0 } }"), path: `${START}.frames`, says: /1 and 100/ },
  { yaml: presence("{ start: { of: 101 } }"), path: `${START}.of`, says: /1 and 100/ },
  {
    yaml: presence("{ endSeconds: 0.4 }"),
    path: "detectors[0].presence.endSeconds",
    says: /0\.5 and 3600/,
  },
  {
    yaml: presence("{ updateSeconds: 0.05 }"),
    path: "detectors[0].presence.updateSeconds",
    says: /0 or a number within 0\.1 and 3600/,
  },
  {
    yaml: presence("{ snapshot: croop }"),
    path: "detectors[0].presence.snapshot",
    says: /"crop".*none, crop, frame/,
  },
  { yaml: presence("{ ends: 3 }"), path: "detectors[0].presence.ends", says: /not a key/ },
  // Reserved names.
  { yaml: cameraWith("attention: {}"), path: "cameras[0].attention", says: /not a key/ },
  { yaml: cameraWith("priority: high"), path: "cameras[0].priority", says: /not a key/ },
  { yaml: cameraWith("snapshotUrl: rtsp://h/"), path: "cameras[0].snapshotUrl", says: /not a key/ },
];

for (const { yaml, path, says } of MISTAKES) {
  const title = (yaml.trim().split("\n").at(-1) ?? "").trim().slice(0, 80);
  Deno.test(`config: one mistake, one problem with place and remedy: ${title}`, () => {
    const problems = problemsOf(yaml);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    assert.equal(problems[0]?.path, path);
    assert.match(`${problems[0]?.message} ${problems[0]?.remedy}`, says);
  });
}

const DOG = zone(`id: door, polygon: ${SQUARE}, classes: [dog]`);
const detectors = (...items: string[]) => `${DOG}detectors: [${items.join(", ")}]\n`;

Deno.test("config: the classes of a zone are those of the camera's detectors with presence", () => {
  const places = (...items: string[]) => problemsOf(detectors(...items)).map(({ path }) => path);
  const bad = ["cameras[0].zones[0].classes[0]"];
  const person = "{ id: p, classes: [person] }";
  assert.deepEqual(places(person), bad);
  assert.deepEqual(places(person, "{ id: d, classes: [dog] }"), []);
  assert.deepEqual(places(person, "{ id: d, classes: [dog], presence: false }"), bad);
  assert.deepEqual(places(person, "{ id: d }"), [], "its model may have any");
  assert.deepEqual(places(person, "{ id: d, classes: [16] }"), [], "a number has no name here");
  assert.deepEqual(places("{ id: p, classes: [person], presence: false }"), [], "see the warning");
});

Deno.test("config: zones that no detector with presence looks at are a warning", () => {
  const [warning, ...others] = load(detectors("{ id: p, presence: false }")).warnings;
  assert.match(warning ?? "", /^cameras\[0\]\.zones: without effect.*"gate"/);
  assert.deepEqual(others, []);
  assert.deepEqual(load(detectors("{ id: p }")).warnings, []);
  const lines = cameraWith("lines: [{ id: a, from: [0,0], to: [1,1] }]");
  assert.match(load(`${lines}detectors: []\n`).warnings[0] ?? "", /^cameras\[0\]\.lines/);
});

Deno.test("config: no class from the environment is quoted", () => {
  const yaml = `${zone(`id: door, polygon: ${SQUARE}, classes: ["\${V}"]`)}
detectors: [{ id: p, classes: [person, "\${W}"] }]\n`;
  const text = JSON.stringify(problemsOf(yaml, { env: { V: "a-secret-v", W: "a-secret-w" } }));
  assert.match(text, /detects this class on this camera/);
  assert.ok(!text.includes("secret"), text);
});
