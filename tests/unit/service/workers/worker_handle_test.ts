import assert from "node:assert/strict";
import { logTo } from "../../../../src/core/log.ts";
import { AbandonedThreads } from "../../../../src/service/supervision/abandoned_threads.ts";
import { spawner } from "../../../../src/service/workers/worker_handle.ts";
import { ROOT } from "../../../support/system/files.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

/** Blocks its thread until the test unblocks it. */
const BLOCKING = `import { serve } from "file://${ROOT}/src/core/worker_entry.ts";
serve(({ post }) => ({ gate }) => {
  post({ kind: "blocks" });
  Atomics.wait(gate, 0, 0);
});`;

Deno.test("worker handle: a terminated thread counts until it has ended, busy or not", async () => {
  const log = logTo(() => undefined);
  const onLimit = () => undefined;
  const threads = new AbandonedThreads({ clock: new HeldClock(), log, limit: 9, onLimit });
  const entry = URL.createObjectURL(new Blob([BLOCKING], { type: "application/javascript" }));
  const blocks = Promise.withResolvers<void>();
  const spawn = spawner<{ kind: "block"; gate: Int32Array }, { kind: "blocks" }>({
    entry: new URL(entry),
    permissions: { read: [ROOT] },
    log,
    threads,
  });
  const handle = spawn({
    name: "gate",
    onMessage: () => blocks.resolve(),
    onFailed: ({ message }) => blocks.reject(new Error(message)),
  });
  // The port that reports the end of a thread keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  try {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    handle.post({ kind: "block", gate });
    await blocks.promise;
    const ended = Promise.withResolvers<void>();
    threads.onEnded("gate", () => ended.resolve());
    handle.terminate();
    // Long enough for an idle thread to end: there is no event to wait for.
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(threads.of("gate"), 1);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await ended.promise;
    assert.equal(threads.of("gate"), 0);
  } finally {
    clearInterval(alive);
    URL.revokeObjectURL(entry);
  }
});
