/** The list of parts: valid JSON, one part a line, every package with its version. */
import assert from "node:assert/strict";
import { sbomText } from "../../../scripts/lib/sbom.ts";
import { BUNDLED_FILES } from "../../../src/config/models.ts";
import { tempFolder } from "../../support/system/files.ts";

Deno.test("sbom: every package, model and Deno itself, one part a line, so that lines can be added", () => {
  using folder = tempFolder();
  const manifest = (name: string, version: string) =>
    JSON.stringify({ name, version, license: "MIT" });
  folder.write("node_modules/mqtt/package.json", manifest("mqtt", "5.1.0"));
  folder.write(
    "node_modules/mqtt/node_modules/@scope/ws/package.json",
    manifest("@scope/ws", "8.0.0"),
  );
  folder.write(
    "node_modules/aedes/node_modules/@scope/ws/package.json",
    manifest("@scope/ws", "8.0.0"),
  );
  folder.write("node_modules/aedes/package.json", manifest("aedes", "1.0.0"));
  for (const file of BUNDLED_FILES) folder.write(`models/${file}`, "model");
  const text = sbomText(folder.path, "0.1.0+abc", "2.9.6");
  const { bomFormat, specVersion, metadata, components } = JSON.parse(text);
  assert.deepEqual([bomFormat, specVersion, metadata.component.version], [
    "CycloneDX",
    "1.6",
    "0.1.0+abc",
  ]);
  const references = components.map((part: { "bom-ref": string }) => part["bom-ref"]);
  assert.deepEqual(references, [
    "deno@2.9.6",
    "pkg:npm/%40scope/ws@8.0.0",
    "pkg:npm/aedes@1.0.0",
    "pkg:npm/mqtt@5.1.0",
    ...BUNDLED_FILES.map((name) => `model:${name}`),
  ]);
  // As packaging/container/root.sh does it.
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.length, components.length + 2);
  assert.equal(lines.at(-1), "]}");
  const added = [...lines.slice(0, -1), ',{"type":"library","name":"libc6"}', "]}"].join("\n");
  assert.equal(JSON.parse(added).components.length, components.length + 1);
});
