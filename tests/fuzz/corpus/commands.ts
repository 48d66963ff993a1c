/** Commands of the control topic: each kind with each of its parameters, and texts that are almost one. */
import { corpusOf, mutated, pick, type Random } from "../mutate.ts";
import { mutatedValue } from "../mutate_json.ts";

const SCHEMA = "orion.command/1";
const ROI = { x: 0.1, y: 0.2, width: 0.8, height: 0.7 };
const POLYGON = [[0.4, 0.5], [0.6, 0.5], [0.6, 1], [0.4, 1]];

/** The cameras and detectors that the commands name. */
export interface Named {
  readonly camera: string;
  readonly detector: string;
}

/** Well-formed commands. */
export function commandValues({ camera, detector }: Named): [unknown, ...unknown[]] {
  const command = (name: string, params?: unknown) => ({
    schema: SCHEMA,
    id: `fuzz-${name}`,
    command: name,
    params,
  });
  return [
    command("get_status"),
    command("get_status", {}),
    command("pause", { camera, detector }),
    command("resume", { camera }),
    command("set_rate", { detector, rateHz: 2.5, camera }),
    command("set_confidence", { detector, confidence: 0.5 }),
    command("set_roi", { camera, roi: ROI }),
    command("clear_roi", { camera, roi: null }),
    command("set_model", { detector, model: "other.onnx" }),
    command("set_masks", { camera, masks: [POLYGON, [[0, 0], [1, 1], [1, 0], [0, 1]]] }),
    command("set_zones", {
      camera,
      zones: [{ id: "door", polygon: POLYGON, classes: ["person"] }, {
        id: "path",
        polygon: [...POLYGON].reverse(),
      }],
    }),
    command("set_lines", { camera, lines: [{ id: "gate", from: [0.1, 0.6], to: [0.9, 0.6] }] }),
    command("set_presence", {
      detector,
      start: { frames: 2, of: 3 },
      endSeconds: 5,
      updateSeconds: 0,
    }),
    command("snapshot", { camera }),
    command("snapshot", { camera, boxes: true }),
    { schema: SCHEMA, command: "resume", params: { detector } },
  ];
}

const HEAD = `{"schema":"${SCHEMA}","id":"fuzz"`;

/** Texts that lenient parsers take, or take in different ways. */
export const COMMAND_TEXTS: readonly [string, ...string[]] = [
  `${HEAD},"command":"get_status"}`,
  `${HEAD},"id":"other","command":"get_status"}`,
  `${HEAD},"command":"get_status","__proto__":{"command":"snapshot"}}`,
  `${HEAD},"command":"get_status","\\u0069d":"twice"}`,
  `\ufeff${HEAD},"command":"get_status"}`,
  `${HEAD},"command":"get_status"} {}`,
  `${HEAD},"command":"set_rate","params":{"detector":"a","rateHz":1e999}}`,
  `${HEAD},"command":"set_rate","params":{"detector":"a","rateHz":NaN}}`,
  `${HEAD},"command":"clear_roi","params":{"camera":"\\ud800"}}`,
  `${HEAD},"command":"snapshot","params":${"[".repeat(5000)}${"]".repeat(5000)}}`,
  `${HEAD},"command":"snapshot","params":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`,
  `{${`"a":1,`.repeat(2000)}"command":"snapshot"}`,
  `${HEAD},"command":"set_masks","params":{"camera":"a","masks":[[${"[0,0],".repeat(20_000)}0]]}}`,
  `${HEAD},"command":"set_zones","params":{"camera":"a","zones":[${"{},".repeat(20_000)}0]}}`,
  `${HEAD},"command":"set_zones","params":{"camera":"a","zones":[{"id":"z","polygon":[${
    "[0.5,0.5],".repeat(20_000)
  }[0,0]]}]}}`,
  '"get_status"',
  "null",
  "[]",
  "",
];

/** Pieces that are inserted into texts. */
export const COMMAND_WORDS = [
  ...["{", "}", "[", "]", ",", ":", '"', "\\", "\\u0000", "\\ud800", "null", "true", "1e999", "-"],
  ...[
    '"id":',
    '"command":',
    '"params":',
    '"schema":',
    "__proto__",
    "orion.command/2",
    "\0",
    "\xff",
  ],
] as const;

const encoder = new TextEncoder();
const TEXTS = corpusOf(COMMAND_TEXTS);

/** A payload of the control topic: bytes of a text, or parts of a well-formed command, mutated. */
export function commandPayload(random: Random, named: Named): Uint8Array {
  if (random(3) === 0) return mutated(random, TEXTS, COMMAND_WORDS);
  const value = mutatedValue(random, pick(random, commandValues(named)));
  return encoder.encode(JSON.stringify(value) ?? "");
}
