import assert from "node:assert/strict";
import { plusMs, type SteadyMs } from "../../../src/core/clock.ts";
import { logTo } from "../../../src/core/log.ts";
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { Stay } from "../../../src/core/presence_types.ts";
import { OPEN_STAYS_MS, PublisherThread } from "../../../src/mqtt/publisher_thread.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { presencePlan, stayOf } from "../../support/presence/stays.ts";
import { publisherPlan } from "../../support/workers/publisher_worker.ts";

/** A thread that is started, with a source of presence that only notes what it gets. */
async function rig() {
  const clock = new HeldClock();
  const posted: FromPublisher[] = [];
  const silences: (readonly [camera: string, sinceMs: SteadyMs | null])[] = [];
  const source: { open: readonly Stay[] } = { open: [] };
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
        return source.open;
      },
      observe: () => null,
      ...{ resume() {}, start() {}, camera() {}, change() {}, kept() {}, stop() {} },
      silence: (...silence) => silences.push(silence),
      replan() {},
    }),
  });
  const plan = { ...publisherPlan("mqtt://127.0.0.1:1"), presence: presencePlan() };
  await thread.handle({ kind: "start", plan });
  return { clock, posted, silences, source, thread };
}

Deno.test("publisher thread: main gets the open stays while there is one, until it stops", async () => {
  const { clock, posted, source, thread } = await rig();
  const reported = () => posted.flatMap((each) => each.kind === "open-stays" ? [each.stays] : []);
  const { port1, port2 } = new MessageChannel();
  await thread.handle({ kind: "results", worker: "person-0", port: port1 });
  await clock.pass(OPEN_STAYS_MS);
  assert.deepEqual(reported(), [], "there is none");
  source.open = [stayOf("A")];
  await clock.pass(OPEN_STAYS_MS);
  source.open = [stayOf("A"), stayOf("B")];
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

Deno.test("publisher thread: a silence counts from the last frame, however long its message took", async () => {
  const { clock, silences, thread } = await rig();
  await clock.pass(5000);
  const age = { ms: 1000, sentAt: plusMs(clock.wallMs(), -300) };
  await thread.handle({ kind: "silence", camera: "gate", age });
  await thread.handle({ kind: "silence", camera: "gate", age: null });
  assert.deepEqual(silences, [["gate", plusMs(clock.nowMs(), -1300)], ["gate", null]]);
});
