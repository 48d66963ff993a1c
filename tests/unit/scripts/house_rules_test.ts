import assert from "node:assert/strict";
import { houseViolations, textViolations } from "../../../scripts/house_rules.ts";

const CASES: readonly { code: string; wrong: RegExp | null; path?: string }[] = [
  { code: "// @ts-ignore", wrong: /the compiler switched off/ },
  { code: "// deno-lint-ignore no-eval", wrong: /the linter switched off/ },
  { code: "// deno-lint-ignore no-eval, no-console", wrong: /the linter switched off/ },
  { code: "// deno-lint-ignore house/no-dlopen", wrong: /the linter switched off/ },
  { code: "// deno-lint-ignore no-eval -- the test is about it", wrong: null },
  {
    code: "// deno-lint-ignore no-eval house/no-dlopen -- why not",
    wrong: /a rule of the house switched off/,
  },
  { code: "// deno-lint-ignore-file -- all of it", wrong: /a rule of the house switched off/ },
  { code: "\n".repeat(301), wrong: /301 lines, at most 300/ },
  { code: "\n".repeat(300), wrong: null },
  { code: "\n".repeat(61), wrong: /61 lines, at most 60/, path: "workers/capture.ts" },
];

const TEXTS: readonly { text: string; wrong: boolean }[] = [
  { text: '"run": "deno run -A main.ts"', wrong: true },
  { text: "exec deno test --allow-all $tests", wrong: true },
  { text: "Start it with `--allow-read`.", wrong: true },
  { text: "ExecStart=/opt/deno run --allow-net\n", wrong: true },
  { text: "deno run --allow-import --no-prompt x.ts", wrong: true },
  { text: "deno run --allow-read=. --allow-net=127.0.0.1 main.ts", wrong: false },
  { text: "deno run --deny-import --allow-env=A main.ts", wrong: false },
  { text: "nanodet-A, --arch-A and -Aside", wrong: false },
];

for (const { text, wrong } of TEXTS) {
  Deno.test(`house rules: ${JSON.stringify(text)} is ${wrong ? "refused" : "fine"}`, () => {
    const rules = [
      ...textViolations({ path: "docs/a.md", text }),
      ...houseViolations({ path: "src/core/a.ts", text: `// ${text}` }),
    ].map(({ rule }) => rule);
    assert.deepEqual(rules, wrong ? Array(2).fill("a permission for everything") : []);
  });
}

for (const { code, wrong, path = "src/core/a.ts" } of CASES) {
  const shown = JSON.stringify(code.replace(/\n{3,}/g, "…")).slice(0, 60);
  Deno.test(`house rules: ${shown} in ${path} is ${wrong === null ? "fine" : "refused"}`, () => {
    const rules = houseViolations({ path, text: `${code}` }).map(({ rule }) => rule);
    if (wrong === null) assert.deepEqual(rules, []);
    else assert.match(rules.join("\n"), wrong);
  });
}
