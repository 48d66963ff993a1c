import assert from "node:assert/strict";
import { importViolations } from "../../../scripts/check_imports.ts";

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
