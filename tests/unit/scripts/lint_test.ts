import assert from "node:assert/strict";
import plugin from "../../../scripts/lint/house.ts";
import { ROOT } from "../../../scripts/testing/checkout.ts";

/** The plugin's messages for a file at a path of the checkout. */
function findings(code: string, path: string): string[] {
  return Deno.lint.runPlugin(plugin, `${ROOT}/${path}`, code).map(({ id, message, hint }) => {
    assert.match(id, /^house\//);
    assert.ok(hint !== undefined && hint !== "", `${id} has no remedy`);
    return message;
  });
}

const CASES: readonly { code: string; wrong: RegExp | null; path?: string }[] = [
  { code: 'const a = Deno.dlopen("b", {});', wrong: /Deno.dlopen outside/ },
  { code: 'const a = Deno["dlopen"]("b", {});', wrong: /Deno.dlopen outside/ },
  { code: "const { dlopen } = Deno;", wrong: /Deno.dlopen outside/ },
  { code: "const { dlopen: open } = globalThis.Deno;", wrong: /Deno.dlopen outside/ },
  { code: 'const a = Deno.dlopen("b", {});', wrong: null, path: "src/libav/library.ts" },
  { code: 'const a = Deno.dlopen("b", {});', wrong: null, path: "tests/ffi/a_test.ts" },
  { code: 'console.log("a");', wrong: /console/ },
  { code: 'console?.["log"]("a");', wrong: /console/ },
  { code: 'globalThis.console.log("a");', wrong: /console/ },
  { code: "const { log } = console;", wrong: /console/ },
  { code: 'const a = `${console.log("b")}`;', wrong: /console/ },
  { code: '// console.log("a");', wrong: null },
  { code: '/* console.log("a"); */', wrong: null },
  { code: 'const a = "console.log(1)";', wrong: null },
  { code: "const a = `console.log(1)`;", wrong: null },
  { code: "const a = /console.log(1)/;", wrong: null },
  { code: "const a = b.constructor.name;", wrong: null },
  { code: "const a = b as unknown as C;", wrong: /a cast through unknown/ },
  { code: "const a = (b as unknown) as C;", wrong: /a cast through unknown/ },
  { code: "const a = <C> <unknown> b;", wrong: /a cast through unknown/ },
  { code: "const a = b as unknown;", wrong: null },
  { code: "const a = b as unknown as C;", wrong: null, path: "src/libav/open_library.ts" },
  { code: "const a = steadyMs(b + c);", wrong: /an instant made of a number/ },
  { code: "const a = clock.steadyMs(b);", wrong: /an instant made of a number/ },
  { code: "const a = (b + c) as SteadyMs;", wrong: /an instant made of a number/ },
  { code: "const a = b as WallMs;", wrong: /an instant made of a number/ },
  { code: "const a = b as number & WallMs;", wrong: /an instant made of a number/ },
  { code: "const a: SteadyMs = plusMs(b, 1);", wrong: null },
  { code: "const a = steadyMs(b);", wrong: null, path: "src/core/clock.ts" },
  { code: "const a = steadyMs(b);", wrong: null, path: "tests/unit/core/a_test.ts" },
  { code: "const a = Date.now();", wrong: /the time, read beside the clock/ },
  { code: "const a = Date.now;", wrong: /the time, read beside the clock/ },
  { code: "const { now } = performance;", wrong: /the time, read beside the clock/ },
  { code: "const a = performance.timeOrigin;", wrong: /read beside/, path: "workers/capture.ts" },
  { code: "const a = Date.parse(b);", wrong: null },
  { code: "const a = performance.now();", wrong: null, path: "src/core/clock.ts" },
  { code: "const a = performance.now();", wrong: null, path: "tests/unit/core/a_test.ts" },
  { code: 'throw "no";', wrong: /a thrown string/ },
  { code: "throw `no ${a}`;", wrong: /a thrown string/ },
  { code: 'throw a + "b";', wrong: /a thrown string/ },
  { code: "throw 5;", wrong: /a thrown string/ },
  { code: "throw undefined;", wrong: /a thrown string/ },
  { code: 'throw new Error("no");', wrong: null },
  { code: "throw error;", wrong: null },
  { code: "try { a(); } catch {}", wrong: /a swallowed error/ },
  { code: "try { a(); } catch (error) {\n}", wrong: /a swallowed error/ },
  { code: "await a().catch(() => {});", wrong: /a swallowed error/ },
  { code: "await a().catch((error) => {\n});", wrong: /a swallowed error/ },
  { code: "await a().catch(function () {});", wrong: /a swallowed error/ },
  { code: "try { a(); } catch {\n  // It may be gone already.\n}", wrong: null },
  { code: "await a().catch(() => {\n  // It may be gone already.\n});", wrong: null },
];

for (const { code, wrong, path = "src/core/a.ts" } of CASES) {
  Deno.test(`lint: ${JSON.stringify(code)} in ${path} is ${wrong === null ? "fine" : "refused"}`, () => {
    const found = findings(code, path);
    assert.equal(found.length, wrong === null ? 0 : 1, found.join("\n"));
    if (wrong !== null) assert.match(found.join(), wrong);
  });
}

/** Functions around a body of so many line breaks. */
const FUNCTIONS: readonly ((body: string) => string)[] = [
  (body) => `function a() {${body}}`,
  (body) => `const a = (b: string): { c: number } => {${body}};`,
  (body) => `const a = function* (b: () => void) {${body}};`,
  (body) => `class A {\n  b(c: () => void): Promise<Map<string, number>> {${body}}\n}`,
  (body) => `class A {\n  get b(): number {${body}}\n}`,
  (body) => `const a = { async b() {${body}} };`,
];

Deno.test("lint: a function has at most 70 lines from brace to brace, whatever its kind", () => {
  for (const around of FUNCTIONS) {
    assert.deepEqual(findings(around("\n".repeat(69)), "src/core/a.ts"), []);
    const found = findings(around("\n".repeat(70)), "tests/unit/a_test.ts");
    assert.deepEqual(found, ["a function of 71 lines, at most 70"], around(""));
  }
});

Deno.test("lint: a long class, block or text is no function", () => {
  const body = "\n".repeat(200);
  for (const code of [`class A {${body}}`, `if (a) {${body}}`, `const a = {${body}};`]) {
    assert.deepEqual(findings(code, "src/core/a.ts"), []);
  }
  assert.deepEqual(findings(`const a = () =>${body}\`b${body}\`;`, "src/core/a.ts"), []);
});

Deno.test("lint: the linter loads the plugin, and switches none of its rules off", () => {
  const { lint } = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`));
  assert.deepEqual(lint.plugins, ["./scripts/lint/house.ts"]);
  assert.equal(lint.rules.exclude, undefined);
});
