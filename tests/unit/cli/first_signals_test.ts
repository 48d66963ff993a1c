import assert from "node:assert/strict";
import { FirstSignals } from "../../../src/cli/first_signals.ts";

Deno.test("first signals: one ends a start with 0, or is kept until the service can read again", () => {
  const listeners = new Map<Deno.Signal, () => void>();
  const codes: (number | undefined)[] = [];
  const host = {
    addSignalListener: (signal: Deno.Signal, listener: () => void) => {
      listeners.set(signal, listener);
    },
    removeSignalListener: (signal: Deno.Signal, listener: () => void) => {
      if (listeners.get(signal) === listener) listeners.delete(signal);
    },
    exit: (code?: number): never => {
      codes.push(code);
      throw new Error("the end");
    },
  };
  let isGone = false;
  const signals = new FirstSignals(host, () => isGone);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    assert.throws(() => listeners.get(signal)?.(), /the end/);
  }
  assert.deepEqual(codes, [0, 0]);
  listeners.get("SIGHUP")?.();
  assert.deepEqual(codes, [0, 0], "nothing ends");
  isGone = true;
  assert.throws(() => listeners.get("SIGHUP")?.(), /the end/);
  assert.equal(signals.release(), true);
  assert.equal(listeners.size, 0);
  assert.equal(new FirstSignals(host, () => false).release(), false);
});
