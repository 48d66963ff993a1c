/** Additional CPU load, and the priority of what measures under it. */
import { Child } from "../../../tests/support/system/children.ts";

/** The real-time priority of what measures: `nice` alone leaves it delays of several milliseconds. */
const INSTRUMENTS_PRIORITY = 10;

/** A line for `sh` that undoes {@link raiseInstruments} for what it starts. */
export const AT_NORMAL_PRIORITY = "chrt --other --pid 0 $$";

/**
 * Gives this process and what it starts from now on real-time priority: the camera, the broker and the
 * subscriber. A stopwatch that waits for a processor itself measures its own delay.
 * @returns false where the user may not do that
 */
export async function raiseInstruments(): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `chrt --all-tasks --rr --pid ${INSTRUMENTS_PRIORITY} ${Deno.pid}`],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** Busy loops until disposed; each ends by itself after `atMostSeconds` of CPU time. */
export function busyLoops(count: number, atMostSeconds: number): AsyncDisposable {
  const script = `${AT_NORMAL_PRIORITY}; ulimit -t ${
    Math.ceil(atMostSeconds)
  }; while :; do :; done`;
  const children = Array.from(
    { length: count },
    (_, index) => new Child({ name: `busy loop ${index}`, command: "sh", args: ["-c", script] }),
  );
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
    },
  };
}
