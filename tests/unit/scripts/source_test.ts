import assert from "node:assert/strict";
import { blanked, functionsOf, importsOf } from "../../../scripts/testing/source.ts";

Deno.test("source: comments and strings are blanked, and every line stays where it is", () => {
  const cases: readonly [string, string][] = [
    ['a = "b//c"; // d', 'a = "    ";     '],
    ["a /* b\n c */ d", "a     \n      d"],
    ["`x${f('y')}z` + q", "`  {f(' ')} ` + q"],
    ["a = /[\"'/]/.test(b)", "a = /     /.test(b)"],
    ["a / b / c // d", "a / b / c     "],
    ["'it\\'s' + b", "'     ' + b"],
    ["`a${{ b: `c` }.b}` + d", "`  {{ b: ` ` }.b}` + d"],
  ];
  for (const [text, expected] of cases) {
    assert.equal(blanked(text, "comments-and-strings"), expected);
  }
});

Deno.test("source: every way to import is found, with its line; text that only looks like one is not", () => {
  const text = [
    'import a from "./a.ts";',
    "import type { B } from './b.ts';",
    'import {\n  c,\n  d,\n} from "./c.ts";',
    'export { e } from "./e.ts";',
    'export * from "./f.ts";',
    'import "./g.ts";',
    'const h = await import("./h.ts");',
    '// import x from "./x.ts";',
    'const y = "import z from \\"./z.ts\\"";',
    'import j from "./j.json" with { type: "json" };',
    "export const k = 1;",
  ].join("\n");
  assert.deepEqual(importsOf(text).map(({ specifier }) => specifier), [
    ...["./a.ts", "./b.ts", "./c.ts", "./e.ts", "./f.ts", "./g.ts", "./h.ts", "./j.json"],
  ]);
  assert.equal(importsOf('\n\nimport "./a.ts";')[0]?.line, 3);
});

Deno.test("source: function bodies are measured; blocks of if, for and switch are none", () => {
  const text = [
    "function a(): void {",
    "  if (x) {",
    "    y();",
    "  }",
    "}",
    "const b = (c: string): { d: number } => {",
    "  return { d: 1 };",
    "};",
    "class E {",
    "  f(g: () => void): Promise<Map<string, number>> {",
    "    for (const h of i) {",
    "      j(h);",
    "    }",
    "  }",
    "}",
    "interface K {",
    "}",
  ].join("\n");
  const bodies = functionsOf(text).sort((one, other) => one.line - other.line);
  assert.deepEqual(bodies, [
    { line: 1, lines: 5 },
    { line: 6, lines: 3 },
    { line: 10, lines: 5 },
  ]);
});
