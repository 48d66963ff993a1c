import assert from "node:assert/strict";
import { checkImports, importViolations } from "../../../scripts/check_imports.ts";
import { circleViolations, KNOWN_CIRCLES } from "../../../scripts/testing/circles.ts";

const CASES: readonly { path: string; imports: string; wrong: RegExp | null }[] = [
  { path: "src/core/a.ts", imports: "./b.ts", wrong: null },
  { path: "src/core/a.ts", imports: "../config/settings.ts", wrong: /core imports src\/config/ },
  { path: "src/core/version.ts", imports: "../../deno.json", wrong: null },
  { path: "src/core/other.ts", imports: "../../deno.json", wrong: /no room/ },
  { path: "src/stream/a.ts", imports: "../framebus/bus.ts", wrong: null },
  {
    path: "src/framebus/a.ts",
    imports: "../stream/camera.ts",
    wrong: /framebus imports src\/stream/,
  },
  { path: "src/inference/a.ts", imports: "../framebus/bus.ts", wrong: /inference imports/ },
  { path: "src/permissions/a.ts", imports: "../libav/locate.ts", wrong: null },
  { path: "src/permissions/a.ts", imports: "../libav/library.ts", wrong: /permissions imports/ },
  { path: "src/service/a.ts", imports: "../cli/main.ts", wrong: /service imports src\/cli/ },
  { path: "src/service/a.ts", imports: "../../workers/capture.ts", wrong: /no room/ },
  { path: "src/health/a.ts", imports: "../../tests/support/files.ts", wrong: /no room/ },
  { path: "workers/capture.ts", imports: "../src/stream/camera.ts", wrong: null },
  { path: "workers/capture.ts", imports: "../src/cli/main.ts", wrong: /workers imports src\/cli/ },
  { path: "main.ts", imports: "./src/cli/main.ts", wrong: null },
  { path: "main.ts", imports: "./src/libav/library.ts", wrong: /main.ts imports src\/libav/ },
  { path: "src/attic/a.ts", imports: "./b.ts", wrong: /attic is no known room/ },
  { path: "src/mqtt/client.ts", imports: "mqtt", wrong: null },
  { path: "src/mqtt/outbox.ts", imports: "mqtt", wrong: /imports mqtt; only src\/mqtt\/client.ts/ },
  { path: "src/mqtt/client.ts", imports: "aedes", wrong: /imports aedes/ },
  { path: "src/inference/a.ts", imports: "onnxruntime-node", wrong: /imports onnxruntime-node/ },
  { path: "tests/e2e/a_test.ts", imports: "mqtt", wrong: null },
  { path: "tests/e2e/a_test.ts", imports: "../../src/cli/main.ts", wrong: null },
  { path: "src/core/a.ts", imports: "npm:zod", wrong: /imports npm:zod; add the package/ },
  { path: "src/core/a.ts", imports: "node:path", wrong: null },
];

for (const { path, imports, wrong } of CASES) {
  Deno.test(`imports: ${path} may ${wrong === null ? "" : "not "}import ${imports}`, () => {
    const found = importViolations({ path, text: `\nimport { x } from "${imports}";\n` });
    const texts = found.map(({ line, rule, remedy }) => `${line}: ${rule}; ${remedy}`);
    if (wrong === null) assert.deepEqual(texts, []);
    else assert.match(texts.join("\n"), wrong);
  });
}

Deno.test("imports: a type import counts, and so does an import while running", () => {
  const text = 'import type { A } from "../mqtt/a.ts";\nconst b = await import("../cli/b.ts");\n';
  const lines = importViolations({ path: "src/core/a.ts", text }).map(({ line }) => line);
  assert.deepEqual(lines, [1, 2]);
});

/** Files that import one another: from each path, one a line, to those after it. */
function filesOf(imports: Readonly<Record<string, readonly string[]>>) {
  return Object.entries(imports).map(([path, specifiers]) => ({
    path,
    text: specifiers.map((specifier) => `import type { X } from "${specifier}";\n`).join(""),
  }));
}

const CIRCLES: readonly {
  name: string;
  imports: Readonly<Record<string, readonly string[]>>;
  found: readonly string[];
}[] = [
  {
    name: "a chain is none, nor are two ways to one file",
    imports: { "src/a.ts": ["./b.ts", "./c.ts"], "src/b.ts": ["./c.ts"], "src/c.ts": [] },
    found: [],
  },
  {
    name: "two files, across folders",
    imports: { "src/core/a.ts": ["zod", "../rtsp/b.ts"], "src/rtsp/b.ts": ["../core/a.ts"] },
    found: ["src/core/a.ts:2: src/core/a.ts → src/rtsp/b.ts → src/core/a.ts"],
  },
  {
    name: "a file that imports itself",
    imports: { "src/a.ts": ["./a.ts"] },
    found: ["src/a.ts:1: src/a.ts → src/a.ts"],
  },
  {
    name: "the shortest of those in one group, once",
    imports: {
      "src/a.ts": ["./b.ts"],
      "src/b.ts": ["./c.ts"],
      "src/c.ts": ["./d.ts", "./a.ts"],
      "src/d.ts": ["./a.ts"],
    },
    found: ["src/a.ts:1: src/a.ts → src/b.ts → src/c.ts → src/a.ts"],
  },
  {
    name: "two groups, of which one leads to the other",
    imports: {
      "src/a.ts": ["./b.ts"],
      "src/b.ts": ["./a.ts", "./c.ts"],
      "src/c.ts": ["./d.ts"],
      "src/d.ts": ["./c.ts"],
    },
    found: [
      "src/a.ts:1: src/a.ts → src/b.ts → src/a.ts",
      "src/c.ts:1: src/c.ts → src/d.ts → src/c.ts",
    ],
  },
];

for (const { name, imports, found } of CIRCLES) {
  Deno.test(`imports: circles: ${name}`, () => {
    const texts = circleViolations(filesOf(imports), {})
      .map(({ path, line, rule }) =>
        `${path}:${line}: ${rule.replace("a circle of imports: ", "")}`
      );
    assert.deepEqual(texts, found);
  });
}

Deno.test("imports: circles: a known one passes, and its entry fails once it is opened", () => {
  const known = { "src/a.ts": "split it" };
  const circle = filesOf({ "src/a.ts": ["./b.ts"], "src/b.ts": ["./a.ts"] });
  assert.deepEqual(circleViolations(circle, known), []);
  const opened = filesOf({ "src/a.ts": ["./b.ts"], "src/b.ts": [] });
  assert.deepEqual(circleViolations(opened, known).map(({ path }) => path), ["src/a.ts"]);
});

Deno.test("imports: the check of the whole checkout looks for circles as well", () => {
  const circle = filesOf({ "src/core/a.ts": ["./b.ts"], "src/core/b.ts": ["./a.ts"] });
  const known = Object.keys(KNOWN_CIRCLES).length;
  const found = checkImports(circle);
  assert.equal(found.length, 1 + known);
  assert.match(found.at(-1) ?? "", /src\/core\/a\.ts:1: a circle of imports/);
});
