import type { UndecodedReason } from "../core/accounts.ts";
import type { DecodeLevel, DecodeSetting } from "../core/camera_types.ts";
import type { SteadyMs } from "../core/clock.ts";
import { KeyframeCadence } from "./keyframe_cadence.ts";
import {
  EARLY_FRAMES,
  LATE_KEYFRAME_FRAMES,
  MIN_SLEEP_FRAMES,
  MIN_SLEEP_PART,
  NEAR_KEYFRAME_FRAMES,
  NEAREST_KEYFRAME_PART,
  OVERDUE_KEYFRAME_FRAMES,
  SAME_PERIOD_PART,
  WAKE_FRAMES,
} from "./tolerances.ts";

/**
 * What to do with a packet. `unusable`: it is corrupt, or refers to a packet that is: no intact keyframe
 * has come since.
 */
export type PacketDecision =
  | { readonly kind: "decode" }
  /** Decode every skipped packet since the last keyframe first. */
  | { readonly kind: "catch-up" }
  | { readonly kind: "skip"; readonly reason: UndecodedReason }
  | { readonly kind: "unusable" };

const DECODE: PacketDecision = { kind: "decode" };
const CATCH_UP: PacketDecision = { kind: "catch-up" };
const UNUSABLE: PacketDecision = { kind: "unusable" };
const SKIP: Readonly<Record<UndecodedReason, PacketDecision>> = {
  unwanted: { kind: "skip", reason: "unwanted" },
  keyframes: { kind: "skip", reason: "keyframes" },
  nonref: { kind: "skip", reason: "nonref" },
  asleep: { kind: "skip", reason: "asleep" },
};

/** A packet, and the demand for its frame. */
export interface Candidate {
  /** It starts a GOP. */
  readonly isKey: boolean;
  /** A decoder can start here and outputs intact frames later (intra refresh). */
  readonly isRecoveryPoint: boolean;
  /** Part of it, or of what came just before it, is missing. */
  readonly isCorrupt: boolean;
  /** The decoder lags behind the stream and is too slow to catch up. */
  readonly isTooSlow: boolean;
  /** Whether no other frame refers to this one; called only where that matters. */
  readonly isDisposable: () => boolean;
  /** When it arrived. */
  readonly atMs: SteadyMs;
  /** The interval between the camera's frames, or null while it is unknown. */
  readonly frameMs: number | null;
  /** Some detector takes frames of this camera, now or later. */
  readonly isWanted: boolean;
  /** A snapshot of the next frame is requested. */
  readonly isSnapshotWanted: boolean;
  /** The shortest period of any detector; 0 for one that takes every frame. */
  readonly periodMs: number;
  /** Until the first detector is due; 0 while one is. */
  readonly dueInMs: number;
  /** The same, if every frame that waits for a worker were taken now. */
  readonly dueNextInMs: number;
  /** The decoder holds frames that it has not output: it has to restart after a sleep. */
  readonly hasDelayedFrames: boolean;
  /** Whether every packet that a decoder needs after a sleep is buffered, and more can be. */
  readonly buffer: "incomplete" | "complete" | "full";
}

/**
 * Decides for each packet whether to decode it.
 *
 * A decoder that skipped packets continues with a keyframe, and everything before that is skipped as
 * well; or it catches up from the last keyframe, when a detector is due and the next keyframe is not near.
 * So the expected keyframes decide what is cheaper, never whether there is a frame. A stream that begins
 * in mid-GOP, or loses a packet, is unusable until the next keyframe.
 *
 * A decoder that is too slow for the stream continues with the next keyframe at any setting: otherwise
 * every frame would be late.
 *
 * `auto` skips every packet that no detector needs. Where none takes more than one frame per GOP, only
 * keyframes are decoded. Otherwise the decoder works up to the last wanted frame before the next keyframe,
 * and sleeps until then. Disposable frames are skipped while no detector is due.
 */
export class DecodePolicy {
  readonly keyframes = new KeyframeCadence();
  readonly #setting: DecodeSetting;
  #state: "waiting" | "awake" | "asleep" = "waiting";
  #keyframesOnly: boolean;
  #slept = false;
  #skippedDisposable = false;
  #caughtUp = false;
  #level: DecodeLevel;

  constructor(setting: DecodeSetting) {
    this.#setting = setting;
    this.#keyframesOnly = setting === "keyframes";
    this.#level = setting === "auto" ? "all" : setting;
  }

  /** How much is decoded at present; for `auto` the outcome of the last GOP. */
  get level(): DecodeLevel {
    return this.#level;
  }

  /** Whether only keyframes are decoded at present. */
  get keyframesOnly(): boolean {
    return this.#keyframesOnly;
  }

  /**
   * Milliseconds until the keyframe that decoding continues with, negative when it is overdue, 0 when it
   * is unknown; null while any packet may be decoded.
   */
  resumesInMs(nowMs: SteadyMs): number | null {
    if (this.#state === "awake" && !this.#keyframesOnly) return null;
    const { nextAtMs } = this.keyframes;
    return nextAtMs === null ? 0 : nextAtMs - nowMs;
  }

  decide(packet: Candidate): PacketDecision {
    if (packet.isKey) this.keyframes.observeKeyframe(packet.atMs);
    else this.keyframes.observePacket();
    if (packet.isCorrupt) {
      this.#state = "waiting";
      return UNUSABLE;
    }
    if (!packet.isWanted && !packet.isSnapshotWanted) {
      const isStart = packet.isKey || packet.isRecoveryPoint;
      if (this.#state === "awake" || isStart) this.#state = "asleep";
      if (this.#setting === "auto") this.#level = "none";
      return SKIP.unwanted;
    }
    if (packet.isKey) {
      this.#caughtUp = false;
      this.#chooseLevel(packet);
      if (this.#isTooEarly(packet)) return SKIP.keyframes;
      this.#state = "awake";
      return DECODE;
    }
    if (this.#keyframesOnly) {
      if (this.#setting === "auto" && this.#mustCatchUp(packet)) return this.#catchUp();
      if (this.#state === "awake") this.#state = "asleep";
      return SKIP.keyframes;
    }
    if (packet.isRecoveryPoint && this.#mustStartHere(packet)) this.#state = "awake";
    if (this.#state === "waiting") return UNUSABLE;
    if (this.#state === "asleep") {
      return this.#mustCatchUp(packet) ? this.#catchUp() : SKIP.asleep;
    }
    if (packet.isTooSlow) {
      this.#state = "asleep";
      return SKIP.asleep;
    }
    if (this.#setting !== "auto") return DECODE;
    if (this.#maySleep(packet)) {
      this.#state = "asleep";
      this.#slept = true;
      this.#level = "gop";
      return SKIP.asleep;
    }
    if (!this.#isWantedSoon(packet) && packet.isDisposable()) {
      this.#skippedDisposable = true;
      if (!this.#slept) this.#level = "nonref";
      return SKIP.nonref;
    }
    return DECODE;
  }

  /** Nothing is buffered that decoding could continue from. */
  #mustStartHere({ buffer }: Candidate): boolean {
    return this.#state === "waiting" || buffer === "incomplete";
  }

  #catchUp(): PacketDecision {
    this.#state = "awake";
    this.#caughtUp = true;
    this.#keyframesOnly = false;
    this.#level = "all";
    return CATCH_UP;
  }

  /** Whether a frame is wanted now and no keyframe is near that would give one. */
  #mustCatchUp(packet: Candidate): boolean {
    const { buffer, frameMs, isSnapshotWanted, dueNextInMs, isTooSlow } = packet;
    if (buffer === "incomplete" || this.#state === "waiting" || isTooSlow) return false;
    if (buffer === "full") return true;
    if (isSnapshotWanted) return true;
    return frameMs !== null && dueNextInMs <= EARLY_FRAMES * frameMs &&
      !this.#isKeyframeNear(packet.atMs, frameMs);
  }

  #isKeyframeNear(nowMs: SteadyMs, frameMs: number): boolean {
    const { nextAtMs, intervalMs, packetsLeft } = this.keyframes;
    if (nextAtMs === null || intervalMs === null || packetsLeft < 0) return false;
    const untilKeyMs = nextAtMs - nowMs;
    if (packetsLeft <= NEAR_KEYFRAME_FRAMES) return true;
    // Where keyframes alone are decoded, the nearest to the due time is delivered.
    const nearestMs = this.#keyframesOnly ? NEAREST_KEYFRAME_PART * intervalMs : 0;
    const nearMs = Math.max(NEAR_KEYFRAME_FRAMES * frameMs, nearestMs);
    return untilKeyMs >= -OVERDUE_KEYFRAME_FRAMES * frameMs && untilKeyMs <= nearMs;
  }

  /** Chooses the level of the GOP that this keyframe starts. */
  #chooseLevel(packet: Candidate): void {
    if (this.#setting !== "auto") return;
    const { intervalMs } = this.keyframes;
    // Keyframes that arrived all at once have no cadence.
    this.#keyframesOnly = packet.isWanted && intervalMs !== null && intervalMs > 0 &&
      packet.periodMs >= intervalMs * (1 - SAME_PERIOD_PART);
    if (this.#keyframesOnly) this.#level = "keyframes";
    else if (this.#slept) this.#level = "gop";
    else this.#level = this.#skippedDisposable ? "nonref" : "all";
    this.#slept = false;
    this.#skippedDisposable = false;
  }

  /** Whether a later keyframe will be nearer to the due time. */
  #isTooEarly({ isSnapshotWanted, dueInMs }: Candidate): boolean {
    const { intervalMs } = this.keyframes;
    return this.#setting === "auto" && this.#keyframesOnly && this.#state !== "waiting" &&
      !isSnapshotWanted && intervalMs !== null && dueInMs > NEAREST_KEYFRAME_PART * intervalMs;
  }

  /** Whether no detector is due before the next keyframe, and that is some frames away. */
  #maySleep(packet: Candidate): boolean {
    const { atMs, frameMs, isSnapshotWanted, dueInMs, buffer, hasDelayedFrames } = packet;
    const { nextAtMs, intervalMs } = this.keyframes;
    // A keyframe that does not come as expected must neither delay a detector nor make a GOP be decoded twice.
    if (buffer !== "complete" || (this.#caughtUp && hasDelayedFrames)) return false;
    if (nextAtMs === null || intervalMs === null || frameMs === null || isSnapshotWanted) {
      return false;
    }
    const untilKeyMs = nextAtMs - atMs;
    const minMs = Math.max(MIN_SLEEP_FRAMES * frameMs, MIN_SLEEP_PART * intervalMs);
    return untilKeyMs >= minMs && dueInMs >= untilKeyMs - LATE_KEYFRAME_FRAMES * frameMs;
  }

  /** Whether this frame may be the nearest to a due time, or makes the decoder output that one. */
  #isWantedSoon({ frameMs, isSnapshotWanted, dueInMs }: Candidate): boolean {
    return frameMs === null || isSnapshotWanted || dueInMs <= WAKE_FRAMES * frameMs;
  }
}
