import assert from "node:assert/strict";
import {
  RESTART_WINDOW_MS,
  RestartBudget,
} from "../../../../src/service/supervision/restart_budget.ts";
import { AbandonedThreads } from "../../../../src/service/supervision/abandoned_threads.ts";
import type { Child } from "../../../../src/service/supervision/child.ts";
import { Supervisor } from "../../../../src/service/supervision/supervisor.ts";
import { type LogRecord, logTo } from "../../../../src/core/log.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

const FAULT = { code: "WORKER_SILENT", message: "hangs", retryable: true, remedy: "Look." };

const RETRY_MS = 300_000;

function supervise(maxRestarts: number) {
  const clock = new HeldClock(0);
  const records: LogRecord[] = [];
  const did: string[] = [];
  const gaveUp: string[] = [];
  /** Ends the hanging threads, the oldest first. */
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
    onGaveUp: ({ name }) => gaveUp.push(name),
  });
  const abandon = (name: string, hangs: boolean) => {
    did.push(`abandon ${name}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    threads.add(name, promise);
    if (hangs) ends.push(resolve);
    else resolve();
  };
  const child = (name: string, is: { hanging?: boolean; vital?: boolean } = {}): Child => ({
    name,
    abandon: () => abandon(name, is.hanging === true),
    start: () => did.push(`start ${name}`),
    stop: () => Promise.resolve(true),
    park: is.vital === true ? null : (error) => did.push(`park ${name}: ${error.code}`),
  });
  /** Fails as soon as it was started, so many times. */
  const fail = async (failing: Child, times: number) => {
    for (let time = 0; time < times; time++) {
      supervisor.replace(failing, FAULT);
      await clock.pass(30_000);
    }
  };
  return { clock, records, did, gaveUp, ends, supervisor, child, fail };
}

Deno.test("supervisor: the first restart is immediate, the next ones back off", async () => {
  const { clock, did, supervisor, child } = supervise(5);
  const a = child("a");
  supervisor.replace(a, FAULT);
  await clock.pass(0);
  assert.deepEqual(did, ["abandon a", "start a"]);
  supervisor.replace(a, FAULT);
  await clock.pass(499);
  assert.equal(did.length, 3);
  await clock.pass(1);
  assert.equal(did.length, 4);
  supervisor.replace(a, FAULT);
  await clock.pass(999);
  assert.equal(did.length, 5);
  await clock.pass(1);
  assert.equal(did.length, 6);
});

Deno.test("supervisor: a failure that is reported twice causes one restart", async () => {
  const { clock, did, supervisor, child } = supervise(5);
  const a = child("a");
  supervisor.replace(a, FAULT);
  supervisor.replace(a, FAULT);
  await clock.pass(1000);
  assert.deepEqual(did, ["abandon a", "start a"]);
});

Deno.test("supervisor: beyond the restart limit of a vital worker it abandons that and gives up, once", async () => {
  const { clock, did, gaveUp, records, supervisor, child, fail } = supervise(2);
  await fail(child("a", { vital: true }), 4);
  assert.deepEqual(gaveUp, ["a"]);
  assert.deepEqual(did, ["abandon a", "start a", "abandon a", "start a", "abandon a"]);
  assert.equal(records.at(-1)?.event, "worker.gave_up");
  supervisor.replace(child("b"), FAULT);
  await clock.pass(RETRY_MS);
  assert.equal(did.length, 5, "nothing is replaced any more");
});

Deno.test("supervisor: beyond its restart limit a worker is parked, and started once every five minutes", async () => {
  const { clock, did, gaveUp, records, supervisor, child, fail } = supervise(2);
  const a = child("a");
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
  assert.deepEqual(gaveUp, []);
});

Deno.test("supervisor: a parked worker that works again is reported once, and has its budget once it has lasted", async () => {
  const { clock, did, records, supervisor, child, fail } = supervise(2);
  const a = child("a");
  await fail(a, 3);
  await clock.pass(RETRY_MS);
  supervisor.resumed(a);
  supervisor.resumed(a);
  supervisor.resumed(child("b"));
  assert.equal(records.filter(({ event }) => event === "worker.resumed").length, 1);
  assert.equal(records.at(-1)?.event, "worker.resumed");
  await clock.pass(RESTART_WINDOW_MS);
  did.splice(0);
  await fail(a, 2);
  assert.deepEqual(did, ["abandon a", "start a", "abandon a", "start a"]);
});

Deno.test("supervisor: a worker with two hanging threads is started again when one of them has ended", async () => {
  const { clock, did, ends, supervisor, child, fail } = supervise(20);
  const a = child("a", { hanging: true });
  await fail(a, 2);
  assert.deepEqual(did.splice(0), [
    "abandon a",
    "start a",
    "abandon a",
    "park a: WORKER_PARKED",
  ]);
  await clock.pass(100 * RETRY_MS);
  assert.deepEqual(did, []);
  supervisor.replace(child("b"), FAULT);
  await clock.pass(0);
  assert.deepEqual(did.splice(0), ["abandon b", "start b"], "the others are replaced as before");
  ends[1]?.();
  await clock.pass(0);
  assert.deepEqual(did, ["start a"]);
});

Deno.test("supervisor: it gives up when two threads of a vital worker hang", async () => {
  const { gaveUp, child, fail } = supervise(20);
  await fail(child("a", { hanging: true, vital: true }), 2);
  assert.deepEqual(gaveUp, ["a"]);
});

Deno.test("supervisor: each worker has a budget of its own", async () => {
  const { clock, did, supervisor, child } = supervise(1);
  const b = child("b");
  supervisor.replace(child("a"), FAULT);
  supervisor.replace(b, FAULT);
  await clock.pass(0);
  assert.deepEqual(did.splice(0), ["abandon a", "abandon b", "start a", "start b"]);
  supervisor.replace(b, FAULT);
  assert.deepEqual(did, ["abandon b", "park b: WORKER_PARKED"]);
});

Deno.test("supervisor: once stopped it starts nothing", async () => {
  const { clock, did, supervisor, child } = supervise(5);
  supervisor.replace(child("a"), FAULT);
  supervisor.stop();
  await clock.pass(RETRY_MS);
  supervisor.replace(child("b"), FAULT);
  assert.deepEqual(did, ["abandon a"]);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("restart budget: restarts expire after ten minutes", async () => {
  const clock = new HeldClock(0);
  const budget = new RestartBudget({ clock, maxRestarts: 2, random: () => 1 });
  assert.equal(budget.spend(), 0);
  assert.equal(budget.spend(), 500);
  assert.equal(budget.spend(), null);
  await clock.pass(RESTART_WINDOW_MS);
  assert.equal(budget.spend(), 0);
});

Deno.test("supervisor: a removed worker is not started again, whatever was scheduled or fails later", async () => {
  const { clock, did, supervisor, child, fail } = supervise(1);
  const [gone, parked] = [child("gone"), child("parked")];
  supervisor.replace(gone, FAULT);
  await fail(parked, 2);
  supervisor.remove(gone);
  supervisor.remove(parked);
  did.splice(0);
  supervisor.replace(gone, FAULT);
  await clock.pass(2 * RETRY_MS);
  assert.deepEqual(did, []);
  assert.deepEqual(clock.waitsMs, [], "no timer is left");
});

Deno.test("supervisor: a worker with other settings does not wait for its next start", async () => {
  const { clock, did, supervisor, child, fail } = supervise(1);
  const parked = child("parked");
  await fail(parked, 2);
  did.splice(0);
  supervisor.retry(parked);
  supervisor.retry(parked);
  await clock.pass(2 * RETRY_MS);
  assert.deepEqual(did, ["start parked"]);
});
