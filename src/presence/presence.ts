import type { CameraStatus } from "../core/camera_types.ts";
import { type Cancel, type Clock, plusMs, sinceMs, type SteadyMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type {
  KeepRequest,
  Placement,
  PresenceChange,
  PresenceEvent,
  PresencePlan,
  Stay,
} from "../core/presence_types.ts";
import { assertNever } from "../core/assert.ts";
import { CameraPresence } from "./camera_presence.ts";
import { DETECTOR_LOST_MS } from "./picture_flow.ts";
import { randomDigits, UlidSource } from "./ulid.ts";

/** Digits of the prefix of tracks, 5 bits each, drawn for each tracker. */
const PREFIX_DIGITS = 8;

/** The shortest time that a timer is set for. */
const TIMER_MIN_MS = 1;

export interface PresenceParts {
  readonly clock: Clock;
  /** As `crypto.getRandomValues`. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Called with each event, in the order of time. */
  readonly onEvent: (event: PresenceEvent) => void;
  /** A frame shows a stay better than the one before it: the camera is to keep it. */
  readonly onBetter: (keep: KeepRequest) => void;
}

type CameraParts = ConstructorParameters<typeof CameraPresence>[1];

/** The presence of all cameras and detectors. */
export class Presence {
  readonly #clock: Clock;
  readonly #onEvent: PresenceParts["onEvent"];
  readonly #cameraParts: CameraParts;
  /** Those with a detector that has presence. */
  readonly #cameras = new Map<string, CameraPresence>();
  #isStarted = false;
  /** The timer for stays that no frame ends any more. */
  #timer: { readonly atMs: SteadyMs; readonly cancel: Cancel } | null = null;

  constructor(plan: PresencePlan, parts: PresenceParts) {
    this.#clock = parts.clock;
    this.#onEvent = parts.onEvent;
    const { clock, randomBytes, onEvent, onBetter } = parts;
    const trackPrefix = () => randomDigits(PREFIX_DIGITS, randomBytes);
    const ids = new UlidSource(randomBytes);
    this.#cameraParts = { clock, ids, trackPrefix, onEvent, onBetter };
    this.#add(plan);
  }

  /**
   * Applies another plan: the stays of what it does not have any more end as `shutdown`, those of all others
   * go on.
   */
  replan(plan: PresencePlan): void {
    for (const [camera, presence] of this.#cameras) {
      for (const detector of presence.detectors) {
        if (!hasPair(plan, camera, detector)) presence.remove(detector);
      }
      if (presence.detectors.length === 0) this.#cameras.delete(camera);
    }
    for (const scene of plan.scenes) this.#cameras.get(scene.camera)?.setScene(scene);
    this.#add(plan);
    this.#arm();
  }

  /** The open stays. */
  get open(): readonly Stay[] {
    return [...this.#cameras.values()].flatMap(({ open }) => open);
  }

  /**
   * Continues the open stays of a thread that was replaced. A stay whose detector has no presence any more
   * ends as `detector_lost`.
   */
  resume(stays: readonly Stay[]): void {
    const pairs = Map.groupBy(stays, ({ camera, detector }) => `${camera}/${detector}`);
    for (const group of pairs.values()) {
      const [{ camera, detector } = { camera: "", detector: "" }] = group;
      const presence = this.#cameras.get(camera);
      if (presence?.detectors.includes(detector) === true) presence.resume(detector, group);
      else for (const stay of group) this.#endUnknown(stay);
    }
    this.#arm();
  }

  /** Emits the present occupancy of every camera and zone. */
  start(): void {
    this.#isStarted = true;
    for (const camera of this.#cameras.values()) camera.start();
  }

  /**
   * Handles the detections of a frame.
   * @returns where each of them is; null where the detector has no presence
   */
  observe(result: InferenceResult, arrivedAtMs: SteadyMs): readonly Placement[] | null {
    const camera = this.#cameras.get(result.meta.camera);
    const placements = camera?.observe(result, arrivedAtMs) ?? null;
    // While a camera sends frames its inferences only delay what a timer is set for.
    if (placements !== null && (this.#timer === null || camera?.isSending === false)) this.#arm();
    return placements;
  }

  /** Handles the new state of a camera. */
  camera({ camera, state }: CameraStatus): void {
    this.#cameras.get(camera)?.setState(state);
    this.#arm();
  }

  /** A camera has sent no usable frame since the instant; null: it sends again. */
  silence(camera: string, sinceMs: SteadyMs | null): void {
    this.#cameras.get(camera)?.setSilence(sinceMs);
    this.#arm();
  }

  /** Applies a changed setting from the next frame on. */
  change(change: PresenceChange): void {
    switch (change.kind) {
      case "scene":
        return this.#cameras.get(change.scene.camera)?.setScene(change.scene);
      case "settings":
        for (const camera of this.#cameras.values()) {
          camera.setSettings(change.detector, change.settings);
        }
        return this.#arm();
      case "paused":
        return this.#cameras.get(change.camera)?.setPaused(change.detector, change.paused);
      default:
        return assertNever(change);
    }
  }

  /** A camera has kept the frame as the picture of the stay: it is its best frame from now on. */
  kept(stay: string, seq: number): void {
    for (const camera of this.#cameras.values()) if (camera.kept(stay, seq)) return;
  }

  /** Ends all stays. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const camera of this.#cameras.values()) camera.endAll("shutdown");
  }

  /** Adds the cameras and detectors that are new, and sets the settings of the others. */
  #add({ detectors, scenes }: PresencePlan): void {
    for (const { detector, cameras, settings } of detectors) {
      for (const camera of cameras) {
        const presence = this.#cameras.get(camera) ?? this.#addCamera(camera, scenes);
        if (presence.detectors.includes(detector)) presence.setSettings(detector, settings);
        else presence.add(detector, settings);
      }
    }
  }

  #addCamera(camera: string, scenes: PresencePlan["scenes"]): CameraPresence {
    const scene = scenes.find((each) => each.camera === camera) ?? { camera, zones: [], lines: [] };
    const presence = new CameraPresence(scene, this.#cameraParts);
    this.#cameras.set(camera, presence);
    if (this.#isStarted) presence.start();
    return presence;
  }

  #endUnknown(stay: Stay): void {
    const ended: Stay = { ...stay, endedAtMs: stay.seenAtMs, reason: "detector_lost" };
    this.#onEvent({ kind: "end", stay: ended });
  }

  /** Ends what is due, and sets the timer for what is due next, unless it is set for an earlier time. */
  #arm(): void {
    let nextMs: SteadyMs | null = null;
    for (const camera of this.#cameras.values()) {
      const dueMs = camera.endLost();
      if (dueMs !== null && (nextMs === null || dueMs < nextMs)) nextMs = dueMs;
    }
    if (nextMs === null) return;
    const waitMs = sinceMs(this.#clock.nowMs(), nextMs);
    // No later than a stay that starts now may be due.
    const delayMs = Math.min(DETECTOR_LOST_MS, Math.max(TIMER_MIN_MS, waitMs));
    const atMs = plusMs(this.#clock.nowMs(), delayMs);
    if (this.#timer !== null && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#timer = null;
      this.#arm();
    });
    this.#timer = { atMs, cancel };
  }
}

function hasPair({ detectors }: PresencePlan, camera: string, detector: string): boolean {
  return detectors.some((each) => each.detector === detector && each.cameras.includes(camera));
}
