/**
 * Files that the configuration or a command names, under the shipped permissions. Those are for paths, and
 * Deno follows a path's links wherever they lead; ONNX Runtime opens files without asking Deno.
 */
import assert from "node:assert/strict";
import { systemHost } from "../../src/cli/host.ts";
import { readSettings } from "../../src/cli/prepare.ts";
import type { DetectorPlan } from "../../src/core/detector_types.ts";
import { resolveModel } from "../../src/service/control/model_resolver.ts";
import { detectorPlan } from "../../src/service/workers/start_messages.ts";
import { externalFields, modelsWith, smallModel } from "../support/models/external_data.ts";
import { ROOT, shell } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { runPlan } from "./features.ts";
import { type Product, product, shippedFlags, startDeno } from "./product.ts";

/** The plan of the detector as the configuration is now, without its choice of classes. */
function planOf({ config }: Product): DetectorPlan {
  const host = { ...systemHost(ROOT), env: () => "from-the-environment" };
  const [detector] = readSettings({ config }, host).detectors;
  if (detector === undefined) throw new Error("the configuration has no detector");
  return { ...detectorPlan(detector, 0), classes: null };
}

/** The plan of a detector that `set_model` switches to another model. */
async function switched(of: Product, model: string): Promise<DetectorPlan> {
  const rules = {
    root: ROOT,
    folder: `${of.folder}/models`,
    realPath: (path: string) => Deno.realPath(path),
  };
  return { ...planOf(of), ...await resolveModel(model, rules) };
}

Deno.test("model files: weights in another file are refused, of a granted file too", async () => {
  using full = product("full");
  const grant = full.manifest.inference("person");
  const own = `${full.folder}/own.onnx`;
  // In order: beside the model, in the current folder, outside, and granted to the worker.
  for (const location of ["other.txt", "deno.json", "/etc/hostname", "models/nanodet-g.onnx"]) {
    Deno.writeFileSync(own, smallModel(location));
    const ended = await runPlan(grant, planOf(full));
    assert.match(ended, /^MODEL_EXTERNAL_DATA: .*keeps weights in another file/, location);
  }
  const nested = modelsWith(externalFields("deno.json")).get("a constant in a branch");
  Deno.writeFileSync(own, nested ?? assert.fail("no such model"));
  assert.match(await runPlan(grant, planOf(full)), /^MODEL_EXTERNAL_DATA: /);
  Deno.writeFileSync(own, smallModel());
  assert.equal(await runPlan(grant, planOf(full)), "ok");
});

Deno.test("model files: a configured link leads where it led at the start, or nowhere", async () => {
  using full = product("full");
  const { folder } = full;
  await shell('cd "$1" && mkdir data && mv own.onnx data/a && cp data/a data/b', folder);
  await shell('cd "$1" && ln -s data/a own.onnx', folder);
  const grant = full.manifest.inference("person");
  const plan = planOf(full);
  assert.equal(plan.resolvedPath, `${await Deno.realPath(folder)}/data/a`);
  assert.equal(await runPlan(grant, plan), "ok");
  await shell('cd "$1" && ln -sf data/b own.onnx', folder);
  assert.match(await runPlan(grant, plan), /^MODEL_REPLACED: .*data\/b now/);
  await shell('cd "$1" && ln -sf own.onnx own.onnx', folder);
  assert.equal(systemHost(ROOT).isFile(`${folder}/own.onnx`), false, "a link to itself is none");
});

Deno.test("model files: set_model opens what it resolved, within the folder of models", async () => {
  using full = product("full");
  const { folder } = full;
  await shell('cd "$1" && cp own.onnx secret.onnx && ln -s spare.onnx models/in.onnx', folder);
  await shell('cd "$1" && ln -s ../secret.onnx models/out.onnx', folder);
  await assert.rejects(switched(full, "out.onnx"), { code: "CONTROL_MODEL" });
  const grant = full.manifest.inference("person");
  for (const model of ["spare.onnx", "in.onnx"]) {
    const plan = await switched(full, model);
    assert.equal(plan.modelPath, `${folder}/models/spare.onnx`);
    assert.equal(await runPlan(grant, plan), "ok", model);
  }
  const plan = await switched(full, "spare.onnx");
  await shell('cd "$1" && ln -sf ../secret.onnx models/spare.onnx', folder);
  assert.equal(await runPlan(grant, { ...plan, resolvedPath: null }), "ok", "Deno permits it");
  assert.match(await runPlan(grant, plan), /^MODEL_REPLACED: .*secret\.onnx now/);
  await shell('cd "$1" && rm models/spare.onnx && mkfifo models/spare.onnx', folder);
  assert.match(await runPlan(grant, plan), /^MODEL_UNREADABLE: .*it is a pipe/);
});

Deno.test({
  name: "configured files: a pipe in place of one is reported, and never waited for",
  ignore: ignoreWithout("libav"),
  async fn() {
    using full = product("full");
    const flags = await shippedFlags(full);
    const check = async (...words: string[]) => {
      await using orion = startDeno(flags, [`${ROOT}/main.ts`, ...words], full.env);
      const { code } = await orion.exit();
      assert.equal(code, 2, orion.stderr.text());
      return orion.stderr.text();
    };
    for (const name of ["password", "clip.mp4", "own.onnx"]) {
      await shell('cd "$1" && mv "$2" kept && mkfifo "$2"', full.folder, name);
      assert.match(
        await check("check", "--config", full.config),
        new RegExp(`^error: .*${name}`, "m"),
      );
      await shell('cd "$1" && mv kept "$2"', full.folder, name);
    }
    await shell('cd "$1" && rm orion.yaml && mkfifo orion.yaml', full.folder);
    assert.match(await check("check", "--config", full.config), /orion\.yaml: it is a pipe$/m);
  },
});
