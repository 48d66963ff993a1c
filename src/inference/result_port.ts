import type { Age } from "../core/age.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type { ToResults } from "../core/messages.ts";

/** The inference worker's end of the link to the publisher. */
export interface ResultPort {
  /**
   * Sends a result without waiting; results for a publisher that has ended are lost.
   * @param age  of the frame
   */
  send(result: InferenceResult, age: Age): void;
  /** Announces the end of the results, and closes the port. */
  close(): void;
}

/** Implements the link by a `MessagePort`. */
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
