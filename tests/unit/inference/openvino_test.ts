/** A model in OpenVINO beside the same in ONNX Runtime; without OpenVINO, that it is passed over. */
import assert from "node:assert/strict";
import { LifecycleError, ModelError } from "../../../src/core/errors.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { int8Factor, type ProductModel } from "../../../src/inference/int8_speed.ts";
import { inputBytes, inputFor } from "../../../src/core/model_input.ts";
import { selectClasses } from "../../../src/inference/labels.ts";
import { Postprocessor } from "../../../src/inference/postprocess.ts";
import { ModelSession } from "../../../src/inference/session.ts";
import { MAX_COMPILED, OpenVinoEngine } from "../../../src/openvino/engine.ts";
import { iou } from "../../../src/core/geometry.ts";
import { BUNDLED, clipTensor } from "../../support/clips/clip.ts";
import { onnxModel } from "../../support/models/onnx.ts";
import { ignoreWithout, OPENVINO } from "../../support/system/parts.ts";

const ignore = ignoreWithout("openvino");
const FRAME = { x: 0, y: 0, width: 1280, height: 720 };
/** Of scores: bfloat16 has eight bits of precision. */
const SCORE_ERROR = 0.02;

async function load(path: string, providers: readonly string[]): Promise<ModelSession> {
  return await ModelSession.load({
    ...{ path, threads: 1, providers, openVino: OPENVINO },
    openInOpenVino: (...model) => new OpenVinoEngine(...model),
    onProviderSkipped: (provider, reason) => assert.fail(`${provider}: ${reason}`),
  });
}

function input(width: number, height: number) {
  const data = new Float32Array(3 * width * height).map((_, at) => (at % 251) / 251);
  return { images: { dims: [1, 3, height, width], data } };
}

/** A model whose input is uint8: one of those that show how fast a machine is. */
async function int8Product(): Promise<ProductModel> {
  const models: ProductModel[] = [];
  await int8Factor((model) => {
    models.push(model);
    return Promise.resolve({
      run: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  }, systemClock);
  return models.find(({ precision }) => precision === "int8") ?? assert.fail("no int8");
}

Deno.test({
  name: "openvino: both models detect what they do in ONNX Runtime",
  ignore,
  async fn() {
    for (const path of [BUNDLED.person, BUNDLED.personInt8]) {
      await using own = await load(path, ["openvino", "cpu"]);
      await using other = await load(path, ["cpu"]);
      assert.deepEqual([own.provider, other.provider], ["openvino", "cpu"]);
      assert.deepEqual([own.input, own.labels], [other.input, other.labels]);
      const size = inputFor(own.input, FRAME);
      const { tensor, fit } = await clipTensor(150, "", FRAME, size);
      const classes = selectClasses(own.labels, ["person"], "");
      const found = [];
      for (const session of [own, other]) {
        const { labels, columns } = session;
        const processor = new Postprocessor({ labels, columns, classes, iou: 0.5 });
        found.push(processor.run(await session.run(tensor, size), fit, 0.45).detections);
      }
      const [ours = [], theirs = []] = found;
      assert.deepEqual([ours.length, theirs.length], [2, 2]);
      for (const [at, { box, confidence }] of ours.entries()) {
        const expected = theirs[at] ?? assert.fail();
        assert.ok(iou(box, expected.box) > 0.97, JSON.stringify([box, expected.box]));
        assert.ok(Math.abs(confidence - expected.confidence) < SCORE_ERROR);
      }
    }
  },
});

Deno.test({
  name: "openvino: a model is compiled for each shape, and for more than it keeps",
  ignore,
  async fn() {
    const engine = new OpenVinoEngine(
      OPENVINO,
      { bytes: await Deno.readFile(BUNDLED.person), dims: [1, 3, 64, 64] },
      1,
    );
    const sides = Array.from({ length: MAX_COMPILED + 1 }, (_, at) => 64 + 32 * at);
    // Once more in the same order: each was dropped before it comes again.
    for (const side of [...sides, ...sides]) {
      const cells = side * 64 * (1 / 64 + 1 / 256 + 1 / 1024);
      const { boxes, scores, ...others } = await engine.run(input(side, 64), ["boxes", "scores"]);
      assert.deepEqual(others, {});
      assert.deepEqual(boxes?.dims, [1, cells, 4]);
      assert.deepEqual([scores?.dims, scores?.data.length], [[1, cells, 80], 80 * cells]);
    }
    assert.deepEqual(Object.keys(await engine.run(input(64, 64), ["boxes"])), ["boxes"]);
    await assert.rejects(engine.run({}, ["boxes"]), LifecycleError);
    await assert.rejects(engine.run(input(64, 64), ["nothing"]), ModelError);
    await engine.release();
    await engine.release();
    await assert.rejects(engine.run(input(64, 64), ["boxes"]), LifecycleError);
  },
});

Deno.test({
  name: "openvino: what it cannot run is refused with a reason, and no handle stays",
  ignore,
  async fn() {
    const output = {
      name: "o",
      dims: [1, 6, 8],
      size: [1, 6, 8],
      values: Array<number>(48).fill(0),
    };
    const port = { name: "images", dims: [1, 3, 64, 64] };
    const constant = onnxModel({ inputs: [port], outputs: [output] });
    const whole = { bytes: await Deno.readFile(BUNDLED.person), dims: [1, 4, 64, 64] };
    const cases: [ConstructorParameters<typeof OpenVinoEngine>[1], RegExp][] = [
      [{ bytes: new Uint8Array(100), dims: [1] }, /Cannot read the model in OpenVINO/],
      // Its constants do not depend on the input, which OpenVINO removes.
      [{ bytes: constant, dims: port.dims }, /it has 0 inputs, not one/],
      [await int8Product(), /Cannot use "left" in OpenVINO: it is not float32/],
      // Four colours.
      [whole, /Cannot (?:set the input's shape|compile the model) in OpenVINO/],
    ];
    for (const [model, says] of cases) {
      assert.throws(() => new OpenVinoEngine(OPENVINO, model, 1), (error) => {
        assert.ok(error instanceof ModelError);
        assert.equal(error.code, "MODEL_RUNTIME");
        assert.match(error.message, says);
        return true;
      });
    }
  },
});

Deno.test("openvino: where it is not installed the reason is given, and cpu remains", async () => {
  const skipped: string[] = [];
  await using session = await ModelSession.load({
    ...{ path: BUNDLED.personInt8, threads: 1, providers: ["openvino"] },
    openVino: "/nowhere/libopenvino_c.so",
    openInOpenVino: (...model) => new OpenVinoEngine(...model),
    onProviderSkipped: (provider, reason) => skipped.push(`${provider}: ${reason}`),
  });
  assert.equal(session.provider, "cpu");
  assert.match(skipped.join(), /^openvino: .*\/nowhere\/libopenvino_c\.so/);
  const size = inputFor(session.input, FRAME);
  assert.ok((await session.run(new ArrayBuffer(inputBytes(size)), size)).cells > 0);
});
