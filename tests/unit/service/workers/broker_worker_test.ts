import assert from "node:assert/strict";
import type { FromBroker, ToBroker } from "../../../../src/core/messages.ts";
import { BrokerWorker } from "../../../../src/service/workers/broker_worker.ts";
import { FakeThreads } from "../../../support/workers/fake_threads.ts";
import { FAULT } from "../../../support/workers/service_parts.ts";

function rig() {
  const threads = new FakeThreads<ToBroker, FromBroker>();
  const failures: unknown[] = [];
  const worker = new BrokerWorker({
    spawn: threads.spawn,
    hostname: "127.0.0.1",
    port: 1883,
    own: { clientId: "orion", password: "secret", rootTopic: "orion/test" },
    onFailed: (failed, error) => failures.push([failed === worker, error.code]),
  });
  return { threads, failures, worker };
}

Deno.test("broker worker: a failure before it ever listened fails the start of the service", async () => {
  const { threads, failures, worker } = rig();
  worker.start();
  const refused = assert.rejects(worker.listening, { code: "FAULT" });
  threads.newest().fail(FAULT);
  await refused;
  assert.deepEqual(failures, []);
});

Deno.test("broker worker: every later failure is one to be replaced, also of a restart", async () => {
  const { threads, failures, worker } = rig();
  worker.start();
  threads.newest().emit({ kind: "listening" });
  await worker.listening;
  threads.newest().fail(FAULT);
  worker.abandon();
  worker.start();
  threads.newest().fail(FAULT);
  assert.deepEqual(failures, [[true, "FAULT"], [true, "FAULT"]]);
  assert.equal(threads.all[0]?.isTerminated, true);
  assert.deepEqual(threads.all.map((thread) => thread.of("start")[0]?.port), [1883, 1883]);
});
