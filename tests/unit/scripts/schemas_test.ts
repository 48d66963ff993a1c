import assert from "node:assert/strict";
import { driftedFiles, generatedFiles } from "../../../scripts/schemas.ts";

Deno.test("schemas: the files in schema/ are those that their sources generate", () => {
  const folder = new URL("../../../schema/", import.meta.url);
  assert.deepEqual(driftedFiles(folder), []);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assert.deepEqual(names.toSorted(), [...generatedFiles().keys()].toSorted(), "and no others");
});

Deno.test("schemas: a folder without the files lacks all of them", () => {
  const folder = new URL("./nowhere/", import.meta.url);
  assert.deepEqual(driftedFiles(folder), [...generatedFiles().keys()]);
});
