import assert from "node:assert/strict";
import { driftedFiles, generatedFiles } from "../../../scripts/schemas.ts";

Deno.test("schemas: the generated files are those that their sources generate", () => {
  const root = new URL("../../../", import.meta.url);
  assert.deepEqual(driftedFiles(root), []);
  const paths = [...Deno.readDirSync(new URL("schema/", root))].map(({ name }) => `schema/${name}`);
  const generated = [...generatedFiles().keys()].filter((path) => path.startsWith("schema/"));
  assert.deepEqual(paths.toSorted(), generated.toSorted(), "and no others in schema/");
});

Deno.test("schemas: a folder without the files lacks all of them", () => {
  const folder = new URL("./nowhere/", import.meta.url);
  assert.deepEqual(driftedFiles(folder), [...generatedFiles().keys()]);
});
