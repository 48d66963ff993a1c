import assert from "node:assert/strict";
import { RESTART_WINDOW_MS, RestartBudget } from "../../../src/service/restart_budget.ts";
import { Supervisor } from "../../../src/service/supervisor.ts";
import { type LogRecord, logTo } from "../../../src/core/log.ts";
import { HeldClock } from "../../support/held_clock.ts";

const FAULT = { code: "WORKER_SILENT", message: "hangs", retryable: true, remedy: "Look." };

function supervise(maxRestarts: number) {
  const clock = new HeldClock(0);
  const records: LogRecord[] = [];
  const did: string[] = [];
  const spent: string[] = [];
  const supervisor = new Supervisor({
    clock,
    log: logTo((record) => records.push(record)),
    maxRestarts,
    random: () => 1,
    onSpent: (name) => spent.push(name),
  });
  const target = (name: string) => ({
    name,
    abandon: () => did.push(`abandon ${name}`),
    start: () => did.push(`start ${name}`),
  });
  return { clock, records, did, spent, supervisor, target };
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

Deno.test("supervisor: when the budget is spent it gives up, once, and lets the worker go", async () => {
  const { clock, did, spent, records, supervisor, target } = supervise(2);
  for (let i = 0; i < 4; i++) {
    supervisor.replace(target("a"), FAULT);
    await clock.pass(30_000);
  }
  assert.deepEqual(spent, ["a"]);
  assert.deepEqual(did, ["abandon a", "start a", "abandon a", "start a", "abandon a"]);
  assert.equal(records.at(-1)?.event, "worker.given-up");
});

Deno.test("supervisor: each worker has a budget of its own", async () => {
  const { clock, spent, supervisor, target } = supervise(1);
  supervisor.replace(target("a"), FAULT);
  supervisor.replace(target("b"), FAULT);
  await clock.pass(0);
  assert.deepEqual(spent, []);
  supervisor.replace(target("b"), FAULT);
  assert.deepEqual(spent, ["b"]);
});

Deno.test("supervisor: after its end nothing is started any more", async () => {
  const { clock, did, supervisor, target } = supervise(5);
  supervisor.replace(target("a"), FAULT);
  supervisor.end();
  await clock.pass(60_000);
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
