import assert from "node:assert/strict";
import { resolveModel } from "../../../../src/service/control/model_resolver.ts";
import { tempFolder } from "../../../support/system/files.ts";

Deno.test("models: only builtin ones, and files in the folder, links resolved", async () => {
  using folder = tempFolder();
  folder.write("models/own.onnx", "");
  folder.write("models/deep/own.onnx", "");
  folder.write("outside.onnx", "");
  const models = `${folder.path}/models`;
  // Making links needs permission to write everywhere, so these are simulated.
  const links = new Map([
    [`${models}/link.onnx`, `${folder.path}/outside.onnx`],
    [`${models}/up/outside.onnx`, `${folder.path}/outside.onnx`],
    [`${models}/alias.onnx`, `${models}/own.onnx`],
  ]);
  const realPath = async (path: string) => links.get(path) ?? await Deno.realPath(path);
  const rules = { root: "/opt/orion", folder: models, realPath };
  const resolved = async (model: string) => (await resolveModel(model, rules)).modelPath;
  assert.equal(await resolved("builtin:person"), "/opt/orion/models/nanodet-g.onnx");
  assert.equal(await resolved("own.onnx"), `${models}/own.onnx`);
  assert.equal(await resolved("deep/../own.onnx"), `${models}/own.onnx`);
  assert.equal(await resolved(`${models}/deep/own.onnx`), `${models}/deep/own.onnx`);
  assert.equal(await resolved("alias.onnx"), `${models}/own.onnx`, "what it leads to");
  const refused = [
    ...["builtin:", "builtin:toString", "builtin:../x.onnx", "own", "own.txt", "missing.onnx"],
    ...["../outside.onnx", "deep/../../outside.onnx", "link.onnx", "up/outside.onnx", "/"],
    ...[`${folder.path}/outside.onnx`, `${models}-other/own.onnx`, "own.onnx\0", "..", ".onnx/.."],
    ...["file:///etc/passwd.onnx", "http://127.0.0.1/a.onnx", "~/own.onnx", "..\\outside.onnx"],
  ];
  for (const model of refused) {
    await assert.rejects(resolved(model), { code: "CONTROL_MODEL" }, JSON.stringify(model));
  }
});

Deno.test("models: a folder that is a link is granted by its name, and its file by what that leads to", async () => {
  const links = new Map([
    ["/etc/orion/models", "/data/models"],
    ["/etc/orion/models/gate.onnx", "/data/models/v2/gate.onnx"],
  ]);
  const realPath = (path: string) => Promise.resolve(links.get(path) ?? path);
  const rules = { root: "/opt/orion", folder: "/etc/orion/models", realPath };
  assert.deepEqual(await resolveModel("gate.onnx", rules), {
    model: "gate.onnx",
    modelPath: "/etc/orion/models/v2/gate.onnx",
    resolvedPath: "/data/models/v2/gate.onnx",
    ...{ maxPixels: 544 * 320, int8: null },
  });
});
