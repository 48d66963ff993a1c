/** Commands and their outcomes, as they pass between the publisher and the main thread. */
import type { ErrorData } from "./errors.ts";
import type { BoxNorm, PointNorm } from "./geometry.ts";
import type { Line, PresenceSettings, Zone } from "./presence_types.ts";

/**
 * A command of valid shape and within bounds; the cameras and detectors that it names may not exist.
 * null stands for all cameras, or all detectors.
 */
export type ControlCommand =
  | { readonly command: "get_status" | "reload" | "shutdown" }
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
  | { readonly command: "clear_roi"; readonly camera: string }
  | { readonly command: "snapshot"; readonly camera: string; readonly boxes: boolean }
  | { readonly command: "set_model"; readonly detector: string; readonly model: string }
  | {
    readonly command: "set_masks";
    readonly camera: string;
    readonly masks: readonly (readonly PointNorm[])[];
  }
  | { readonly command: "set_zones"; readonly camera: string; readonly zones: readonly Zone[] }
  | { readonly command: "set_lines"; readonly camera: string; readonly lines: readonly Line[] }
  | {
    readonly command: "set_presence";
    readonly detector: string;
    /** The settings that change; pictures are not allowed by command. */
    readonly presence: Partial<Omit<PresenceSettings, "snapshot">>;
  };

/** The names of all commands. */
export const COMMAND_NAMES = [
  "get_status",
  "pause",
  "resume",
  "set_rate",
  "set_confidence",
  "set_roi",
  "clear_roi",
  "set_model",
  "set_masks",
  "set_zones",
  "set_lines",
  "set_presence",
  "snapshot",
  "reload",
  "shutdown",
] as const satisfies readonly ControlCommand["command"][];

/** A command on its way to the controller. */
export interface CommandRequest {
  /** Identifies this delivery; the answer repeats it. */
  readonly request: number;
  /** The sender's id: a command that comes twice with one id is executed once. null: each time. */
  readonly id: string | null;
  readonly command: ControlCommand;
}

/** The result of a command as plain data, or why it was refused. */
export type CommandOutcome = { readonly data: unknown } | { readonly error: ErrorData };

/** The answer to one {@link CommandRequest}. */
export interface CommandAnswer {
  readonly request: number;
  readonly command: ControlCommand["command"];
  /** Whether this repeats the answer to an earlier delivery of the same command. */
  readonly replayed: boolean;
  readonly outcome: CommandOutcome;
}
