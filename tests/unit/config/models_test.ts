import assert from "node:assert/strict";
import { basename } from "node:path";
import { BUILTIN_MODELS, builtinModel, BUNDLED_FILES } from "../../../src/config/models.ts";
import { inputFor } from "../../../src/core/model_input.ts";
import { ROOT } from "../../support/system/files.ts";

/** The file and the size at 16:9 where int8 is not fast, and where it is. */
function described(name: string): string {
  const { int8, ...plain } = builtinModel(name, "/opt/orion") ?? assert.fail(name);
  return [plain, int8 ?? plain].map(({ modelPath, maxPixels }) => {
    const size = { kind: "free", maxPixels, stepPx: 32 } as const;
    const shape = { width: 16, height: 9 };
    const { width, height } = inputFor({ size, placement: "centre", bars: 0 }, shape);
    return `${basename(modelPath)} ${width}x${height}`;
  }).join(", ");
}

Deno.test("builtin models: each has its file and the size of its input", () => {
  assert.deepEqual(
    BUILTIN_MODELS.map((name) => [name, described(name)]),
    [
      ["builtin:person", "nanodet-g.onnx 544x320, nanodet-g-int8.onnx 640x384"],
      ["builtin:person-fast", "nanodet-g.onnx 416x256, nanodet-g-int8.onnx 416x256"],
      ["builtin:person-accurate", "nanodet-g.onnx 768x448, nanodet-g.onnx 768x448"],
      ["builtin:person-int8", "nanodet-g-int8.onnx 640x384, nanodet-g-int8.onnx 640x384"],
    ],
  );
  for (const name of ["builtin:", "builtin:toString", "builtin:persons", "person"]) {
    assert.equal(builtinModel(name, "/opt/orion"), null, name);
  }
});

Deno.test("builtin models: their files are in the folder of models, and no others are named", () => {
  const named = BUILTIN_MODELS.flatMap((name) => {
    const { int8, modelPath } = builtinModel(name, ROOT) ?? assert.fail(name);
    return int8 === null ? [modelPath] : [modelPath, int8.modelPath];
  });
  for (const path of named) assert.ok(Deno.statSync(path).isFile, path);
  assert.deepEqual(new Set(named.map((path) => basename(path))), new Set(BUNDLED_FILES));
});
