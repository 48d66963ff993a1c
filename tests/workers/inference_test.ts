/** The inference worker itself, under the permissions it has in service. */
import assert from "node:assert/strict";
import { iou, letterbox } from "../../src/core/geometry.ts";
import { barsKey, bufferBytes, inputFor, policyText } from "../../src/core/model_input.ts";
import { COCO_LABELS } from "../../src/inference/labels.ts";
import { identityOf } from "../../src/inference/model_identity.ts";
import { BUNDLED, clipTensor, frameMeta, peopleInClip } from "../support/clips/clip.ts";
import { InferenceWorker, planFor } from "../support/workers/inference_worker.ts";
import { withFile } from "../support/models/load.ts";
import { onnxModel } from "../support/models/onnx.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const SIZE = { width: 1280, height: 720 };
const WHOLE = { x: 0, y: 0, ...SIZE };
const PART = { x: 700, y: 0, width: 540, height: 720 };
const INPUT = { width: 416, height: 416 };

Deno.test({
  name: "inference worker: frames of two shapes go in, people in source pixels come out",
  ignore: ignoreWithout("ffmpeg"),
  async fn() {
    const people = await peopleInClip(75);
    using worker = new InferenceWorker();
    worker.start(planFor(BUNDLED.personInt8));
    const { input, classes, provider, file, identity } = await worker.next("ready");
    const size = { kind: "free", maxPixels: 544 * 320, stepPx: 32 };
    assert.deepEqual(input, { size, placement: "centre", bars: 114 / 255 });
    assert.deepEqual([classes, provider], [COCO_LABELS, "cpu"]);
    assert.deepEqual(file, { file: "nanodet-g-int8.onnx", precision: "int8", choice: null });
    assert.deepEqual([identity.name, identity.sha256.length], ["builtin:person", 12]);
    using gate = worker.attach("gate");
    using yard = worker.attach("yard");
    // The whole picture, and the part of it that the second person is in.
    const shots = [
      { camera: "gate", mailbox: gate, crop: WHOLE, shape: "544x320", seen: people },
      { camera: "yard", mailbox: yard, crop: PART, shape: "352x480", seen: people.slice(1) },
    ];

    let bars: string | null = null;
    for (const [seq, { camera, mailbox, crop, shape, seen }] of [...shots, ...shots].entries()) {
      const { tensor, fit } = await clipTensor(75, "", crop, inputFor(input, crop));
      mailbox.available(seq);
      const take = await mailbox.take();
      assert.deepEqual([take.barsKey, take.buffer.byteLength], [bars, bufferBytes(input)]);
      new Float32Array(take.buffer).set(new Float32Array(tensor));
      mailbox.frame(frameMeta({ camera, seq, size: SIZE, fit }), take.buffer);
      const { note } = await worker.next("inferred");
      assert.deepEqual([note.camera, note.seq], [camera, seq]);
      assert.equal(`${note.input.width}x${note.input.height}`, shape);
      assert.equal(note.detections.length, seen.length);
      for (const person of seen) {
        assert.ok(note.detections.some(({ box }) => iou(box, person) >= 0.7));
      }
      assert.ok(note.inferenceMs > 0 && note.postprocessMs >= 0);
      bars = barsKey(fit, input.bars);
    }
    worker.send({ kind: "stop" });
    await worker.next("stopped");
    assert.deepEqual(worker.seen, []);
  },
});

Deno.test("inference worker: of two files it loads the one that this machine is fast at", async () => {
  using worker = new InferenceWorker(BUNDLED.person, BUNDLED.personInt8);
  const int8 = { modelPath: BUNDLED.personInt8, resolvedPath: null, maxPixels: 640 * 384 };
  worker.start(planFor(BUNDLED.person, { int8 }));
  const { file, input, identity } = await worker.next("ready");
  const isInt8 = file.precision === "int8";
  assert.equal(file.file, isInt8 ? "nanodet-g-int8.onnx" : "nanodet-g.onnx");
  assert.match(
    file.choice ?? "",
    isInt8 ? /^int8 is \d+\.\d times/ : /^int8 is only \d+\.\d times/,
  );
  assert.equal(policyText(input), `auto, ${isInt8 ? "640x384" : "544x320"} at 16:9`);
  const loaded = await Deno.readFile(isInt8 ? BUNDLED.personInt8 : BUNDLED.person);
  assert.equal(identity.sha256, (await identityOf("builtin:person", loaded)).sha256);
  worker.send({ kind: "stop" });
  await worker.next("stopped");
});

Deno.test("inference worker: a size that the model cannot have is reported, with one that it can", async () => {
  const error = await failure(BUNDLED.personInt8, { input: { width: 640, height: 360 } });
  assert.equal(error.code, "MODEL_INPUT");
  assert.match(error.remedy, /width: 640, height: 352/);
});

Deno.test({
  name: "inference worker: another confidence holds from the next frame on",
  ignore: ignoreWithout("ffmpeg"),
  async fn() {
    const { tensor, fit } = await clipTensor(0, "", WHOLE, INPUT);
    using worker = new InferenceWorker();
    worker.start(planFor(BUNDLED.personInt8));
    using mailbox = worker.attach("gate");
    await worker.next("ready");
    for (const [confidence, seen] of [[0.45, 2], [0.99, 0]] as const) {
      worker.send({ kind: "confidence", confidence });
      mailbox.available();
      const { buffer } = await mailbox.take();
      new Float32Array(buffer).set(new Float32Array(tensor));
      mailbox.frame(frameMeta({ camera: "gate", seq: 0, size: SIZE, fit }), buffer);
      assert.equal((await worker.next("inferred")).note.detections.length, seen);
    }
    worker.send({ kind: "stop" });
    await worker.next("stopped");
  },
});

Deno.test({
  name:
    "inference worker: for the tracker it adds weak detections and sharpness, and changes nothing",
  ignore: ignoreWithout("ffmpeg"),
  async fn() {
    const { tensor, fit } = await clipTensor(75, "", WHOLE, INPUT);
    const infer = async (plan: Parameters<typeof planFor>[1]) => {
      using worker = new InferenceWorker();
      worker.start(planFor(BUNDLED.personInt8, plan));
      using results = worker.results();
      using mailbox = worker.attach("gate");
      await worker.next("ready");
      mailbox.available();
      const { buffer } = await mailbox.take();
      new Float32Array(buffer).set(new Float32Array(tensor));
      mailbox.frame(frameMeta({ camera: "gate", seq: 0, size: SIZE, fit }), buffer);
      const { note } = await worker.next("inferred");
      assert.ok(!("weak" in note));
      worker.send({ kind: "stop" });
      await results.ended();
      await worker.next("stopped");
      return results.seen[0] ?? assert.fail("no result");
    };
    const plain = await infer({});
    const tracked = await infer({ tracking: { minConfidence: 0.01, sharpness: true } });
    assert.deepEqual(plain.weak, []);
    assert.ok(plain.detections.every((detection) => detection.sharpness === undefined));
    assert.ok(tracked.weak.length > 0);
    assert.ok(tracked.weak.every(({ confidence }) => confidence >= 0.01 && confidence < 0.45));
    assert.ok(tracked.detections.every(({ sharpness = 0 }) => sharpness > 0.5 && sharpness < 1));
    assert.deepEqual(
      tracked.detections.map(({ sharpness: _, ...detection }) => detection),
      plain.detections,
    );
  },
});

Deno.test("inference worker: stopped with a frame in hand, it hands the result on first", async () => {
  using worker = new InferenceWorker();
  worker.start(planFor(BUNDLED.personInt8));
  using results = worker.results();
  using mailbox = worker.attach("gate");
  await worker.next("ready");
  mailbox.available();
  const { buffer } = await mailbox.take();
  worker.send({ kind: "stop" });
  const fit = letterbox(WHOLE, INPUT);
  mailbox.frame(frameMeta({ camera: "gate", seq: 3, size: SIZE, fit }), buffer);
  await worker.next("stopped");
  assert.deepEqual(worker.seen.map((message) => message.kind), ["inferred"]);
  await results.ended();
  assert.deepEqual(results.seen.map(({ meta }) => meta.seq), [3]);
});

Deno.test("inference worker: a camera detached with the buffer does not stop the others", async () => {
  using worker = new InferenceWorker();
  worker.start(planFor(BUNDLED.personInt8));
  using gone = worker.attach("gone");
  using stays = worker.attach("stays");
  const ready = await worker.next("ready");
  gone.available();
  await gone.take();
  worker.send({ kind: "detach", camera: "gone" });
  stays.available();
  const { buffer, barsKey: bars } = await stays.take();
  assert.deepEqual([buffer.byteLength, bars], [bufferBytes(ready.input), null]);
  stays.none(buffer);
  worker.send({ kind: "stop" });
  await worker.next("stopped");
});

/** What the worker fails with under a plan. */
async function failure(model: string, changes: Parameters<typeof planFor>[1] = {}) {
  using worker = new InferenceWorker(model);
  worker.start(planFor(model, changes));
  const { error } = await worker.next("failed");
  assert.equal(error.retryable, false);
  worker.send({ kind: "stop" });
  await worker.next("stopped");
  return error;
}

Deno.test("inference worker: a missing model is reported as failed, with its remedy", async () => {
  const error = await failure("/nowhere/none.onnx");
  assert.equal(error.code, "MODEL_MISSING");
  assert.match(error.message, /"builtin:person": there is no file \/nowhere\/none\.onnx/);
});

Deno.test("inference worker: a text file named .onnx is reported as what it is", async () => {
  const text = new TextEncoder().encode("Not the weights you are looking for.\n");
  const error = await withFile(text, (path) => failure(path));
  assert.equal(error.code, "MODEL_INVALID");
  assert.match(error.message, /a text file/);
});

Deno.test("inference worker: a model with another input is reported with what was found", async () => {
  const outputs = [{ name: "digit", dims: [1, 10], size: [1, 10], values: Array(10).fill(0) }];
  const inputs = [{ name: "grey", dims: [1, 1, 28, 28] }];
  const error = await withFile(onnxModel({ inputs, outputs }), (path) => failure(path));
  assert.equal(error.code, "MODEL_UNSUPPORTED");
  assert.match(error.message, /"grey" float32 \[1, 1, 28, 28\]/);
});

Deno.test("inference worker: an unknown class is reported with the nearest name", async () => {
  const error = await failure(BUNDLED.personInt8, { classes: ["persom"] });
  assert.equal(error.code, "MODEL_CLASS");
  assert.match(error.remedy, /"person"/);
});
