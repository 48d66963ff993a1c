import assert from "node:assert/strict";
import { FAMILY_NAMES } from "../../../../src/core/model_families.ts";
import { FAMILIES } from "../../../../src/inference/families/families.ts";
import { detect, rounded } from "../../../support/models/detect.ts";
import { CELLS, DOGS, IMAGES } from "../../../support/models/family_case.ts";
import { FAMILY_CASES } from "../../../support/models/family_cases.ts";
import { loadModel } from "../../../support/models/load.ts";
import { onnxModel, output } from "../../../support/models/onnx.ts";

for (const { family, is, model, says, finds } of FAMILY_CASES) {
  Deno.test(`families: ${family} ${is} is found by its file, and its boxes and classes are right`, async () => {
    const bytes = onnxModel(model);
    await using found = await loadModel(bytes);
    assert.equal(found.family, says);
    assert.deepEqual(await detect(found), finds.map((one) => one.map(roundedPart)));
    await using chosen = await loadModel(bytes, { settings: { family, preprocess: {} } });
    assert.deepEqual(await detect(chosen), await detect(found));
  });

  Deno.test(`families: ${family} ${is} gives the same for one class, whose number stays`, async () => {
    const [first] = finds;
    assert.ok(first !== undefined);
    const [name] = first;
    await using one = await loadModel(onnxModel(model), { classes: [name] });
    const wanted = finds.filter((each) => each[0] === name);
    assert.deepEqual(await detect(one, [name]), wanted.map((each) => each.map(roundedPart)));
    assert.equal(one.labels.indexOf(name) >= 0, true);
  });
}

function roundedPart(part: string | number): string | number {
  return typeof part === "number" ? rounded(part) : part;
}

Deno.test("families: each name that the configuration takes has a family, and a case here", () => {
  assert.deepEqual(
    [...new Set(FAMILIES.map(({ name }) => name))].sort(),
    [...FAMILY_NAMES].sort(),
  );
  assert.deepEqual(
    [...new Set(FAMILY_CASES.map(({ family }) => family))].sort(),
    [...FAMILY_NAMES].sort(),
  );
});

Deno.test("families: a file that names a network and no version of LibreYOLO is of another program", async () => {
  const bytes = onnxModel({
    inputs: [IMAGES],
    outputs: [output("output0", [1, CELLS, 6], { 9: [20, 30, 8, 12, 0.25, 0.75] })],
    metadata: { ...DOGS, model_family: "rtmdet" },
  });
  await using found = await loadModel(bytes);
  assert.equal(found.family, "YOLO (RGB 0..1, letterbox)");
  await using chosen = await loadModel(bytes, {
    settings: { family: "libreyolo", preprocess: {} },
  });
  assert.match(chosen.family, /^RTMDet of LibreYOLO/);
});
