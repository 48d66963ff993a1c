/**
 * The frame bus: each frame is offered to every consumer's mailbox, in which the newest wins, at the
 * consumer's own rate, and each frame that it does not get is counted by reason. Importing it starts
 * nothing. Version 0: what is exported here may still change, with a line in the changelog.
 *
 * @module
 */
export { type BusOptions, FrameBus, MAX_DETECTORS_PER_CAMERA } from "../framebus/bus.ts";
export type { BusFrame } from "../framebus/detector_mailbox.ts";
export { type BusLedger, CameraLedger, type FrameState } from "../framebus/ledger.ts";
export { Mailbox } from "../framebus/mailbox.ts";
export type { PacingView } from "../framebus/pacing_view.ts";
export { Cadence, type CadenceView } from "../pacing/cadence.ts";
export type { Alignment } from "../pacing/rate_limiter.ts";
export type { Subscription } from "../core/camera_types.ts";
export {
  type CameraAccount,
  DROP_REASONS,
  type DropCounts,
  type DropReason,
  type MailboxAccount,
  UNDECODED_REASONS,
  type UndecodedCounts,
  type UndecodedReason,
} from "../core/accounts.ts";
export { type Cancel, type Clock, type SteadyMs, systemClock, type WallMs } from "../core/clock.ts";
export { type ErrorData, type ErrorProblem, LifecycleError, OrionError } from "../core/errors.ts";
