/** Models of several shapes in one service: what each detector's frames are fitted into, and a swap of one. */
import assert from "node:assert/strict";
import { type InferenceMessage, inferences, Schemas } from "../support/brokers/messages.ts";
import { onnxModel, output } from "../support/models/onnx.ts";
import { Operator } from "../support/product/operator.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { shell, tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ROWS = { name: "output0", dims: [1, 5, 8], size: [1, 5, 8], values: Array(40).fill(0.1) };
/** A model of one size that finds nothing. */
const OWN = onnxModel({
  inputs: [{ name: "images", dims: [1, 3, 160, 96] }],
  outputs: [ROWS],
  metadata: { names: "{0: 'person'}" },
});
const CLASSIFIER = onnxModel({
  inputs: [{ name: "images", dims: [1, 3, 160, 96] }],
  outputs: [output("logits", [1, 1000])],
});
/** Models, and the size of their input for the cameras `wide` and `part`; null: the machine decides. */
const SWAPS: readonly (readonly [model: string, wide: string | null, part: string | null])[] = [
  ["builtin:person-fast", "416x256", "256x416"],
  ["own.onnx", "96x160", "96x160"],
  ["builtin:person-accurate", "768x448", "448x768"],
  ["builtin:person", null, null],
];

/** What no detector can be switched to, and the code of the answer. */
const WRONG: readonly (readonly [model: string, code: string])[] = [
  ["half.onnx", "MODEL_INVALID"],
  ["classifier.onnx", "MODEL_UNSUPPORTED"],
  ["folder.onnx", "MODEL_UNREADABLE"],
  ["loop.onnx", "CONTROL_MODEL"],
];

/** Sizes by camera, of the first worker of a detector. */
async function inputsOf(rig: Rig, detector: string): Promise<Map<string, string>> {
  const { workers, cameras } = assertReportCloses((await rig.get("/status")).body);
  const worker = workers.find((one) => one.detector === detector) ?? assert.fail(detector);
  assert.equal(worker.restarts, 0);
  assert.ok(cameras.every(({ reconnects }) => reconnects === 0));
  return new Map(worker.inputs.map(({ camera, width, height }) => [camera, `${width}x${height}`]));
}

/** Waits until each of the cameras has been inferred since now. */
async function inferred(rig: Rig, detector: string): Promise<void> {
  const since = rig.subscriber.messages.length;
  for (const camera of ["wide", "part"]) {
    await rig.subscriber.waitFor(
      ({ topic }) => topic === `orion/test/inferences/${camera}/${detector}`,
      { since, what: `a message of ${camera} and ${detector}` },
    );
  }
}

function identities(messages: readonly InferenceMessage[]): string[] {
  return [...new Set(messages.map(({ model }) => `${model.name} ${model.sha256}`))];
}

Deno.test({
  name:
    "models: set_model to each bundled one and to one of another shape changes no other detector",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    using folder = tempFolder();
    Deno.writeFileSync(`${folder.path}/own.onnx`, OWN);
    folder.write("half.onnx", OWN.subarray(0, OWN.length / 2));
    folder.write("classifier.onnx", CLASSIFIER);
    await shell('cd "$1" && mkdir folder.onnx && ln -s loop.onnx loop.onnx', folder.path);
    await using rig = await Rig.start({
      config: [
        "cameras:",
        "  - { id: wide, url: 'demo:' }",
        "  - { id: part, url: 'demo:', roi: { x: 0.4, y: 0, width: 0.316, height: 1 } }",
        "detectors:",
        "  - { id: swapped, model: builtin:person, rateHz: 5, classes: [person] }",
        "  - { id: steady, model: builtin:person-int8, rateHz: 5, classes: [person] }",
        `models: { folder: "${folder.path}" }`,
      ].join("\n"),
    });
    await inferred(rig, "swapped");
    await inferred(rig, "steady");
    const operator = new Operator(rig);
    for (const [model, code] of WRONG) {
      assert.equal(await operator.send("set_model", { detector: "swapped", model }), code);
      await inferred(rig, "swapped");
    }
    for (const [model, wide, part] of SWAPS) {
      assert.equal(await operator.send("set_model", { detector: "swapped", model }), "ok", model);
      await inferred(rig, "swapped");
      // Those that the thread before it sent last may have come after the acknowledgement.
      await inferred(rig, "swapped");
      await inferred(rig, "steady");
      const inputs = await inputsOf(rig, "swapped");
      if (wide !== null) assert.deepEqual([...inputs.values()].sort(), [wide, part].sort(), model);
      assert.deepEqual(inputs.get("wide"), wide ?? inputs.get("wide"));
      const steady = await inputsOf(rig, "steady");
      assert.deepEqual([steady.get("wide"), steady.get("part")], ["640x384", "384x640"]);
    }
    assert.equal(await rig.stop(), 0);
    const all = inferences(rig.subscriber.messages, new Schemas());
    const of = (id: string) => all.filter(({ detector }) => detector === id);
    assert.equal(identities(of("steady")).length, 1);
    const names = new Set(of("swapped").map(({ model }) => model.name));
    assert.deepEqual(names, new Set(SWAPS.map(([model]) => model)));
    assert.ok(
      of("swapped").every(({ model, detections }) =>
        model.name !== "own.onnx" || detections.length === 0
      ),
    );
  },
});
