import assert from "node:assert/strict";
import { pairOf } from "../../support/models/outputs.ts";
import { ModelError } from "../../../src/core/errors.ts";
import { bufferBytes } from "../../../src/core/model_input.ts";
import { MAX_FAILED_FRAMES, STOP_ANSWER_MS } from "../../../src/inference/detector.ts";
import { answer, FILE, harness, INPUT, PLAN, Port } from "./detector_rig.ts";

Deno.test("detector: posts ready, then sends detections in source pixels, with its timings", async () => {
  const { detector, next, released, results } = harness();
  await detector.start(PLAN);
  const ready = await next("ready");
  assert.deepEqual(ready.classes, ["person", "dog"]);
  assert.deepEqual([ready.input, ready.provider, ready.loadMs], [INPUT, "cpu", 1]);
  assert.deepEqual([ready.file, ready.identity.name], [FILE, "builtin:person"]);
  const port = new Port();
  detector.attach("gate", port);
  port.available();
  assert.equal(port.taken[0]?.buffer.byteLength, bufferBytes(INPUT));
  port.frame(41);
  const { note } = await next("inferred");
  const [result] = results.sent;
  assert.ok(result !== undefined);
  assert.deepEqual([result.detector, result.worker, result.meta.seq], ["person", "person-1", 41]);
  assert.deepEqual(result.detections, [
    { class: "person", confidence: 0.5, box: { x: 0, y: 0, width: 64, height: 64 } },
  ]);
  assert.deepEqual([result.inferenceMs, result.postprocessMs], [1, 1]);
  const { camera, fit, queueMs, convertMs, dropsSinceLast } = result.meta;
  const { detector: id, detections } = result;
  assert.deepEqual(note, {
    ...{ detector: id, camera, seq: 41, detections, dropsSinceLast, input: fit.input },
    ...{ invalid: 0, queueMs, convertMs, inferenceMs: 1, postprocessMs: 1 },
  });
  await detector.stop();
  await detector.stop();
  assert.deepEqual([released(), port.closed], [1, 1]);
});

Deno.test("detector: the plan's providers, files and input reach the model, and a skipped one is logged", async () => {
  const { detector, loads, logged } = harness();
  await detector.start({ ...PLAN, providers: ["cuda", "cpu"] });
  const [options] = loads;
  assert.deepEqual(options?.providers, ["cuda", "cpu"]);
  const { path, maxPixels, int8, input } = options;
  assert.deepEqual({ modelPath: path, maxPixels, int8, input }, {
    ...{ modelPath: PLAN.modelPath, maxPixels: PLAN.maxPixels, int8: PLAN.int8, input: "auto" },
  });
  options?.onProviderSkipped?.("cuda", "no such library");
  assert.deepEqual(logged.map(({ level, event, fields }) => [level, event, fields]), [[
    "warning",
    "detector.provider_skipped",
    { worker: "person-1", provider: "cuda", reason: "no such library" },
  ]]);
  await detector.stop();
});

Deno.test("detector: a new confidence applies from the next frame on", async () => {
  const { detector, next } = harness();
  await detector.start(PLAN);
  const port = new Port();
  detector.attach("gate", port);
  for (const [confidence, seen] of [[0.6, 0], [0.5, 1], [0.9, 0]] as const) {
    detector.setConfidence(confidence);
    port.available();
    port.frame(0);
    assert.equal((await next("inferred")).note.detections.length, seen);
  }
  await detector.stop();
});

Deno.test("detector: cameras attached while the model loads are served when it is ready", async () => {
  const { detector, next } = harness();
  const [port, replaced, gone] = [new Port(), new Port(), new Port()];
  const starting = detector.start(PLAN);
  detector.attach("gate", replaced);
  detector.attach("gate", port);
  detector.attach("yard", gone);
  detector.detach("yard");
  await starting;
  port.available();
  port.frame(1);
  await next("inferred");
  assert.deepEqual([replaced.closed, gone.closed, port.closed], [1, 1, 0]);
  await detector.stop();
});

Deno.test("detector: a failed frame is reported, and the next one is inferred", async () => {
  let runs = 0;
  const { detector, next } = harness(() =>
    ++runs === 1 ? Promise.reject(new Error("bad picture")) : Promise.resolve(answer())
  );
  await detector.start(PLAN);
  const port = new Port();
  detector.attach("gate", port);
  port.available();
  port.frame(1);
  port.available();
  const failed = await next("frame-failed");
  assert.equal(failed.camera, "gate");
  assert.match(failed.error.message, /bad picture/);
  await Promise.resolve();
  port.frame(2);
  assert.equal((await next("inferred")).note.seq, 2);
  await detector.stop();
});

Deno.test("detector: after too many consecutive failed frames the worker fails", async () => {
  const { detector, next, posted } = harness(() => Promise.reject(new Error("bad model")));
  await detector.start(PLAN);
  const port = new Port();
  detector.attach("gate", port);
  for (let count = 0; count < MAX_FAILED_FRAMES; count++) {
    assert.equal(posted.some((message) => message.kind === "failed"), false);
    port.available();
    port.frame(count);
    await next("frame-failed");
    await Promise.resolve();
  }
  const { error } = await next("failed");
  assert.deepEqual([error.code, error.retryable], ["MODEL_RUN", true]);
  assert.match(error.message, /bad model/);
  await detector.stop();
});

Deno.test("detector: an unknown class fails the start, and the model is released", async () => {
  const { detector, released } = harness();
  await assert.rejects(
    detector.start({ ...PLAN, classes: ["persn"] }),
    (error) => error instanceof ModelError && error.code === "MODEL_CLASS",
  );
  assert.equal(released(), 1);
  await detector.stop();
});

Deno.test("detector: stopped while loading, it releases the model and never posts ready", async () => {
  const { detector, posted, released } = harness();
  const port = new Port();
  const starting = detector.start(PLAN);
  detector.attach("gate", port);
  await Promise.all([starting, detector.stop()]);
  assert.deepEqual([posted.length, released(), port.closed], [0, 1, 1]);
});

Deno.test("detector: stop waits for an answer for a limited time", async () => {
  const { detector, timers, released } = harness();
  await detector.start(PLAN);
  const port = new Port();
  detector.attach("gate", port);
  port.available();
  const stopping = detector.stop();
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  assert.equal(released(), 0);
  timers.get(STOP_ANSWER_MS)?.();
  await stopping;
  assert.equal(released(), 1);
});

Deno.test("detector: what no detector gives is dropped, counted in the note, and logged once", async () => {
  const boxes = [0, 16, 32, 48, Number.NaN, 16, 64, 48, 32, 16, 64, 48];
  const raw = pairOf(boxes, [316, 0, 0.9, 0, 0.8, 0], 2);
  const { detector, logged, results, next } = harness(() => Promise.resolve(raw));
  await detector.start(PLAN);
  const port = new Port();
  detector.attach("gate", port);
  for (let frame = 0; frame < 2; frame++) {
    port.available();
    port.frame(0);
    assert.equal((await next("inferred")).note.invalid, 2);
    assert.deepEqual(
      results.sent[frame]?.detections.map(({ confidence }) => confidence),
      [Math.fround(0.8)],
    );
  }
  assert.deepEqual(logged.map(({ event, fields }) => [event, fields]), [
    ["detections.invalid", { camera: "gate", seq: 0, count: 2, part: "confidence" }],
  ]);
  await detector.stop();
});

Deno.test("detector: truncated detections are logged once per confidence", async () => {
  const cells = Array.from({ length: 400 }, () => ({ box: [0, 16, 64, 48], scores: [0.5, 0.5] }));
  const crowd = pairOf(
    cells.flatMap(({ box }) => box),
    cells.flatMap(({ scores }) => scores),
    2,
  );
  const { detector, logged, next } = harness(() => Promise.resolve(crowd));
  await detector.start(PLAN);
  const port = new Port();
  detector.attach("gate", port);
  for (const confidence of [0.4, 0.4, 0.3, 0.3]) {
    detector.setConfidence(confidence);
    port.available();
    port.frame(0);
    await next("inferred");
  }
  assert.deepEqual(logged.map((record) => record.fields["confidence"]), [0.4, 0.3]);
  await detector.stop();
});
