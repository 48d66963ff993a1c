/** The publisher as other parts of the service reach it. */
import type { Age } from "../../core/age.ts";
import type { PresenceChange, StayPicture } from "../../core/presence_types.ts";
import type { Replan } from "../../core/publisher_types.ts";
import type { PresenceInForce } from "./presence_in_force.ts";

/** The publisher as the settings of presence reach it. */
export interface PresenceRouter {
  /** The settings in force. */
  readonly presence: PresenceInForce;
  /** Applies a changed setting from the next frame on, and for all later threads. */
  changePresence(change: PresenceChange): void;
  /**
   * Applies another plan, which holds what was changed of presence, for this thread and all later ones.
   * @returns settles when what it does not have any more has ended, unless the thread ends before
   */
  replan(plan: Replan): Promise<void>;
}

/** The publisher as a camera needs it. */
export interface PictureRouter {
  /** The camera has kept the frame as the picture of the stay. */
  kept(stay: string, seq: number): void;
  /** The answer to a request for the picture of a stay; its bytes are transferred. */
  picture(picture: StayPicture): void;
  /** The camera has sent no usable frame for this long; null: it sends again. */
  silence(camera: string, age: Age | null): void;
}

/** The publisher as the fleet needs it. */
export interface CameraRouter extends PictureRouter {
  /** Whether any detector of the camera is not paused. */
  setDetecting(camera: string, on: boolean): void;
}

/** The publisher as the inference workers need it. */
export interface ResultRouter {
  /**
   * Opens a port for the results of a worker's thread.
   * @returns the thread's end; null while there is no publisher, and results are lost
   */
  openResults(worker: string): MessagePort | null;
  /** The worker's thread was abandoned: no `end` of its results will come. */
  abandonResults(worker: string): void;
}
