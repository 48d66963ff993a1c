import assert from "node:assert/strict";
import fc from "fast-check";
import { COMMAND_NAMES } from "../../../src/core/commands.ts";
import { commandSchema, MAX_COMMAND_BYTES, parseCommand } from "../../../src/mqtt/commands.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const HEAD = '"schema":"orion.command/1","id":"a1"';
const ROI = { x: 0.1, y: 0.2, width: 0.8, height: 0.7 };

/** The parameters of a command, and the parsed ones. */
const GOOD: readonly (readonly [name: string, params: unknown, expected: unknown])[] = [
  ["get_status", undefined, {}],
  ["get_status", {}, {}],
  ["reload", undefined, {}],
  ["shutdown", undefined, {}],
  ["pause", undefined, { camera: null, detector: null }],
  ["pause", { camera: "gate" }, { camera: "gate", detector: null }],
  ["resume", { detector: "person" }, { camera: null, detector: "person" }],
  ["set_rate", { detector: "person", rateHz: 0.1 }, {
    detector: "person",
    rateHz: 0.1,
    camera: null,
  }],
  ["set_rate", { detector: "person", rateHz: 30, camera: "gate" }, {
    detector: "person",
    rateHz: 30,
    camera: "gate",
  }],
  ["set_confidence", { detector: "person", confidence: 0 }, { detector: "person", confidence: 0 }],
  ["set_roi", { camera: "gate", roi: ROI }, { camera: "gate", roi: ROI }],
  ["clear_roi", { camera: "gate" }, { camera: "gate" }],
  ["set_model", { detector: "person", model: "builtin:person" }, {
    detector: "person",
    model: "builtin:person",
  }],
  ["snapshot", { camera: "gate" }, { camera: "gate", boxes: false }],
  ["snapshot", { camera: "gate", boxes: true }, { camera: "gate", boxes: true }],
];

for (const [command, params, expected] of GOOD) {
  Deno.test(`commands: ${command} with ${JSON.stringify(params)} is parsed`, () => {
    const text = JSON.stringify({ schema: "orion.command/1", id: "a1", command, params });
    const parsed = parseCommand(bytes(text));
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.equal(parsed.id, "a1");
    assert.deepEqual({ ...parsed.command }, { command, ...Object(expected) });
  });
}

Deno.test("commands: any text is an id", () => {
  for (const id of ["", " ", "\u0000", "\ud800", "Ä/#+", "x".repeat(5_000)]) {
    const text = JSON.stringify({ schema: "orion.command/1", id, command: "pause" });
    assert.equal(parseCommand(bytes(text)).id, id);
    assert.equal(parseCommand(bytes(text.replace("pause", "reboot"))).id, id);
  }
});

Deno.test("commands: the id is optional, and every command has its name in the list", () => {
  for (const [command, params] of GOOD) {
    const parsed = parseCommand(
      bytes(JSON.stringify({ schema: "orion.command/1", command, params })),
    );
    assert.ok(parsed.ok && parsed.id === null, JSON.stringify(parsed));
  }
  const names = commandSchema.options.map(({ shape }) => shape.command.value);
  assert.deepEqual([...COMMAND_NAMES].sort(), names.sort());
});

/** A payload that is no command, the code of its refusal, and what can be read of it. */
const BAD: readonly {
  readonly text: string | Uint8Array;
  readonly code: string;
  readonly id?: null;
  readonly name?: string | null;
}[] = [
  { text: "", code: "CONTROL_NOT_JSON", id: null, name: null },
  { text: "hello", code: "CONTROL_NOT_JSON", id: null, name: null },
  { text: `{${HEAD},"command":"pause"`, code: "CONTROL_NOT_JSON", id: null, name: null },
  { text: `{${HEAD},"command":"pause",}`, code: "CONTROL_NOT_JSON", id: null, name: null },
  { text: new Uint8Array([0xff, 0xfe, 0x7b]), code: "CONTROL_NOT_UTF8", id: null, name: null },
  {
    text: new Uint8Array([0x22, 0xc3, 0x28, 0x22]),
    code: "CONTROL_NOT_UTF8",
    id: null,
    name: null,
  },
  { text: "null", code: "CONTROL_MALFORMED", id: null, name: null },
  { text: "[]", code: "CONTROL_MALFORMED", id: null, name: null },
  { text: "1e999", code: "CONTROL_MALFORMED", id: null, name: null },
  { text: `{"id":"a1","command":"pause"}`, code: "CONTROL_MALFORMED", name: "pause" },
  {
    text: `{"schema":"orion.command/2","id":"a1","command":"pause"}`,
    code: "CONTROL_MALFORMED",
    name: "pause",
  },
  {
    text: `{"schema":"orion.command/1","id":null,"command":"get_status"}`,
    code: "CONTROL_MALFORMED",
    id: null,
    name: "get_status",
  },
  {
    text: `{"schema":"orion.command/1","id":7,"command":"get_status"}`,
    code: "CONTROL_MALFORMED",
    id: null,
    name: "get_status",
  },
  {
    text: `{"schema":"orion.command/1","id":["a1"],"command":"get_status"}`,
    code: "CONTROL_MALFORMED",
    id: null,
    name: "get_status",
  },
  { text: `{${HEAD}}`, code: "CONTROL_UNKNOWN_COMMAND", name: null },
  { text: `{${HEAD},"command":["pause"]}`, code: "CONTROL_UNKNOWN_COMMAND", name: null },
  { text: `{${HEAD},"command":"reboot"}`, code: "CONTROL_UNKNOWN_COMMAND", name: "reboot" },
  { text: `{${HEAD},"command":"toString"}`, code: "CONTROL_UNKNOWN_COMMAND", name: "toString" },
  { text: `{${HEAD},"command":"__proto__"}`, code: "CONTROL_UNKNOWN_COMMAND", name: "__proto__" },
  { text: `{${HEAD},"command":"pause","command":"resume"}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"pause","comman\\u0064":"resume"}`, code: "CONTROL_MALFORMED" },
  {
    text: `{${HEAD},"command":"pause","params":{"camera":"a","camera":"b"}}`,
    code: "CONTROL_MALFORMED",
  },
  { text: `{${HEAD},"command":"pause","__proto__":{"x":1}}`, code: "CONTROL_MALFORMED" },
  {
    text: `{${HEAD},"command":"pause","params":{"__proto__":{"camera":"gate"}}}`,
    code: "CONTROL_MALFORMED",
  },
  {
    text: `{${HEAD},"command":"pause","params":{"constructor":{"prototype":1}}}`,
    code: "CONTROL_MALFORMED",
  },
  { text: `{${HEAD},"command":"pause","params":{"\\u005f_proto__":1}}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"pause","parms":{"camera":"gate"}}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"pause","params":null}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"pause","params":[]}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"pause","params":{"camera":null}}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"pause","params":{"camera":"Gate"}}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"pause","params":{"camera":"../gate"}}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"get_status","params":{"all":true}}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"set_rate"}`, code: "CONTROL_MALFORMED" },
  { text: `{${HEAD},"command":"set_rate","params":{"rateHz":5}}`, code: "CONTROL_MALFORMED" },
  ...["0", "0.09", "30.01", "-5", "1e308", "1e999", "-1e999", '"5"', "true", "null", "[5]", "{}"]
    .map((rate) => ({
      text: `{${HEAD},"command":"set_rate","params":{"detector":"person","rateHz":${rate}}}`,
      code: "CONTROL_MALFORMED",
    })),
  ...["-0.01", "1.01", "1e400", '"0.5"', "null"].map((confidence) => ({
    text:
      `{${HEAD},"command":"set_confidence","params":{"detector":"p","confidence":${confidence}}}`,
    code: "CONTROL_MALFORMED",
  })),
  ...[
    "null",
    "[0,0,1,1]",
    '{"x":0,"y":0,"width":0,"height":1}',
    '{"x":0.5,"y":0,"width":0.6,"height":1}',
    '{"x":0,"y":0,"width":1}',
    '{"x":0,"y":0,"width":1,"height":1,"depth":1}',
    '{"x":-0.1,"y":0,"width":1,"height":1}',
    '{"x":"0","y":0,"width":1,"height":1}',
  ].map((roi) => ({
    text: `{${HEAD},"command":"set_roi","params":{"camera":"gate","roi":${roi}}}`,
    code: "CONTROL_MALFORMED",
  })),
  ...['""', "7", "null", `"${"m".repeat(1_025)}"`].map((model) => ({
    text: `{${HEAD},"command":"set_model","params":{"detector":"person","model":${model}}}`,
    code: "CONTROL_MALFORMED",
  })),
  { text: `{${HEAD},"command":"snapshot","params":{}}`, code: "CONTROL_MALFORMED" },
  {
    text: `{${HEAD},"command":"snapshot","params":{"camera":"gate","boxes":1}}`,
    code: "CONTROL_MALFORMED",
  },
  {
    text: `{${HEAD},"command":"pause","params":${"[".repeat(8)}${"]".repeat(8)}}`,
    code: "CONTROL_MALFORMED",
  },
  {
    text: `{${HEAD},"command":"pause","params":${"[".repeat(30_000)}${"]".repeat(30_000)}}`,
    code: "CONTROL_MALFORMED",
  },
  {
    text: `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
    code: "CONTROL_MALFORMED",
    id: null,
    name: null,
  },
  {
    text: `{${HEAD},"command":"get_status"}${" ".repeat(MAX_COMMAND_BYTES)}`,
    code: "CONTROL_TOO_LARGE",
    name: null,
  },
  {
    text: `{${HEAD},"command":"pause","params":{"camera":"${"x,".repeat(MAX_COMMAND_BYTES)}"}}`,
    code: "CONTROL_TOO_LARGE",
    name: "pause",
  },
  {
    text: `{"params":{"camera":"gate"},"a":"${"x".repeat(MAX_COMMAND_BYTES)}",${HEAD}}`,
    code: "CONTROL_TOO_LARGE",
    id: null,
    name: null,
  },
  { text: ",".repeat(1024 * 1024), code: "CONTROL_TOO_LARGE", id: null, name: null },
  { text: "x".repeat(1024 * 1024), code: "CONTROL_TOO_LARGE", id: null, name: null },
];

for (const { text, code, id = "a1", name } of BAD) {
  const shown = typeof text === "string" ? text.slice(0, 90) : `bytes ${text}`;
  Deno.test(`commands: refused (${text.length} characters): ${shown}`, () => {
    const parsed = parseCommand(typeof text === "string" ? bytes(text) : text);
    assert.ok(!parsed.ok, "it was taken");
    assert.equal(parsed.error.code, code, parsed.error.message);
    assert.equal(parsed.id, id);
    if (name !== undefined) assert.equal(parsed.name, name);
    assert.ok(parsed.error.message.length < 300 && parsed.error.remedy.length > 10);
  });
}

Deno.test("commands: a refusal names the problem and its place", () => {
  const says = (text: string) => {
    const parsed = parseCommand(bytes(`{${HEAD},${text}}`));
    return parsed.ok ? "taken" : parsed.error.message;
  };
  assert.match(
    says('"command":"set_rate","params":{"detector":"person","rateHz":99}'),
    /params\.rateHz must be a number within 0\.1 and 30$/,
  );
  assert.match(says('"command":"pause","parms":{}'), /unknown key "parms"$/);
  assert.match(
    says('"command":"set_roi","params":{"camera":"a","roi":{"x":1,"y":0,"width":1,"height":1}}'),
    /params\.roi must be an area within the frame/,
  );
});

Deno.test("commands: whatever the bytes are, the answer is a command or a refusal", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
    parseCommand(payload);
  }));
  const key = fc.constantFrom("schema", "id", "command", "params", "camera", "x", "__proto__");
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(
        "orion.command/1",
        "pause",
        "set_rate",
        "gate",
        null,
        true,
        5,
        -1e308,
      ),
      fc.string(),
      fc.double(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 5 }),
    ),
  })).value;
  fc.assert(
    fc.property(json, (value) => {
      const parsed = parseCommand(bytes(JSON.stringify(value)));
      if (parsed.ok) assert.ok(commandSchema.safeParse(value).success);
      else assert.ok(parsed.error.code.startsWith("CONTROL_"));
    }),
    { numRuns: 500 },
  );
});

Deno.test("commands: a command with one thing changed is refused, or is still a good one", () => {
  const good = fc.constantFrom(...GOOD);
  const spoil = fc.record({
    at: fc.nat(),
    with: fc.nat(255),
    length: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(good, spoil, ([command, params], { at, with: byte, length }) => {
      const text = JSON.stringify({ schema: "orion.command/1", id: "a1", command, params });
      const payload = bytes(text);
      payload.fill(byte, at % payload.length, at % payload.length + length);
      const parsed = parseCommand(payload);
      if (!parsed.ok) return;
      const value: unknown = JSON.parse(new TextDecoder().decode(payload));
      assert.ok(commandSchema.safeParse(value).success);
    }),
    { numRuns: 1_000 },
  );
});
