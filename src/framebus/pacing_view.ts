import type { CadenceView } from "../pacing/cadence.ts";

/** The camera's pacing state, as mailboxes read it. The stream owns it; the bus changes none of it. */
export interface PacingView {
  /** The cadence of the frames that are offered: of the keyframes where only those are decoded. */
  readonly frames: CadenceView;
  /** Whether packets have arrived whose frames were not offered yet. */
  isBehind(): boolean;
}

/** Reads the camera, for a consumer that takes while packets lie unread. */
export interface FrameReader {
  /** Whether packets have arrived whose frames were not offered yet. */
  isBehind(): boolean;
  /** Settles when the newest frame has been offered, or none came in time. Never rejects. */
  catchUp(): Promise<void>;
}
