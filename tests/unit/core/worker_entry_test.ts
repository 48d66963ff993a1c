import assert from "node:assert/strict";
import { BrokerError, LifecycleError } from "../../../src/core/errors.ts";
import { serve } from "../../../src/core/worker_entry.ts";

/** Returns the first `count` messages of a worker that runs `body`. */
async function messagesOf(
  body: string,
  messages: readonly unknown[],
  count: number,
): Promise<unknown[]> {
  const entry = new URL("../../../src/core/worker_entry.ts", import.meta.url);
  const code = `import { serve } from ${JSON.stringify(entry.href)};\n${body}`;
  const url = URL.createObjectURL(new Blob([code], { type: "application/javascript" }));
  const worker = new Worker(url, { type: "module" });
  try {
    const received: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    worker.addEventListener("message", (event: MessageEvent) => {
      received.push(event.data);
      if (received.length === count) resolve();
    });
    for (const message of messages) worker.postMessage(message);
    await promise;
    return received;
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

const failed = (message: string) => ({
  kind: "failed",
  error: {
    code: "INTERNAL",
    message,
    retryable: true,
    remedy: "This is a defect in Orion: please report it with the log.",
  },
});

Deno.test("worker entry: the error of a handler is reported, and the worker goes on", async () => {
  const body = `serve(({ post }) => (message) => {
    if (message === "throw") throw new TypeError("thrown");
    if (message === "reject") return Promise.reject(new TypeError("rejected"));
    post({ kind: "received", message });
  });`;
  const received = await messagesOf(body, ["throw", "reject", "go on"], 3);
  assert.deepEqual(new Set(received.map((each) => JSON.stringify(each))).size, 3);
  assert.deepEqual(received[0], failed("TypeError: thrown"));
  assert.deepEqual(
    received.find((each) => JSON.stringify(each).includes("rejected")),
    failed("TypeError: rejected"),
  );
  assert.deepEqual(received.find((each) => JSON.stringify(each).includes("received")), {
    kind: "received",
    message: "go on",
  });
});

Deno.test("worker entry: errors have no stack, for which files would be read", async () => {
  const body = `serve(({ post }) => () => post(new Error("here").stack));`;
  assert.deepEqual(await messagesOf(body, ["go"], 1), ["Error: here"]);
});

Deno.test("worker entry: an uncaught error is reported, and does not end the worker", async () => {
  const body = `serve(({ post }) => (message) => {
    if (message === "later") setTimeout(() => { throw new RangeError("late"); });
    if (message === "lost") void Promise.reject(new RangeError("lost"));
    if (message === "ping") setTimeout(() => post("pong"), 50);
  });`;
  const received = await messagesOf(body, ["later", "lost", "ping"], 3);
  assert.deepEqual(received.slice(0, 2).map((each) => JSON.stringify(each)).sort(), [
    JSON.stringify(failed("RangeError: late")),
    JSON.stringify(failed("RangeError: lost")),
  ]);
  assert.equal(received[2], "pong");
});

Deno.test("worker entry: the worker is notified that it was reported as failed", async () => {
  const body = `serve(({ post, failed }) => {
    failed.addEventListener("abort", () => post("after"));
    return () => { setTimeout(() => { throw new RangeError("late"); }); };
  });`;
  assert.deepEqual(await messagesOf(body, ["go"], 2), [failed("RangeError: late"), "after"]);
});

Deno.test("worker entry: log records and codes of errors cross the boundary", async () => {
  const errors = new URL("../../../src/core/errors.ts", import.meta.url);
  const body = `import { BrokerError } from ${JSON.stringify(errors.href)};
  serve(({ log }) => () => {
    log.info("broker.gone", { port: 1 });
    throw new BrokerError({ code: "BROKER_X", message: "m", retryable: true, remedy: "r" });
  });`;
  const { code, message, retryable, remedy } = new BrokerError({
    code: "BROKER_X",
    message: "m",
    retryable: true,
    remedy: "r",
  });
  assert.deepEqual(await messagesOf(body, ["go"], 2), [
    { kind: "log", record: { level: "info", event: "broker.gone", fields: { port: 1 } } },
    { kind: "failed", error: { code, message, retryable, remedy } },
  ]);
});

Deno.test("worker entry: it refuses to run on the main thread", () => {
  assert.throws(() => serve(() => () => {}), LifecycleError);
});
