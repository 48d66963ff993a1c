import assert from "node:assert/strict";
import { houseViolations, textViolations } from "../../../scripts/house_rules.ts";

const CASES: readonly { code: string; wrong: RegExp | null; path?: string }[] = [
  { code: 'const a = Deno.dlopen("b", {});', wrong: /Deno.dlopen outside/ },
  { code: 'const a = Deno.dlopen("b", {});', wrong: null, path: "src/libav/library.ts" },
  { code: 'console.log("a");', wrong: /console/ },
  { code: '// console.log("a");', wrong: null },
  { code: 'const a = "console.log(1)";', wrong: null },
  { code: "const a = b as unknown as C;", wrong: /a cast through unknown/ },
  { code: "const a = steadyMs(b + c);", wrong: /an instant made of a number/ },
  { code: "const a = (b + c) as SteadyMs;", wrong: /an instant made of a number/ },
  { code: "const a = steadyMs(b);", wrong: null, path: "src/core/clock.ts" },
  { code: "const a = steadyMs(b);", wrong: null, path: "tests/unit/core/a_test.ts" },
  { code: "const a = Date.now();", wrong: /the time, read beside the clock/ },
  { code: "const a = performance.timeOrigin;", wrong: /read beside/, path: "workers/capture.ts" },
  { code: "const a = performance.now();", wrong: null, path: "tests/unit/core/a_test.ts" },
  { code: 'throw "no";', wrong: /a thrown string/ },
  { code: 'throw new Error("no");', wrong: null },
  { code: "try { a(); } catch {}", wrong: /a swallowed error/ },
  { code: "try { a(); } catch (error) {\n}", wrong: /a swallowed error/ },
  { code: "await a().catch(() => {});", wrong: /a swallowed error/ },
  { code: "try { a(); } catch {\n  // It may be gone already.\n}", wrong: null },
  { code: "// @ts-ignore", wrong: /the compiler switched off/ },
  { code: "// deno-lint-ignore no-eval", wrong: /the linter switched off/ },
  { code: "// deno-lint-ignore no-eval -- the test is about it", wrong: null },
  { code: "\n".repeat(301), wrong: /301 lines, at most 300/ },
  { code: "\n".repeat(300), wrong: null },
  { code: "\n".repeat(61), wrong: /61 lines, at most 60/, path: "workers/capture.ts" },
  { code: `function a() {${"\n".repeat(70)}}`, wrong: /a function of 71 lines/ },
  { code: `function a() {${"\n".repeat(69)}}`, wrong: null },
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
