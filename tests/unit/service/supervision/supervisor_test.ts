import assert from "node:assert/strict";
import {
  RESTART_WINDOW_MS,
  RestartBudget,
} from "../../../../src/service/supervision/restart_budget.ts";
import { AbandonedThreads } from "../../../../src/service/supervision/abandoned_threads.ts";
import { type Replaceable, Supervisor } from "../../../../src/service/supervision/supervisor.ts";
import { type LogRecord, logTo } from "../../../../src/core/log.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

const FAULT = { code: "WORKER_SILENT", message: "hangs", retryable: true, remedy: "Look." };

const RETRY_MS = 300_000;

function supervise(maxRestarts: number) {
  const clock = new HeldClock(0);
  const records: LogRecord[] = [];
  const did: string[] = [];
  const spent: string[] = [];
  /** Ends the thread of a place that was let go first. */
  const ends: (() => void)[] = [];
  const log = logTo((record) => records.push(record));
  const threads = new AbandonedThreads({
    clock,
    log: logTo(() => undefined),
    limit: 100,
    onLimit: () => undefined,
  });
  const supervisor = new Supervisor({
    clock,
    log,
    maxRestarts,
    random: () => 1,
    threads,
    parkedRetryMs: RETRY_MS,
    onSpent: (name) => spent.push(name),
  });
  const abandon = (name: string, hangs: boolean) => {
    did.push(`abandon ${name}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    threads.add(name, promise);
    if (hangs) ends.push(resolve);
    else resolve();
  };
  const target = (name: string, is: { hanging?: boolean; needed?: boolean } = {}): Replaceable => ({
    name,
    abandon: () => abandon(name, is.hanging === true),
    start: () => did.push(`start ${name}`),
    park: is.needed === true ? null : (error) => did.push(`park ${name}: ${error.code}`),
  });
  /** It fails again, as soon as it was started, so often. */
  const fail = async (failing: Replaceable, times: number) => {
    for (let time = 0; time < times; time++) {
      supervisor.replace(failing, FAULT);
      await clock.pass(30_000);
    }
  };
  return { clock, records, did, spent, ends, supervisor, target, fail };
}

Deno.test("supervisor: the first replacement is at once, the next ones wait longer and longer", async () => {
  const { clock, did, supervisor, target } = supervise(5);
  supervisor.replace(target("a"), FAULT);
  await clock.pass(0);
  assert.deepEqual(did, ["abandon a", "start a"]);
  supervisor.replace(target("a"), FAULT);
  await clock.pass(499);
  assert.equal(did.length, 3);
  await clock.pass(1);
  assert.equal(did.length, 4);
  supervisor.replace(target("a"), FAULT);
  await clock.pass(999);
  assert.equal(did.length, 5);
  await clock.pass(1);
  assert.equal(did.length, 6);
});

Deno.test("supervisor: a failure that is told twice is acted upon once", async () => {
  const { clock, did, supervisor, target } = supervise(5);
  supervisor.replace(target("a"), FAULT);
  supervisor.replace(target("a"), FAULT);
  await clock.pass(1000);
  assert.deepEqual(did, ["abandon a", "start a"]);
});

Deno.test("supervisor: when the budget of what is needed is spent it gives up, once, and lets the worker go", async () => {
  const { clock, did, spent, records, supervisor, target, fail } = supervise(2);
  await fail(target("a", { needed: true }), 4);
  assert.deepEqual(spent, ["a"]);
  assert.deepEqual(did, ["abandon a", "start a", "abandon a", "start a", "abandon a"]);
  assert.equal(records.at(-1)?.event, "worker.gave_up");
  supervisor.replace(target("b"), FAULT);
  await clock.pass(RETRY_MS);
  assert.equal(did.length, 5, "the end is near: nothing is replaced any more");
});

Deno.test("supervisor: any other is parked, and tried once every five minutes", async () => {
  const { clock, did, spent, records, supervisor, target, fail } = supervise(2);
  const a = target("a");
  await fail(a, 3);
  assert.deepEqual(did.splice(0).slice(-2), ["abandon a", "park a: WORKER_PARKED"]);
  assert.equal(records.at(-1)?.event, "worker.parked");
  await clock.pass(RETRY_MS - 30_001);
  assert.deepEqual(did, []);
  await clock.pass(1);
  assert.deepEqual(did.splice(0), ["start a"]);
  for (let attempt = 0; attempt < 5; attempt++) {
    await clock.pass(1000);
    supervisor.replace(a, FAULT);
    assert.deepEqual(did.splice(0), ["abandon a", "park a: WORKER_PARKED"]);
    await clock.pass(RETRY_MS);
    assert.deepEqual(did.splice(0), ["start a"], "one attempt, however long ago the restarts are");
  }
  assert.deepEqual(spent, []);
});

Deno.test("supervisor: one that works again is told of once, and has its budget when it has lasted", async () => {
  const { clock, did, records, supervisor, target, fail } = supervise(2);
  const a = target("a");
  await fail(a, 3);
  await clock.pass(RETRY_MS);
  supervisor.works("a");
  supervisor.works("a");
  supervisor.works("b");
  assert.equal(records.filter(({ event }) => event === "worker.resumed").length, 1);
  assert.equal(records.at(-1)?.event, "worker.resumed");
  await clock.pass(RESTART_WINDOW_MS);
  did.splice(0);
  await fail(a, 2);
  assert.deepEqual(did, ["abandon a", "start a", "abandon a", "start a"]);
});

Deno.test("supervisor: a place with two threads that hang is filled again when one of them has ended", async () => {
  const { clock, did, ends, supervisor, target, fail } = supervise(20);
  const a = target("a", { hanging: true });
  await fail(a, 2);
  assert.deepEqual(did.splice(0), [
    "abandon a",
    "start a",
    "abandon a",
    "park a: WORKER_PARKED",
  ]);
  await clock.pass(100 * RETRY_MS);
  assert.deepEqual(did, []);
  supervisor.replace(target("b"), FAULT);
  await clock.pass(0);
  assert.deepEqual(did.splice(0), ["abandon b", "start b"], "the others are replaced as ever");
  ends[1]?.();
  await clock.pass(0);
  assert.deepEqual(did, ["start a"]);
});

Deno.test("supervisor: two threads of what is needed hang: it gives up", async () => {
  const { spent, target, fail } = supervise(20);
  await fail(target("a", { hanging: true, needed: true }), 2);
  assert.deepEqual(spent, ["a"]);
});

Deno.test("supervisor: each worker has a budget of its own", async () => {
  const { clock, did, supervisor, target } = supervise(1);
  supervisor.replace(target("a"), FAULT);
  supervisor.replace(target("b"), FAULT);
  await clock.pass(0);
  assert.deepEqual(did.splice(0), ["abandon a", "abandon b", "start a", "start b"]);
  supervisor.replace(target("b"), FAULT);
  assert.deepEqual(did, ["abandon b", "park b: WORKER_PARKED"]);
});

Deno.test("supervisor: after its end nothing is started any more", async () => {
  const { clock, did, supervisor, target } = supervise(5);
  supervisor.replace(target("a"), FAULT);
  supervisor.end();
  await clock.pass(RETRY_MS);
  supervisor.replace(target("b"), FAULT);
  assert.deepEqual(did, ["abandon a"]);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("restart budget: restarts are forgotten after ten minutes", async () => {
  const clock = new HeldClock(0);
  const budget = new RestartBudget({ clock, maxRestarts: 2, random: () => 1 });
  assert.equal(budget.spend(), 0);
  assert.equal(budget.spend(), 500);
  assert.equal(budget.spend(), null);
  await clock.pass(RESTART_WINDOW_MS);
  assert.equal(budget.spend(), 0);
});
