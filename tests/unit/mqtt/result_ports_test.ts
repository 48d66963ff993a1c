import assert from "node:assert/strict";
import type { InferenceResult } from "../../../src/core/detector_types.ts";
import { resultPort } from "../../../src/inference/result_port.ts";
import { END_TIMEOUT_MS, ResultPorts } from "../../../src/mqtt/result_ports.ts";
import { HeldClock, settle } from "../../support/clocks/held_clock.ts";
import { justNow } from "../../support/clocks/just_now.ts";
import { inferenceResult } from "../../support/workers/publisher_worker.ts";

/** Ports of this thread, and what came through them. */
function rig() {
  const clock = new HeldClock();
  const taken: InferenceResult[] = [];
  let wake = () => {};
  const ports = new ResultPorts({
    clock,
    take: (result) => {
      taken.push(result);
      wake();
    },
  });
  const open = (worker: string) => {
    const { port1, port2 } = new MessageChannel();
    ports.add(worker, port1);
    const { send, close } = resultPort(port2);
    return { send: (result: InferenceResult) => send(result, justNow()), close };
  };
  const takes = async (count: number) => {
    while (taken.length < count) await new Promise<void>((resolve) => wake = resolve);
  };
  const seqs = (detector: string) =>
    taken.filter((result) => result.detector === detector).map(({ meta }) => meta.seq);
  return { clock, open, ports, seqs, takes };
}

Deno.test("result ports: results of each worker are taken in their order", async () => {
  const { open, ports, seqs, takes } = rig();
  const [one, other] = [open("one-0"), open("other-0")];
  for (const seq of [1, 2, 3]) {
    one.send(inferenceResult(seq, { detector: "one" }));
    other.send(inferenceResult(seq + 10, { detector: "other" }));
  }
  await takes(6);
  assert.deepEqual([seqs("one"), seqs("other")], [[1, 2, 3], [11, 12, 13]]);
  one.close();
  other.close();
  await ports.ended();
});

Deno.test("result ports: the end waits for what was sent before a port was closed", async () => {
  const { clock, open, ports, seqs } = rig();
  const port = open("person-0");
  for (const seq of [1, 2, 3]) port.send(inferenceResult(seq));
  port.close();
  assert.equal(ports.open, 1);
  await ports.ended();
  assert.deepEqual(seqs("person"), [1, 2, 3]);
  assert.deepEqual([ports.open, clock.waitsMs], [0, []], "nothing is kept of it");
});

Deno.test("result ports: the end waits for the last of several workers", async () => {
  const { open, ports, seqs } = rig();
  const [one, other] = [open("one-0"), open("other-0")];
  one.close();
  let isOver = false;
  const ended = ports.ended().then(() => isOver = true);
  other.send(inferenceResult(1));
  other.send(inferenceResult(2));
  assert.equal(isOver, false);
  other.close();
  await ended;
  assert.deepEqual(seqs("person"), [1, 2]);
});

Deno.test("result ports: a worker that never says its end holds nothing up", async () => {
  const { clock, open, ports } = rig();
  const port = open("person-0");
  const ended = ports.ended();
  assert.deepEqual(clock.waitsMs, [END_TIMEOUT_MS]);
  await clock.pass(END_TIMEOUT_MS);
  await ended;
  port.close();
  await ports.ended();
});

Deno.test("result ports: the end of a worker that was given up is not waited for", async () => {
  const { clock, open, ports, seqs } = rig();
  const [lost, sound] = [open("lost-0"), open("sound-0")];
  lost.send(inferenceResult(1));
  sound.close();
  const ended = ports.ended();
  ports.giveUp("lost-0");
  await ended;
  await settle();
  assert.deepEqual(
    [seqs("person"), clock.waitsMs],
    [[1], []],
    "what it sent is taken all the same",
  );
  lost.close();
  await settle();
});

Deno.test("result ports: what a thread sent before it was replaced is taken all the same", async () => {
  const { open, ports, seqs } = rig();
  const before = open("person-0");
  before.send(inferenceResult(1));
  const after = open("person-0");
  before.send(inferenceResult(2));
  before.close();
  while (ports.open > 1) await settle();
  after.send(inferenceResult(3));
  after.close();
  await ports.ended();
  assert.deepEqual(seqs("person"), [1, 2, 3]);
  assert.equal(ports.open, 0);
});

Deno.test("result ports: without any the end is at once", async () => {
  const { clock, ports } = rig();
  await ports.ended();
  assert.deepEqual(clock.waitsMs, []);
});
