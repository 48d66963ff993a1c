import assert from "node:assert/strict";
import { answer, harness, PLAN, Port, Results } from "./detector_rig.ts";

Deno.test("detector: a result is sent to the publisher first, and then noted", async () => {
  const { detector, next, posted, results } = harness();
  await detector.start(PLAN);
  const before: string[][] = [];
  results.onSent = () => before.push(posted.map(({ kind }) => kind));
  const port = new Port();
  detector.attach("gate", port);
  port.available();
  port.frame(1);
  await next("inferred");
  assert.deepEqual(before, [["ready"]]);
  await detector.stop();
});

Deno.test("detector: a new result port replaces the previous one", async () => {
  const { detector, next, results } = harness();
  await detector.start(PLAN);
  const port = new Port();
  detector.attach("gate", port);
  const second = new Results();
  for (const seq of [1, 2, 3]) {
    if (seq === 3) detector.sendResultsTo(second);
    port.available();
    port.frame(seq);
    await next("inferred");
  }
  const seqs = ({ sent }: Results) => sent.map(({ meta }) => meta.seq);
  assert.deepEqual([seqs(results), seqs(second)], [[1, 2], [3]]);
  assert.deepEqual([results.closed, second.closed], [1, 0]);
  await detector.stop();
  assert.equal(second.closed, 1);
});

Deno.test("detector: stop finishes the current frame, sends its result, and closes the result port", async () => {
  const gate = Promise.withResolvers<void>();
  const { detector, posted, released, results } = harness(() => gate.promise.then(answer));
  await detector.start(PLAN);
  const port = new Port();
  detector.attach("gate", port);
  port.available();
  port.frame(5);
  const stopping = detector.stop();
  await Promise.resolve();
  assert.equal(released(), 0);
  assert.equal(results.closed, 0, "not before the last result");
  gate.resolve();
  await stopping;
  assert.deepEqual(results.sent.map(({ meta }) => meta.seq), [5]);
  assert.equal(results.closed, 1);
  assert.deepEqual(posted.map((message) => message.kind), ["ready", "inferred"]);
  assert.equal(released(), 1);
});

Deno.test("detector: a failed thread sends no result and no note, and takes no frame", async () => {
  const gate = Promise.withResolvers<void>();
  const { detector, failure, next, posted, results } = harness(() => gate.promise.then(answer));
  await detector.start(PLAN);
  const port = new Port();
  detector.attach("gate", port);
  port.available();
  port.frame(5);
  await next("ready");
  failure.abort();
  assert.deepEqual([port.closed, results.closed], [1, 1]);
  gate.resolve();
  await detector.stop();
  assert.deepEqual([posted, results.sent, port.taken], [[], [], []]);
});

Deno.test("detector: what is below the confidence is for the tracker alone, from the next frame on", async () => {
  const { detector, next, results } = harness();
  const tracking = { minConfidence: 0.1, sharpness: false };
  await detector.start({ ...PLAN, confidence: 0.6, tracking });
  const port = new Port();
  detector.attach("gate", port);
  const noted: number[] = [];
  for (const seq of [1, 2]) {
    if (seq === 2) detector.setConfidence(0.4);
    port.available();
    port.frame(seq);
    const { note } = await next("inferred");
    noted.push(note.detections.length);
    assert.equal("weak" in note, false);
  }
  const found = results.sent.map(({ detections, weak }) => [detections.length, weak.length]);
  assert.deepEqual(found, [[0, 1], [1, 0]]);
  assert.deepEqual(noted, [0, 1]);
  const all = results.sent.flatMap(({ detections, weak }) => [...detections, ...weak]);
  assert.ok(all.every((detection) => !("sharpness" in detection)));
  await detector.stop();
});

Deno.test("detector: without presence there are no weak detections, and no sharpness", async () => {
  const { detector, next, results } = harness();
  await detector.start({ ...PLAN, confidence: 0.6 });
  const port = new Port();
  detector.attach("gate", port);
  port.available();
  port.frame(1);
  await next("inferred");
  detector.setConfidence(0.4);
  port.available();
  port.frame(2);
  await next("inferred");
  assert.deepEqual(results.sent.map(({ detections, weak }) => [detections.length, weak]), [
    [0, []],
    [1, []],
  ]);
  assert.equal("sharpness" in (results.sent[1]?.detections[0] ?? {}), false);
  await detector.stop();
});

Deno.test("detector: where it is asked for, the sharpness of detections is measured in the tensor", async () => {
  const { detector, next, results } = harness((tensor) => {
    // Stripes in the part of the person: left, between the bars.
    new Float32Array(tensor).forEach((_, at, all) => all[at] = at % 4 < 2 ? 0.2 : 0.8);
    return Promise.resolve(answer());
  });
  await detector.start({ ...PLAN, tracking: { minConfidence: 0.1, sharpness: true } });
  const port = new Port();
  detector.attach("gate", port);
  port.available();
  port.frame(1);
  await next("inferred");
  const [person] = results.sent[0]?.detections ?? [];
  assert.ok(person?.sharpness !== undefined && person.sharpness > 0.9);
  await detector.stop();
});
