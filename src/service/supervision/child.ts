import type { ErrorData } from "../../core/errors.ts";

/** A worker under supervision: its thread can be replaced while all other workers continue. */
export interface Child {
  /** Unique; for logs and figures. */
  readonly name: string;
  /** Starts a thread. Settings, figures and connections carry over from the thread before. */
  start(): void;
  /** Terminates the thread, busy or not, without waiting for its end. */
  abandon(): void;
  /** Stops the thread in order. @returns whether it stopped before the deadline */
  stop(deadline: Promise<unknown>): Promise<boolean>;
  /**
   * Leaves the worker without a thread until the next {@link start}, and reports why. null where the
   * service cannot run without the worker.
   */
  readonly park: ((error: ErrorData) => void) | null;
}
