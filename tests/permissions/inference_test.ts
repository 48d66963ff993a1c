/** An inference worker can read its model and load ONNX Runtime; everything else is refused to it. */
import assert from "node:assert/strict";
import { BUNDLED } from "../support/clips/clip.ts";
import { askWorker } from "../support/workers/ask_worker.ts";
import type { ProbeAnswer, ProbeRequest } from "../support/workers/inference_probe.ts";
import { bindingPath, inferencePermissions } from "../support/workers/inference_worker.ts";

const MAY = ["load and run the model", "read the model"];

async function probe(permissions: Deno.PermissionOptionsObject): Promise<ProbeAnswer> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const request: ProbeRequest = {
    model: BUNDLED.personInt8,
    otherFile: BUNDLED.truth,
    port: listener.addr.port,
    otherLibrary: `${bindingPath().replace(/[^/]*$/, "")}libonnxruntime.so.1`,
  };
  const entry = new URL("../support/workers/inference_probe.ts", import.meta.url);
  return await askWorker(entry, permissions, request);
}

Deno.test("inference permissions: its model and the runtime, and no other thing", async () => {
  const before = await Deno.stat(BUNDLED.personInt8);
  const answer = await probe(inferencePermissions(BUNDLED.personInt8));
  for (const [what, ended] of Object.entries(answer)) {
    assert.equal(ended, MAY.includes(what) ? "allowed" : "NotCapable", what);
  }
  assert.equal((await Deno.stat(BUNDLED.personInt8)).size, before.size);
});

Deno.test("inference permissions: without the grant for the binding no model is loaded", async () => {
  const answer = await probe({ ...inferencePermissions(BUNDLED.personInt8), ffi: false });
  assert.equal(answer["load and run the model"], "ModelError");
  assert.equal(answer["read the model"], "allowed");
});
