/** Commands over HTTP that are refused, each with its one clear answer. */

type Answer = readonly [code: string, status: number];

/** What is wrong with a command, its body, and the answer. */
export type BadCommand = readonly [
  what: string,
  body: string | Uint8Array<ArrayBuffer>,
  answer: Answer,
];

/** The body of a command. */
export const command = (name: string, params: unknown = {}) =>
  JSON.stringify({ schema: "orion.command/1", command: name, params });
const MALFORMED = ["CONTROL_MALFORMED", 400] as const;
const square = [[0, 0], [1, 0], [1, 1]];
const zone = (polygon: unknown) =>
  command("set_zones", { camera: "gate", zones: [{ id: "a", polygon }] });
const manyPoints = Array.from({ length: 10_000 }, (_, at) => [at / 1e4, at % 2]);
const masks = (polygons: unknown) => command("set_masks", { camera: "gate", masks: polygons });
const latin1 = (bytes: string) => Uint8Array.from(bytes, (char) => char.charCodeAt(0));

/** All of them. */
export const BAD_COMMANDS: readonly BadCommand[] = [
  ["nothing", "", ["CONTROL_NOT_JSON", 400]],
  ["no JSON", "hello", ["CONTROL_NOT_JSON", 400]],
  ["half of a JSON", '{"schema":', ["CONTROL_NOT_JSON", 400]],
  ["NaN", '{"schema":"orion.command/1","command":"set_rate","params":{"rateHz":NaN}}', [
    "CONTROL_NOT_JSON",
    400,
  ]],
  ["a comment", `${command("pause")}//`, ["CONTROL_NOT_JSON", 400]],
  ["two commands", command("pause").repeat(2), ["CONTROL_NOT_JSON", 400]],
  ["no UTF-8", latin1('{"schema":"\xff"}'), ["CONTROL_NOT_UTF8", 400]],
  ["UTF-16", latin1("\xff\xfe{\0}\0"), ["CONTROL_NOT_UTF8", 400]],
  ["null", "null", MALFORMED],
  ["a number", "1", MALFORMED],
  ["a text", '"pause"', MALFORMED],
  ["a list", `[${command("pause")}]`, MALFORMED],
  ["no schema", '{"command":"pause"}', MALFORMED],
  ["another schema", '{"schema":"orion.command/2","command":"pause"}', MALFORMED],
  ["no command", '{"schema":"orion.command/1"}', ["CONTROL_UNKNOWN_COMMAND", 400]],
  ["an unknown command", command("explode"), ["CONTROL_UNKNOWN_COMMAND", 400]],
  ["a command that is a number", '{"schema":"orion.command/1","command":1}', [
    "CONTROL_UNKNOWN_COMMAND",
    400,
  ]],
  ["a key twice", '{"schema":"orion.command/1","command":"pause","command":"shutdown"}', MALFORMED],
  [
    "a key twice, escaped",
    '{"schema":"orion.command/1","command":"pause","\\u0063ommand":"x"}',
    MALFORMED,
  ],
  ["a prototype", '{"schema":"orion.command/1","command":"pause","__proto__":{}}', MALFORMED],
  ["an unknown key", '{"schema":"orion.command/1","command":"pause","force":true}', MALFORMED],
  ["an id that is a number", '{"schema":"orion.command/1","id":1,"command":"pause"}', MALFORMED],
  [
    "deep JSON",
    `{"schema":"orion.command/1","params":${"[".repeat(9)}${"]".repeat(9)}}`,
    MALFORMED,
  ],
  ["very deep JSON", `${"[".repeat(50_000)}${"]".repeat(50_000)}`, MALFORMED],
  ["params that are a list", command("pause", []), MALFORMED],
  ["a rate of 0", command("set_rate", { detector: "person", rateHz: 0 }), MALFORMED],
  [
    "a rate of 1e400",
    '{"schema":"orion.command/1","command":"set_rate","params":{"detector":"person","rateHz":1e400}}',
    MALFORMED,
  ],
  ["a rate in words", command("set_rate", { detector: "person", rateHz: "fast" }), MALFORMED],
  [
    "a confidence of -1",
    command("set_confidence", { detector: "person", confidence: -1 }),
    MALFORMED,
  ],
  [
    "a confidence that is null",
    command("set_confidence", { detector: "person", confidence: null }),
    MALFORMED,
  ],
  [
    "a region beyond the picture",
    command("set_roi", { camera: "gate", roi: { x: 0.5, y: 0, width: 0.6, height: 1 } }),
    MALFORMED,
  ],
  [
    "a region without area",
    command("set_roi", { camera: "gate", roi: { x: 0, y: 0, width: 0, height: 1 } }),
    MALFORMED,
  ],
  [
    "a camera that is a path",
    command("set_roi", { camera: "../gate", roi: { x: 0, y: 0, width: 1, height: 1 } }),
    MALFORMED,
  ],
  ["a zone of three equal points", zone([[0, 0], [0, 0], [0, 0]]), MALFORMED],
  ["a zone of two points", zone([[0, 0], [1, 1]]), MALFORMED],
  [
    "a zone of 10,000 points",
    zone(manyPoints),
    MALFORMED,
  ],
  ["a zone with a point of three", zone([[0, 0, 0], [1, 0], [1, 1]]), MALFORMED],
  ["a zone beyond the picture", zone([[0, 0], [2, 0], [1, 1]]), MALFORMED],
  [
    "a zone with a NaN",
    '{"schema":"orion.command/1","command":"set_zones","params":{"camera":"gate","zones":[{"id":"a","polygon":[[NaN,0],[1,0],[1,1]]}]}}',
    ["CONTROL_NOT_JSON", 400],
  ],
  ["a zone with a point that is null", zone([[null, 0], [1, 0], [1, 1]]), MALFORMED],
  ["a zone with a point in words", zone([["0", "0"], [1, 0], [1, 1]]), MALFORMED],
  ["a zone of points on one line", zone([[0, 0], [0.5, 0.5], [1, 1]]), MALFORMED],
  ["a zone that is no list", zone({ length: 3 }), MALFORMED],
  ["a mask of three equal points", masks([[[0, 0], [0, 0], [0, 0]]]), MALFORMED],
  ["a mask of 10,000 points", masks([manyPoints]), MALFORMED],
  ["a mask of negative points", masks([[[-0.1, 0], [1, 0], [1, 1]]]), MALFORMED],
  ["1,000 masks", masks(Array.from({ length: 1_000 }, () => square)), MALFORMED],
  [
    "1,000 lines",
    command("set_lines", {
      camera: "gate",
      lines: Array.from({ length: 1_000 }, (_, at) => ({ id: `l${at}`, from: [0, 0], to: [1, 1] })),
    }),
    MALFORMED,
  ],
  [
    "a zone named all",
    command("set_zones", { camera: "gate", zones: [{ id: "all", polygon: square }] }),
    MALFORMED,
  ],
  [
    "a zone twice",
    command("set_zones", {
      camera: "gate",
      zones: [{ id: "a", polygon: square }, { id: "a", polygon: square }],
    }),
    MALFORMED,
  ],
  [
    "1,000 zones",
    command("set_zones", {
      camera: "gate",
      zones: Array.from({ length: 1_000 }, (_, at) => ({ id: `z${at}`, polygon: square })),
    }),
    MALFORMED,
  ],
  [
    "a line without length",
    command("set_lines", { camera: "gate", lines: [{ id: "a", from: [0, 0], to: [0, 0] }] }),
    MALFORMED,
  ],
  [
    "pictures by command",
    command("set_presence", { detector: "person", snapshot: "frame" }),
    MALFORMED,
  ],
  ["no setting of presence", command("set_presence", { detector: "person" }), MALFORMED],
  ["a model that is no name", command("set_model", { detector: "person", model: "" }), MALFORMED],
  ["params where there are none", command("shutdown", { now: true }), MALFORMED],
];
