/** The consumer and cameras that do not answer, or too late. */
import assert from "node:assert/strict";
import { ANSWER_MS } from "../../../src/inference/frame_consumer.ts";
import { harness, metaOf } from "../../support/models/consumer_rig.ts";

Deno.test("consumer: while a camera does not answer, the others are served with a spare tensor", async () => {
  const { consumer, clock, port, infer } = harness(["hung", "b", "c"]);
  for (const camera of ["hung", "b", "c"]) port(camera).available();
  assert.equal(port("hung").sent.length, 1);
  await clock.pass(ANSWER_MS - 1);
  assert.equal(port("b").sent.length, 0, "it may still answer");
  await clock.pass(1);
  assert.deepEqual([port("b").sent.length, port("c").sent.length], [1, 0]);
  assert.equal(port("b").sent[0]?.barsKey, null, "a new tensor has no bars");
  for (const camera of ["b", "c", "b", "c"]) {
    port(camera).frame(metaOf(camera));
    port(camera).available();
    await infer().end();
  }
  port("hung").available();
  assert.equal(port("hung").sent.length, 1, "it is not asked again before it has answered");
  assert.equal(consumer.spares, 1);
});

Deno.test("consumer: a late frame is inferred next, and the spare tensor is dropped", async () => {
  const { consumer, clock, port, infer, inferring } = harness(["slow", "b"]);
  port("slow").available();
  port("b").available();
  await clock.pass(ANSWER_MS);
  port("b").frame(metaOf("b"));
  port("b").available();
  port("slow").frame(metaOf("slow", 9));
  assert.deepEqual(inferring.map(({ meta }) => meta.camera), ["b"]);
  await infer().end();
  assert.deepEqual(inferring.map(({ meta }) => [meta.camera, meta.seq]), [["slow", 9]]);
  assert.equal(port("b").sent.length, 0, "received frames come before new takes");
  await infer().end();
  assert.equal(port("b").sent.length, 1);
  port("b").none();
  for (let round = 0; round < 5; round++) {
    port("slow").available();
    port("b").available();
    await clock.pass(ANSWER_MS);
    port("slow").none();
    port("b").none();
  }
  assert.equal(consumer.spares, 1, "the two tensors are used again and again");
});

Deno.test("consumer: a late frame is inferred while another camera is asked, whose frame follows", async () => {
  const { clock, port, infer, inferring, failures } = harness(["slow", "b"]);
  port("slow").available();
  port("b").available();
  await clock.pass(ANSWER_MS);
  port("slow").frame(metaOf("slow"));
  port("b").frame(metaOf("b"));
  assert.deepEqual(inferring.map(({ meta }) => meta.camera), ["slow"]);
  await infer().end();
  assert.deepEqual(inferring.map(({ meta }) => meta.camera), ["b"]);
  assert.deepEqual(failures, []);
});

Deno.test("consumer: while no other camera has a frame there is no timeout and no timer", async () => {
  const { consumer, clock, port } = harness(["slow", "b"]);
  port("slow").available();
  assert.deepEqual(clock.waitsMs, []);
  await clock.pass(10 * ANSWER_MS);
  port("b").available();
  await clock.pass(0);
  assert.equal(port("b").sent.length, 1, "its time was over already");
  consumer.abandon();
  assert.deepEqual(clock.waitsMs, []);
  assert.equal(consumer.lost, 2);
});

Deno.test("consumer: stop waits for every pending answer", async () => {
  const { consumer, clock, port, infer } = harness(["slow", "b"]);
  port("slow").available();
  port("b").available();
  await clock.pass(ANSWER_MS);
  let stopped = false;
  const stopping = consumer.stop().then(() => stopped = true);
  port("b").none();
  await Promise.resolve();
  assert.equal(stopped, false);
  port("slow").frame(metaOf("slow", 4));
  assert.equal(infer().meta.seq, 4);
  await infer().end();
  await stopping;
  assert.deepEqual([port("slow").closed, port("b").closed], [1, 1]);
});
