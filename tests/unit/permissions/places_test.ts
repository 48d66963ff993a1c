import assert from "node:assert/strict";
import { LibraryError } from "../../../src/core/errors.ts";
import { LIBAV_FOLDERS } from "../../../src/libav/locate.ts";
import { locateOnnxRuntime } from "../../../src/permissions/places.ts";
import { ROOT } from "../../support/system/files.ts";

Deno.test("places: ONNX Runtime is found by the real path of its addon", () => {
  const { binding, folder } = locateOnnxRuntime(ROOT);
  assert.equal(Deno.realPathSync(binding), binding);
  assert.ok(binding.startsWith(`${folder}/`));
});

Deno.test("places: without ONNX Runtime the error has a remedy", () => {
  assert.throws(() => locateOnnxRuntime(`${ROOT}/tests`), (error) => {
    assert.ok(error instanceof LibraryError);
    assert.equal(error.code, "ONNXRUNTIME_MISSING");
    assert.match(error.remedy, /deno install/);
    return true;
  });
});

Deno.test("launcher: its first process may search every folder of libav", () => {
  const script = Deno.readTextFileSync(`${ROOT}/scripts/orion.sh`);
  for (const folder of LIBAV_FOLDERS) assert.ok(script.includes(` ${folder}`), folder);
});
