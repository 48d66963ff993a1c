import assert from "node:assert/strict";
import { LifecycleError } from "../../../src/core/errors.ts";
import type { FrameMeta } from "../../../src/core/frame_meta.ts";
import type { ToConsumer, ToMailbox } from "../../../src/core/messages.ts";
import { barsKey, bufferBytes } from "../../../src/core/model_input.ts";
import { FrameConsumer } from "../../../src/inference/frame_consumer.ts";
import { consumerPort } from "../../../src/inference/consumer_port.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import {
  FakePort,
  FIT,
  frameOf,
  harness,
  INPUT,
  metaOf,
  move,
} from "../../support/models/consumer_rig.ts";

Deno.test("consumer: takes when a camera has a frame, infers it, and takes again", async () => {
  const { port, infer, failures } = harness(["a"]);
  const a = port("a");
  assert.equal(a.sent.length, 0);
  a.available();
  const [take] = a.sent;
  assert.equal(take?.buffer.byteLength, bufferBytes(INPUT));
  assert.deepEqual([take.kind, take.input, take.barsKey], ["take", INPUT, null]);
  a.frame(metaOf("a", 7));
  assert.equal(infer().meta.seq, 7);
  assert.equal(infer().tensor.detached, false);
  a.available();
  assert.equal(a.sent.length, 0, "a frame is still being inferred");
  await infer().end();
  assert.equal(a.sent[0]?.barsKey, barsKey(FIT, INPUT.bars), "the buffer still holds the bars");
  assert.deepEqual(failures, []);
});

Deno.test("consumer: of the cameras that have a frame, the least recently asked one is served", async () => {
  const { port, infer } = harness(["a", "b", "c"]);
  port("a").available();
  port("c").available();
  port("b").available();
  port("c").available();
  port("a").frame(metaOf("a"));
  port("a").available();
  const order = ["b", "c", "a"];
  for (const camera of order) {
    await infer().end();
    assert.deepEqual(
      order.filter((one) => port(one).sent.length > 0),
      [camera],
    );
    port(camera).frame(metaOf(camera));
  }
});

Deno.test("consumer: a camera whose frames arrive just after it was served gets no more than the others", async () => {
  const { port, infer } = harness(["early", "late"]);
  const served: string[] = [];
  port("early").available();
  for (let round = 0; round < 20; round++) {
    const camera = ["early", "late"].find((one) => port(one).sent.length > 0) ?? assert.fail();
    served.push(camera);
    port(camera).frame(metaOf(camera));
    port("early").available();
    port("late").available();
    await infer().end();
  }
  assert.equal(served.join(), Array(10).fill("early,late").join());
});

Deno.test("consumer: four cameras that always have a frame get a quarter each", async () => {
  const cameras = ["a", "b", "c", "d"];
  const { port, infer } = harness(cameras);
  const served = new Map(cameras.map((camera) => [camera, 0]));
  for (const camera of cameras) port(camera).available();
  for (let round = 0; round < 100; round++) {
    const camera = cameras.find((one) => port(one).sent.length > 0) ?? assert.fail("idle");
    port(camera).frame(metaOf(camera));
    port(camera).available();
    served.set(camera, (served.get(camera) ?? 0) + 1);
    await infer().end();
  }
  assert.deepEqual([...served.values()], [25, 25, 25, 25]);
});

Deno.test("consumer: after `none` it asks the next camera, and that one again only after an announcement", () => {
  const { port } = harness(["a", "b"]);
  port("a").available();
  port("b").available();
  const [first] = port("a").sent;
  port("a").none();
  assert.equal(port("a").sent.length, 0);
  assert.equal(port("b").sent[0]?.barsKey, first?.barsKey);
  port("b").none();
  assert.equal(port("a").sent.length + port("b").sent.length, 0);
  port("a").available();
  assert.equal(port("a").sent.length, 1);
});

Deno.test("consumer: an `available` before the answer is outdated, one after it counts", async () => {
  const { port, infer } = harness(["a"]);
  port("a").available();
  port("a").available();
  port("a").frame(metaOf("a"));
  await infer().end();
  assert.equal(port("a").sent.length, 0);
  port("a").available();
  port("a").frame(metaOf("a"));
  port("a").available();
  await infer().end();
  assert.equal(port("a").sent.length, 1);
});

Deno.test("consumer: a camera detached while it holds the buffer costs one buffer, and no turn", async () => {
  const { consumer, port, infer, failures } = harness(["a", "b"]);
  port("a").available();
  port("b").available();
  const late = port("a").nextTake();
  consumer.detach("a");
  assert.equal(port("a").closed, 1);
  assert.equal(consumer.lost, 1);
  assert.equal(port("b").sent[0]?.barsKey, null, "the new buffer has no bars");
  port("a").deliver(frameOf("a", 0, late.buffer));
  port("a").available();
  port("b").frame(metaOf("b"));
  await infer().end();
  assert.equal(port("a").sent.length, 0, "a message from a closed link is ignored");
  assert.deepEqual(failures, []);
});

Deno.test("consumer: a camera attached again is served through its new port alone", () => {
  const { consumer, port } = harness(["a"]);
  const renewed = new FakePort();
  consumer.attach("a", renewed);
  assert.equal(port("a").closed, 1);
  port("a").available();
  renewed.available();
  assert.deepEqual([port("a").sent.length, renewed.sent.length], [0, 1]);
});

Deno.test("consumer: a frame of a camera detached during its inference is finished", async () => {
  const { consumer, port, infer, inferring } = harness(["a", "b"]);
  port("a").available();
  port("a").frame(metaOf("a"));
  consumer.detach("a");
  port("b").available();
  assert.equal(port("b").sent.length, 0);
  await infer().end();
  assert.equal(inferring.length, 0);
  assert.equal(port("b").sent.length, 1);
  assert.equal(consumer.lost, 0);
});

Deno.test("consumer: stop waits for the current frame, takes no other, and closes the ports", async () => {
  const { consumer, port, infer } = harness(["a", "b"]);
  port("a").available();
  port("b").available();
  port("a").frame(metaOf("a"));
  let stopped = false;
  const stopping = consumer.stop().then(() => stopped = true);
  await Promise.resolve();
  assert.equal(stopped, false);
  await infer().end();
  await stopping;
  assert.deepEqual([port("a").closed, port("b").closed, port("b").sent.length], [1, 1, 0]);
  const late = new FakePort();
  consumer.attach("c", late);
  assert.equal(late.closed, 1);
  await consumer.stop();
});

Deno.test("consumer: stop infers the frame that an asked camera still answers with", async () => {
  const { consumer, port, infer } = harness(["a"]);
  port("a").available();
  const stopping = consumer.stop();
  port("a").frame(metaOf("a", 3));
  assert.equal(infer().meta.seq, 3);
  await infer().end();
  await stopping;
});

Deno.test("consumer: abandon ends the wait for an answer that never arrives", async () => {
  const { consumer, port } = harness(["a"]);
  port("a").available();
  const stopping = consumer.stop();
  consumer.abandon();
  await stopping;
  assert.equal(consumer.lost, 1);
});

Deno.test("consumer: a buffer that comes back detached or of another size fails it, once", async () => {
  const broken: ((buffer: ArrayBuffer) => ArrayBuffer)[] = [
    (buffer) => (move(buffer), buffer),
    () => new ArrayBuffer(8),
  ];
  for (const spoil of broken) {
    const { consumer, port, failures } = harness(["a", "b"]);
    port("a").available();
    const { buffer } = port("a").nextTake();
    port("a").deliver(frameOf("a", 0, spoil(buffer)));
    assert.ok(failures[0] instanceof LifecycleError);
    port("b").available();
    assert.equal(port("b").sent.length, 0);
    await consumer.stop();
    assert.equal(failures.length, 1);
  }
});

Deno.test("consumer: an answer without a request fails it, but not the current frame", async () => {
  const { consumer, port, infer, failures } = harness(["a", "b"]);
  port("a").available();
  port("a").frame(metaOf("a"));
  port("b").deliver({ kind: "none", buffer: new ArrayBuffer(bufferBytes(INPUT)) });
  assert.equal(failures.length, 1);
  assert.equal(infer().tensor.detached, false);
  const stopping = consumer.stop();
  await infer().end();
  await stopping;
});

Deno.test("consumer: an inference that rejects fails it", async () => {
  const { consumer, port, infer, failures } = harness(["a"]);
  port("a").available();
  port("a").frame(metaOf("a"));
  await infer().crash(new Error("no more"));
  assert.deepEqual(failures, [new Error("no more")]);
  await consumer.stop();
});

Deno.test("consumer: over real message ports the buffer goes and comes back without a copy", async () => {
  const { port1, port2 } = new MessageChannel();
  const done = Promise.withResolvers<FrameMeta>();
  const consumer = new FrameConsumer({
    input: INPUT,
    clock: new HeldClock(0),
    fail: done.reject,
    infer(meta, tensor) {
      assert.equal(new Float32Array(tensor)[5], 0.25);
      done.resolve(meta);
      return Promise.resolve();
    },
  });
  consumer.attach("a", consumerPort(port1));
  port2.onmessage = (event: MessageEvent<ToMailbox>) => {
    const { buffer } = event.data;
    new Float32Array(buffer).fill(0.25);
    port2.postMessage(frameOf("a", 9, buffer), [buffer]);
    assert.ok(buffer.detached);
  };
  const available: ToConsumer = { kind: "available", seq: 9 };
  port2.postMessage(available);
  assert.equal((await done.promise).seq, 9);
  await consumer.stop();
  port2.close();
});
