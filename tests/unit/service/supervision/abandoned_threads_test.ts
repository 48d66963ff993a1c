import assert from "node:assert/strict";
import { type LogRecord, logTo } from "../../../../src/core/log.ts";
import {
  ABANDONED_AFTER_MS,
  AbandonedThreads,
} from "../../../../src/service/supervision/abandoned_threads.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

function abandoning(limit = 3) {
  const clock = new HeldClock(0);
  const records: LogRecord[] = [];
  const reached: number[] = [];
  const log = logTo((record) => records.push(record));
  const onLimit = (count: number) => void reached.push(count);
  const threads = new AbandonedThreads({ clock, log, limit, onLimit });
  /** Lets go of a thread; it ends when that is called. */
  const letGo = (place: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    threads.add(place, promise);
    return async () => {
      resolve();
      await clock.pass(0);
    };
  };
  return { clock, records, reached, threads, letGo };
}

Deno.test("abandoned threads: one that ends soon is none", async () => {
  const { clock, records, threads, letGo } = abandoning();
  const end = letGo("gate");
  assert.deepEqual([threads.of("gate"), threads.count], [1, 0]);
  await clock.pass(ABANDONED_AFTER_MS - 1);
  await end();
  await clock.pass(60_000);
  assert.deepEqual([threads.of("gate"), threads.count], [0, 0]);
  assert.deepEqual(records, []);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("abandoned threads: one that does not end is counted until it does", async () => {
  const { clock, records, threads, letGo } = abandoning();
  const end = letGo("gate");
  await clock.pass(ABANDONED_AFTER_MS);
  assert.equal(threads.count, 1);
  assert.deepEqual([records[0]?.level, records[0]?.event], ["error", "thread.abandoned"]);
  await end();
  assert.deepEqual([threads.of("gate"), threads.count], [0, 0]);
  assert.equal(records[1]?.event, "thread.ended");
});

Deno.test("abandoned threads: the limit is told of when so many hang at once, wherever they are", async () => {
  const { clock, reached, letGo } = abandoning(3);
  const end = letGo("a");
  letGo("a");
  await clock.pass(ABANDONED_AFTER_MS);
  await end();
  letGo("b");
  await clock.pass(ABANDONED_AFTER_MS);
  assert.deepEqual(reached, []);
  letGo("c");
  await clock.pass(ABANDONED_AFTER_MS);
  assert.deepEqual(reached, [3]);
});

Deno.test("abandoned threads: who waits for one of a place to end is called back once, unless it cancels", async () => {
  const { threads, letGo } = abandoning();
  const [endA, endB, endOther] = [letGo("gate"), letGo("gate"), letGo("yard")];
  const called: string[] = [];
  threads.onEnded("gate", () => called.push("first"));
  threads.onEnded("gate", () => called.push("cancelled"))();
  await endOther();
  assert.deepEqual(called, []);
  await endA();
  await endB();
  assert.deepEqual(called, ["first"]);
});
