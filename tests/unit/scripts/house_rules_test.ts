import assert from "node:assert/strict";
import { houseViolations } from "../../../scripts/house_rules.ts";

const CASES: readonly { code: string; wrong: RegExp | null; path?: string }[] = [
  { code: 'const a = Deno.dlopen("b", {});', wrong: /Deno.dlopen outside/ },
  { code: 'const a = Deno.dlopen("b", {});', wrong: null, path: "src/libav/library.ts" },
  { code: 'console.log("a");', wrong: /console/ },
  { code: '// console.log("a");', wrong: null },
  { code: 'const a = "console.log(1)";', wrong: null },
  { code: "const a = b as unknown as C;", wrong: /a cast through unknown/ },
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

for (const { code, wrong, path = "src/core/a.ts" } of CASES) {
  const shown = JSON.stringify(code.replace(/\n{3,}/g, "…")).slice(0, 60);
  Deno.test(`house rules: ${shown} in ${path} is ${wrong === null ? "fine" : "refused"}`, () => {
    const rules = houseViolations({ path, text: `${code}` }).map(({ rule }) => rule);
    if (wrong === null) assert.deepEqual(rules, []);
    else assert.match(rules.join("\n"), wrong);
  });
}
