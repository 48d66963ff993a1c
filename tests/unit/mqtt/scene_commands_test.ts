/** Masks, zones, lines and presence by command. */
import assert from "node:assert/strict";
import type { ControlCommand } from "../../../src/core/commands.ts";
import { MAX_COMMAND_BYTES, parseCommand } from "../../../src/mqtt/commands.ts";

/** Parses a command with these parameters. */
function parse(command: string, params: unknown) {
  const text = JSON.stringify({ schema: "orion.command/1", id: "a1", command, params });
  return parseCommand(new TextEncoder().encode(text));
}

const SQUARE = [[0.4, 0.5], [0.6, 0.5], [0.6, 1], [0.4, 1]];
const POINTS = [{ x: 0.4, y: 0.5 }, { x: 0.6, y: 0.5 }, { x: 0.6, y: 1 }, { x: 0.4, y: 1 }];
const BOW_TIE = [[0, 0], [1, 1], [1, 0], [0, 1]];
const camera = "gate";
const detector = "person";

/** The parameters of a command, and the parsed command. */
const GOOD: readonly (readonly [params: unknown, command: ControlCommand])[] = [
  [{ camera, masks: [] }, { command: "set_masks", camera, masks: [] }],
  [{ camera, masks: [SQUARE] }, { command: "set_masks", camera, masks: [POINTS] }],
  [{ camera, masks: [BOW_TIE] }, {
    command: "set_masks",
    camera,
    masks: [[{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 1, y: 0 }, { x: 0, y: 1 }]],
  }],
  [{ camera, zones: [] }, { command: "set_zones", camera, zones: [] }],
  [
    {
      camera,
      zones: [{ id: "door", polygon: SQUARE, classes: ["person"] }, { id: "a", polygon: SQUARE }],
    },
    {
      command: "set_zones",
      camera,
      zones: [
        { id: "door", polygon: POINTS, classes: ["person"] },
        { id: "a", polygon: POINTS, classes: null },
      ],
    },
  ],
  [{ camera, lines: [{ id: "gate", from: [0.1, 0.6], to: [0.9, 0.6] }] }, {
    command: "set_lines",
    camera,
    lines: [{ id: "gate", from: { x: 0.1, y: 0.6 }, to: { x: 0.9, y: 0.6 } }],
  }],
  [{ detector, endSeconds: 9 }, { command: "set_presence", detector, presence: { endSeconds: 9 } }],
  [{ detector, start: { frames: 1, of: 1 }, updateSeconds: 0 }, {
    command: "set_presence",
    detector,
    presence: { start: { frames: 1, of: 1 }, updateSeconds: 0 },
  }],
];

for (const [params, command] of GOOD) {
  Deno.test(`commands: ${command.command} with ${JSON.stringify(params)} is parsed`, () => {
    const parsed = parse(command.command, params);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.deepEqual(parsed.command, command);
  });
}

const zone = (change: object) => ({
  camera,
  zones: [{ id: "door", polygon: SQUARE, ...change }],
});
const line = (change: object) => ({
  camera,
  lines: [{ id: "gate", from: [0, 0], to: [1, 1], ...change }],
});

/** The parameters of a command, and what its refusal says. */
const BAD: readonly (readonly [command: string, params: unknown, says: RegExp])[] = [
  ["set_masks", { camera }, /params\.masks must be at most 32 polygons/],
  ["set_masks", { camera, masks: Array(33).fill(SQUARE) }, /params\.masks must be at most 32/],
  ["set_masks", { camera, masks: [[[0, 0], [1, 1]]] }, /params\.masks\.0 must be 3 to 64 points/],
  ["set_masks", { camera, masks: [SQUARE], more: 1 }, /unknown key "more"/],
  ["set_zones", zone({ id: "all" }), /params\.zones\.0\.id cannot be "all".*whole picture/],
  ["set_zones", zone({ id: "../door" }), /params\.zones\.0\.id must be 1 to 64 of/],
  ["set_zones", zone({ polygon: BOW_TIE }), /zones\.0\.polygon crosses or touches itself/],
  ["set_zones", zone({ polygon: [[0, 0], [0.5, 0.5], [1, 1]] }), /zones\.0\.polygon has no area/],
  ["set_zones", zone({ polygon: [[0, 0], [2, 0], [1, 1]] }), /polygon\.1\.0 must be a number/],
  ["set_zones", zone({ polygon: Array(65).fill([0, 0]) }), /polygon must be 3 to 64 points/],
  ["set_zones", zone({ classes: [7] }), /zones\.0\.classes\.0 must be a class name/],
  ["set_zones", zone({ classes: ["x".repeat(65)] }), /zones\.0\.classes\.0 must be a class name/],
  ["set_zones", zone({ class: "person" }), /zones\.0 has the unknown key "class"/],
  [
    "set_zones",
    { camera, zones: [{ id: "a", polygon: SQUARE }, { id: "a", polygon: SQUARE }] },
    /params\.zones\.1\.id is the id of another zone/,
  ],
  ["set_lines", line({ to: [0, 0] }), /params\.lines\.0 begins and ends at one point/],
  ["set_lines", line({ to: [0] }), /params\.lines\.0\.to must be a point/],
  ["set_lines", { camera, lines: {} }, /params\.lines must be at most 32 lines/],
  ["set_presence", { detector }, /params names no setting to change/],
  ["set_presence", { detector, snapshot: "crop" }, /params has the unknown key "snapshot"/],
  ["set_presence", { detector, start: { frames: 4, of: 3 } }, /params\.start wants 4 frames of 3/],
  ["set_presence", { detector, start: { frames: 2 } }, /params\.start\.of must be a whole number/],
  ["set_presence", { detector, endSeconds: 0.1 }, /endSeconds must be a number within 0\.5/],
  ["set_presence", { detector, updateSeconds: 0.01 }, /updateSeconds cannot be 0\.01/],
  ["set_presence", { detector, updateSeconds: -1 }, /updateSeconds must be 0 or a number/],
];

for (const [command, params, says] of BAD) {
  const shown = JSON.stringify(params).slice(0, 90);
  Deno.test(`commands: ${command} is refused with ${shown}`, () => {
    const parsed = parse(command, params);
    assert.ok(!parsed.ok, "it was taken");
    assert.equal(parsed.error.code, "CONTROL_MALFORMED");
    assert.match(parsed.error.message, says);
    assert.ok(parsed.error.remedy.length > 10);
  });
}

Deno.test("commands: a refusal has the remedy of what is wrong, as the configuration has it", () => {
  const parsed = parse("set_lines", line({ to: [0, 0] }));
  assert.ok(!parsed.ok);
  assert.equal(parsed.error.remedy, "Write two different points as from and to.");
});

Deno.test("commands: all zones of a camera with all digits of their corners are within the bounds", () => {
  const corner = (index: number, count: number) => {
    const angle = 2 * Math.PI * index / count;
    return [0.5 + Math.cos(angle) / 3, 0.5 + Math.sin(angle) / 3];
  };
  const polygon = Array.from({ length: 64 }, (_, index) => corner(index, 64));
  const zones = Array.from({ length: 32 }, (_, index) => ({ id: `zone-${index}`, polygon }));
  const parsed = parse("set_zones", { camera, zones });
  assert.ok(parsed.ok, JSON.stringify(parsed).slice(0, 300));
  assert.ok(JSON.stringify(zones).length < MAX_COMMAND_BYTES / 2);
});
