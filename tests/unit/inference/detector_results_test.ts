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
