import type { Age } from "../core/age.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type { ToResults } from "../core/messages.ts";

/** One end of the way to the publisher. */
export interface ResultPort {
  /**
   * Does not wait for it to be taken; a publisher that is gone takes nothing.
   * @param age  of the frame
   */
  send(result: InferenceResult, age: Age): void;
  /** Says that nothing follows, and lets go of the port. */
  close(): void;
}

/** The way over a `MessagePort`. */
export function resultPort(port: MessagePort): ResultPort {
  const post = (message: ToResults) => port.postMessage(message);
  return {
    send: (result, age) => post({ kind: "result", result, age }),
    close() {
      post({ kind: "end" });
      port.close();
    },
  };
}
