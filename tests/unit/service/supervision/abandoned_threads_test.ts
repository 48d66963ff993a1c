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
  /** Terminates a thread; the returned function lets it end. */
  const terminate = (worker: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    threads.add(worker, promise);
    return async () => {
      resolve();
      await clock.pass(0);
    };
  };
  return { clock, records, reached, threads, terminate };
}

Deno.test("abandoned threads: a thread that ends soon is not counted", async () => {
  const { clock, records, threads, terminate } = abandoning();
  const end = terminate("gate");
  assert.deepEqual([threads.of("gate"), threads.count], [1, 0]);
  await clock.pass(ABANDONED_AFTER_MS - 1);
  await end();
  await clock.pass(60_000);
  assert.deepEqual([threads.of("gate"), threads.count], [0, 0]);
  assert.deepEqual(records, []);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("abandoned threads: a thread that hangs is counted until it ends", async () => {
  const { clock, records, threads, terminate } = abandoning();
  const end = terminate("gate");
  await clock.pass(ABANDONED_AFTER_MS);
  assert.equal(threads.count, 1);
  assert.deepEqual([records[0]?.level, records[0]?.event], ["error", "thread.abandoned"]);
  await end();
  assert.deepEqual([threads.of("gate"), threads.count], [0, 0]);
  assert.equal(records[1]?.event, "thread.ended");
});

Deno.test("abandoned threads: the limit is reported when so many threads hang at once, of whichever workers", async () => {
  const { clock, reached, terminate } = abandoning(3);
  const end = terminate("a");
  terminate("a");
  await clock.pass(ABANDONED_AFTER_MS);
  await end();
  terminate("b");
  await clock.pass(ABANDONED_AFTER_MS);
  assert.deepEqual(reached, []);
  terminate("c");
  await clock.pass(ABANDONED_AFTER_MS);
  assert.deepEqual(reached, [3]);
});

Deno.test("abandoned threads: the end of a worker's thread is reported once, unless cancelled", async () => {
  const { threads, terminate } = abandoning();
  const [endA, endB, endOther] = [terminate("gate"), terminate("gate"), terminate("yard")];
  const called: string[] = [];
  threads.onEnded("gate", () => called.push("first"));
  threads.onEnded("gate", () => called.push("cancelled"))();
  await endOther();
  assert.deepEqual(called, []);
  await endA();
  await endB();
  assert.deepEqual(called, ["first"]);
});
