/** Additional CPU load. */
import { Child } from "../../../tests/support/system/children.ts";

/** Busy loops until disposed; each ends by itself after `atMostSeconds` of CPU time. */
export function busyLoops(count: number, atMostSeconds: number): AsyncDisposable {
  const script = `ulimit -t ${Math.ceil(atMostSeconds)}; while :; do :; done`;
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
