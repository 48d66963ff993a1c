import assert from "node:assert/strict";
import type { InferenceResult } from "../../../src/core/detector_types.ts";
import { resultPort } from "../../../src/inference/result_port.ts";
import { END_TIMEOUT_MS, ResultReceiver } from "../../../src/mqtt/result_receiver.ts";
import { HeldClock, settle } from "../../support/clocks/held_clock.ts";
import { justNow } from "../../support/clocks/just_now.ts";
import { inferenceResult } from "../../support/workers/publisher_worker.ts";

/** A receiver with ports of this thread, and the results that it received. */
function rig() {
  const clock = new HeldClock();
  const results: InferenceResult[] = [];
  let wake = () => {};
  const receiver = new ResultReceiver({
    clock,
    onResult: (result) => {
      results.push(result);
      wake();
    },
  });
  const open = (worker: string) => {
    const { port1, port2 } = new MessageChannel();
    receiver.add(worker, port1);
    const { send, close } = resultPort(port2);
    return { send: (result: InferenceResult) => send(result, justNow()), close };
  };
  const received = async (count: number) => {
    while (results.length < count) await new Promise<void>((resolve) => wake = resolve);
  };
  const seqs = (detector: string) =>
    results.filter((result) => result.detector === detector).map(({ meta }) => meta.seq);
  return { clock, open, receiver, received, seqs };
}

Deno.test("result receiver: results of each worker are received in order", async () => {
  const { open, receiver, received, seqs } = rig();
  const [one, other] = [open("one-0"), open("other-0")];
  for (const seq of [1, 2, 3]) {
    one.send(inferenceResult(seq, { detector: "one" }));
    other.send(inferenceResult(seq + 10, { detector: "other" }));
  }
  await received(6);
  assert.deepEqual([seqs("one"), seqs("other")], [[1, 2, 3], [11, 12, 13]]);
  one.close();
  other.close();
  await receiver.drained();
});

Deno.test("result receiver: drains the results that were sent before a port was closed", async () => {
  const { clock, open, receiver, seqs } = rig();
  const port = open("person-0");
  for (const seq of [1, 2, 3]) port.send(inferenceResult(seq));
  port.close();
  assert.equal(receiver.openPorts, 1);
  await receiver.drained();
  assert.deepEqual(seqs("person"), [1, 2, 3]);
  assert.deepEqual([receiver.openPorts, clock.waitsMs], [0, []], "the port is forgotten");
});

Deno.test("result receiver: waits for the last of several workers", async () => {
  const { open, receiver, seqs } = rig();
  const [one, other] = [open("one-0"), open("other-0")];
  one.close();
  let isDrained = false;
  const drained = receiver.drained().then(() => isDrained = true);
  other.send(inferenceResult(1));
  other.send(inferenceResult(2));
  assert.equal(isDrained, false);
  other.close();
  await drained;
  assert.deepEqual(seqs("person"), [1, 2]);
});

Deno.test("result receiver: waits for a worker that sends no end until the deadline only", async () => {
  const { clock, open, receiver } = rig();
  const port = open("person-0");
  const drained = receiver.drained();
  assert.deepEqual(clock.waitsMs, [END_TIMEOUT_MS]);
  await clock.pass(END_TIMEOUT_MS);
  await drained;
  port.close();
  await receiver.drained();
});

Deno.test("result receiver: does not wait for an abandoned worker", async () => {
  const { clock, open, receiver, seqs } = rig();
  const [lost, sound] = [open("lost-0"), open("sound-0")];
  lost.send(inferenceResult(1));
  sound.close();
  const drained = receiver.drained();
  receiver.abandon("lost-0");
  await drained;
  await settle();
  assert.deepEqual(
    [seqs("person"), clock.waitsMs],
    [[1], []],
    "its results are still received",
  );
  lost.close();
  await settle();
});

Deno.test("result receiver: receives what a thread sent before it was replaced", async () => {
  const { open, receiver, seqs } = rig();
  const before = open("person-0");
  before.send(inferenceResult(1));
  const after = open("person-0");
  before.send(inferenceResult(2));
  before.close();
  while (receiver.openPorts > 1) await settle();
  after.send(inferenceResult(3));
  after.close();
  await receiver.drained();
  assert.deepEqual(seqs("person"), [1, 2, 3]);
  assert.equal(receiver.openPorts, 0);
});

Deno.test("result receiver: without ports it is drained at once", async () => {
  const { clock, receiver } = rig();
  await receiver.drained();
  assert.deepEqual(clock.waitsMs, []);
});
