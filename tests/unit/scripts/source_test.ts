import assert from "node:assert/strict";
import { importsOf } from "../../../scripts/testing/source.ts";

Deno.test("source: every form of import is found, with its line; text that resembles one is not", () => {
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
    "/**",
    ' * import l from "./l.ts";',
    ' * const m = await import("./m.ts");',
    " */",
    'const [n, o] = await Promise.all([import("./n.ts"), import(',
    '  "./o.ts"',
    ")]);",
  ].join("\n");
  assert.deepEqual(importsOf(text).map(({ specifier }) => specifier), [
    ...["./a.ts", "./b.ts", "./c.ts", "./e.ts", "./f.ts", "./g.ts", "./h.ts", "./j.json"],
    ...["./n.ts", "./o.ts"],
  ]);
  assert.equal(importsOf('\n\nimport "./a.ts";')[0]?.line, 3);
});
