/** Commands and what becomes of them, as they pass between the publisher and the main thread. */
import type { ErrorData } from "./errors.ts";
import type { BoxNorm } from "./geometry.ts";

/**
 * A command that was checked: its shape and its bounds, but not whether what it names exists. A camera
 * or detector that is null stands for all of them.
 */
export type ControlCommand =
  | { readonly command: "get_status" | "shutdown" }
  | {
    readonly command: "pause" | "resume";
    readonly camera: string | null;
    readonly detector: string | null;
  }
  | {
    readonly command: "set_rate";
    readonly detector: string;
    readonly rateHz: number;
    readonly camera: string | null;
  }
  | { readonly command: "set_confidence"; readonly detector: string; readonly confidence: number }
  | { readonly command: "set_roi"; readonly camera: string; readonly roi: BoxNorm }
  | { readonly command: "clear_roi" | "snapshot"; readonly camera: string }
  | { readonly command: "set_model"; readonly detector: string; readonly model: string };

/** A command on its way to whoever carries it out. */
export interface CommandRequest {
  /** Names this delivery: the answer carries it back. */
  readonly request: number;
  /** The sender's name for the command; the same id twice is carried out once. */
  readonly id: string;
  readonly command: ControlCommand;
}

/** What became of a command: what it answers (plain data), or why it was not carried out. */
export type CommandOutcome = { readonly data: unknown } | { readonly error: ErrorData };

/** The answer to one {@link CommandRequest}. */
export interface CommandAnswer {
  readonly request: number;
  /** The name of the command that was carried out under this id. */
  readonly command: ControlCommand["command"];
  readonly outcome: CommandOutcome;
}
