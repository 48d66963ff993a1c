import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { LifecycleError } from "../../../src/core/errors.ts";
import { bufferBytes, inputBytes } from "../../../src/core/model_input.ts";
import { COCO_LABELS } from "../../../src/inference/labels.ts";
import type { RawDetections } from "../../../src/inference/raw_detections.ts";
import { ModelSession } from "../../../src/inference/session.ts";
import { BUNDLED } from "../../support/clips/clip.ts";
import { refused, withFile } from "../../support/models/load.ts";
import { onnxModel } from "../../support/models/onnx.ts";

const IMAGES = { name: "images", dims: [1, 3, 64, 32] };
/** A size that the bundled models allow. */
const WIDE = { width: 544, height: 320 };
const ROWS = {
  name: "output0",
  dims: [1, 6, 8],
  size: [1, 6, 8],
  values: range(48).map((at) => at / 50),
};

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at);
}

/** The scores of a model that has one for each class. */
function scoresOf({ scores }: RawDetections): Float32Array {
  assert.equal(scores.kind, "classes");
  return scores.data;
}

Deno.test("session: both bundled models load, with their input shapes", async () => {
  for (const path of [BUNDLED.person, BUNDLED.personInt8]) {
    await using session = await ModelSession.load({ path, threads: 1 });
    assert.deepEqual(session.input, {
      size: { kind: "free", maxPixels: 544 * 320, stepPx: 32 },
      placement: "centre",
      bars: 114 / 255,
    });
    assert.deepEqual(session.labels, COCO_LABELS);
    assert.equal(session.provider, "cpu");
  }
});

Deno.test("session: the buffer is read in place and stays the caller's, to be transferred on", async () => {
  await using session = await ModelSession.load({ path: BUNDLED.personInt8, threads: 1 });
  const tensor = new ArrayBuffer(bufferBytes(session.input));
  const dark = await session.run(tensor, WIDE);
  const darkScores = scoresOf(dark).slice();
  assert.equal(tensor.detached, false);
  const moved = structuredClone(tensor, { transfer: [tensor] });
  assert.ok(tensor.detached && moved.byteLength === bufferBytes(session.input));
  // A change through the caller's own view is what the next run sees; the last answer stays as it was.
  new Float32Array(moved).forEach((_, at, all) => all[at] = (at % 37) / 37);
  const bright = await session.run(moved, WIDE);
  assert.notDeepEqual(scoresOf(bright), darkScores);
  assert.deepEqual(scoresOf(dark), darkScores);
  assert.deepEqual([dark.cells, session.columns.length], [3570, 80]);
});

Deno.test("session: a buffer that was transferred away or has another size is refused", async () => {
  await using session = await ModelSession.load({ path: BUNDLED.personInt8, threads: 1 });
  const gone = new ArrayBuffer(inputBytes(WIDE));
  structuredClone(gone, { transfer: [gone] });
  await assert.rejects(session.run(gone, WIDE), LifecycleError);
  await assert.rejects(session.run(new ArrayBuffer(12), WIDE), /12 of 2088960 bytes/);
});

Deno.test("session: after it was released it refuses to run; releasing twice is harmless", async () => {
  const session = await ModelSession.load({ path: BUNDLED.personInt8, threads: 1 });
  await session[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await assert.rejects(session.run(new ArrayBuffer(inputBytes(WIDE)), WIDE), LifecycleError);
});

Deno.test("session: providers that cannot be set up are skipped with a reason, and cpu remains", async () => {
  // CUDA is named by builds for x86_64 whose packages have no library of it.
  const says: Record<string, RegExp> = {
    "no-such-provider":
      /^ONNX Runtime for linux \S+ was built without no-such-provider: it has .*cpu/,
    cuda: /lacks libonnxruntime_providers_cuda\.so|was built without cuda/,
    xnnpack: /was built without xnnpack/,
    openvino: /was built without openvino/,
  };
  const names = Object.keys(says);
  for (const providers of [[...names, "cpu"], names]) {
    const skipped: string[] = [];
    await using session = await ModelSession.load({
      path: BUNDLED.personInt8,
      threads: 1,
      providers,
      onProviderSkipped: (provider, reason) => {
        assert.match(reason, says[provider] ?? assert.fail(provider));
        skipped.push(provider);
      },
    });
    assert.equal(session.provider, "cpu");
    assert.deepEqual(skipped, names);
  }
});

Deno.test("session: providers after cpu are not tried", async () => {
  await using session = await ModelSession.load({
    path: BUNDLED.personInt8,
    threads: 1,
    providers: ["cpu", "no-such-provider"],
    onProviderSkipped: (provider) => assert.fail(provider),
  });
  assert.equal(session.provider, "cpu");
});

Deno.test("session: a YOLOv8-like model is fed in its own size and keeps its class names", async () => {
  const metadata = { names: "{0: 'helmet', 1: 'vest'}" };
  await withFile(onnxModel({ inputs: [IMAGES], outputs: [ROWS], metadata }), async (path) => {
    await using session = await ModelSession.load({ path, threads: 1 });
    const size = { width: 32, height: 64 };
    assert.deepEqual(session.input.size, { kind: "fixed", ...size });
    assert.deepEqual(session.labels, ["helmet", "vest"]);
    const raw = await session.run(new ArrayBuffer(inputBytes(size)), size);
    assert.deepEqual([raw.cells, session.columns], [8, [0, 1]]);
    assert.deepEqual([...scoresOf(raw)], ROWS.values.map(Math.fround));
  });
});

Deno.test("session: a file that is not there is MODEL_MISSING", async () => {
  const error = await refused({ path: "/nowhere/m.onnx", model: "builtin:person", threads: 1 });
  assert.equal(error.code, "MODEL_MISSING");
  assert.match(error.message, /"builtin:person": there is no file \/nowhere\/m\.onnx/);
});

Deno.test("session: a folder is MODEL_UNREADABLE", async () => {
  const path = await Deno.makeTempDir();
  assert.equal((await refused({ path, threads: 1 })).code, "MODEL_UNREADABLE");
  await Deno.remove(path);
});

Deno.test("session: a file that is not an ONNX model is MODEL_INVALID, with its format", async () => {
  const whole = await Deno.readFile(BUNDLED.personInt8);
  const cases: [Uint8Array, RegExp][] = [
    [new TextEncoder().encode("These are not weights.\n"), /a text file of 23 bytes/],
    [new Uint8Array(0), /an empty file/],
    [whole.subarray(0, whole.length >> 1), /not all of one/],
  ];
  for (const [bytes, said] of cases) {
    await withFile(bytes, async (path) => {
      const error = await refused({ path, threads: 1 });
      assert.equal(error.code, "MODEL_INVALID");
      assert.match(error.message, said);
      assert.ok(error.message.includes(path));
    });
  }
});

Deno.test("session: a graph that ONNX Runtime refuses is MODEL_INVALID with its reason", async () => {
  const wrong = { ...ROWS, values: range(20) };
  await withFile(onnxModel({ inputs: [IMAGES], outputs: [wrong] }), async (path) => {
    const error = await refused({ path, threads: 1 });
    assert.equal(error.code, "MODEL_INVALID");
    assert.match(error.message, /ONNX Runtime refused it/);
  });
});

Deno.test("session: outputs of other sizes than declared are MODEL_UNSUPPORTED", async () => {
  // Declares any number of cells, and answers with one score fewer than boxes.
  const bytes = onnxModel({
    inputs: [IMAGES],
    outputs: [
      { name: "boxes", dims: [1, "n", 4], size: [1, 3, 4], values: range(12) },
      { name: "scores", dims: [1, "m", 1], size: [1, 2, 1], values: [0, 1] },
    ],
  });
  await withFile(bytes, async (path) => {
    const error = await refused({ path, threads: 1 });
    assert.equal(error.code, "MODEL_UNSUPPORTED");
    assert.match(
      error.message,
      /it gave "boxes" float32 \[1, 3, 4\] and "scores" float32 \[1, 2, 1\]/,
    );
  });
});

Deno.test("session: a model is identified by its name and its bytes, without its folder", async () => {
  const bytes = onnxModel({ inputs: [IMAGES], outputs: [ROWS] });
  await withFile(bytes, async (path) => {
    await using session = await ModelSession.load({ path, threads: 1 });
    assert.deepEqual(session.identity, {
      name: path.slice(path.lastIndexOf("/") + 1),
      sha256: createHash("sha256").update(bytes).digest("hex").slice(0, 12),
    });
  });
  await using bundled = await ModelSession.load({
    path: BUNDLED.person,
    model: "builtin:person",
    threads: 1,
  });
  assert.equal(bundled.identity.name, "builtin:person");
});
