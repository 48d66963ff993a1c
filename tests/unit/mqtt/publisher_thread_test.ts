import assert from "node:assert/strict";
import { ageOf } from "../../../src/core/age.ts";
import { logTo } from "../../../src/core/log.ts";
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { Stay } from "../../../src/core/presence_types.ts";
import { resultPort } from "../../../src/inference/result_port.ts";
import { PublisherThread } from "../../../src/mqtt/publisher_thread.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { presencePlan, stayOf } from "../../support/presence/stays.ts";
import { inferenceResult, publisherPlan } from "../../support/workers/publisher_worker.ts";

/** A publisher's thread without a broker, whose stays the test sets. */
function rig() {
  const clock = new HeldClock();
  const posted: FromPublisher[] = [];
  const nothing = () => {};
  let open: readonly Stay[] = [];
  const thread = new PublisherThread({
    ...{ clock, log: logTo(nothing), session: 1, random: () => 0.5 },
    post: (message) => posted.push(message),
    openSession: () => ({
      ...{ connected: false, publish: nothing, subscribe: nothing, unsubscribe: nothing },
      close: () => Promise.resolve(),
    }),
    readText: () => Promise.reject(new Error("no files here")),
    presenceOf: () => ({
      get open() {
        return open;
      },
      ...{ resume: nothing, start: nothing, camera: nothing, change: nothing, kept: nothing },
      ...{ observe: () => [], stop: nothing },
    }),
  });
  const { port1, port2 } = new MessageChannel();
  const results = resultPort(port2);
  let seq = 0;
  return {
    thread,
    async start() {
      const plan = { ...publisherPlan("mqtt://127.0.0.1:1"), presence: presencePlan() };
      await thread.handle({ kind: "start", plan });
      await thread.handle({ kind: "results", worker: "person-0", port: port1 });
    },
    /** A result arrives after some time, while these stays are open. @returns the reports so far */
    async see(afterMs: number, ...stays: readonly Stay[]) {
      await clock.pass(afterMs);
      open = stays;
      const inferences = () => posted.filter(({ kind }) => kind === "produced").length;
      const before = inferences();
      results.send(inferenceResult(++seq), ageOf(clock.nowMs(), clock));
      while (inferences() === before) await new Promise((resolve) => setTimeout(resolve, 0));
      return posted.flatMap((message) => message.kind === "stays" ? [message.stays] : []);
    },
    close: () => results.close(),
  };
}

Deno.test("publisher thread: reports the open stays to main once a second, as they are", async () => {
  const { start, see, close } = rig();
  await start();
  const [first, second] = [
    stayOf("A"),
    stayOf("A", { box: { x: 9, y: 8, width: 40, height: 90 } }),
  ];
  assert.deepEqual(await see(5000), [], "there are none");
  assert.deepEqual(await see(200, first), [[first]]);
  assert.deepEqual(await see(900, second), [[first]]);
  assert.deepEqual(await see(100, second), [[first], [second]]);
  assert.deepEqual(await see(3000), [[first], [second]]);
  close();
});
