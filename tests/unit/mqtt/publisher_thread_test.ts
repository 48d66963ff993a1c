import assert from "node:assert/strict";
import { logTo } from "../../../src/core/log.ts";
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { Stay } from "../../../src/core/presence_types.ts";
import { OPEN_STAYS_MS, PublisherThread } from "../../../src/mqtt/publisher_thread.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { presencePlan, stayOf } from "../../support/presence/stays.ts";
import { publisherPlan } from "../../support/workers/publisher_worker.ts";

Deno.test("publisher thread: main gets the open stays while there is one, until it stops", async () => {
  const clock = new HeldClock();
  const posted: FromPublisher[] = [];
  let open: readonly Stay[] = [];
  const thread = new PublisherThread({
    clock,
    log: logTo(() => {}),
    ...{ session: 1, random: () => 0.5 },
    post: (message) => posted.push(message),
    openSession: () => {
      throw new Error("no broker here");
    },
    readText: () => Promise.resolve(""),
    presenceOf: () => ({
      get open() {
        return open;
      },
      observe: () => null,
      ...{ resume() {}, start() {}, camera() {}, change() {}, kept() {}, stop() {} },
      silence() {},
      replan() {},
    }),
  });
  const reported = () => posted.flatMap((each) => each.kind === "open-stays" ? [each.stays] : []);
  const plan = { ...publisherPlan("mqtt://127.0.0.1:1"), presence: presencePlan() };
  await thread.handle({ kind: "start", plan });
  const { port1, port2 } = new MessageChannel();
  await thread.handle({ kind: "results", worker: "person-0", port: port1 });
  await clock.pass(OPEN_STAYS_MS);
  assert.deepEqual(reported(), [], "there is none");
  open = [stayOf("A")];
  await clock.pass(OPEN_STAYS_MS);
  open = [stayOf("A"), stayOf("B")];
  await clock.pass(OPEN_STAYS_MS);
  assert.deepEqual(reported().map((stays) => stays.map(({ id }) => id)), [["A"], ["A", "B"]]);
  await thread.handle({ kind: "results-abandoned", worker: "person-0" });
  const stopped = thread.handle({ kind: "stop" });
  await clock.pass(10 * OPEN_STAYS_MS);
  await stopped;
  assert.equal(reported().length, 2);
  port1.close();
  port2.close();
});
