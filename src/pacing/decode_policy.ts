import type { UndecodedReason } from "../core/accounts.ts";
import type { DecodeLevel, DecodeSetting } from "../core/camera_types.ts";
import type { SteadyMs } from "../core/clock.ts";
import { KeyframeCadence } from "./keyframe_cadence.ts";

/**
 * What to do with a packet. `unusable`: it is damaged, or rests on what is missing: no whole keyframe
 * came since.
 */
export type PacketDecision =
  | { readonly kind: "decode" }
  /** Decode everything since the last keyframe, and then this. */
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

/** A period that is shorter than the keyframe interval by less than this part of it is as long. */
const SAME = 0.01;

/** A keyframe this part of a frame after a detector is due is as good for it as the frame before. */
const EARLY_FRAMES = 0.75;

/** Sleeping for fewer frames, or for less of the time between keyframes, is not worth the trouble. */
const MIN_SLEEP_FRAMES = 1.5;
const MIN_SLEEP_PART = 0.03;

/** A detector that is due within this part of a frame is due with this one. */
const DUE_FRAMES = 0.6;

/**
 * A keyframe may be so many frames late before it is not counted on any more: frames may come unevenly.
 * That others came in its place is known at once.
 */
const OVERDUE_FRAMES = 2.5;

/** A keyframe that is expected within so many frames is waited for. */
const NEAR_FRAMES = 1;

/**
 * So many frames before a detector is due nothing is left out any more: a decoder holds pictures back
 * until others follow, and must be in its stride by then.
 */
const WAKE_FRAMES = 6;

/** A packet, and who would take its picture. */
export interface Candidate {
  /** It starts a group of pictures. */
  readonly isKey: boolean;
  /** A decoder can start here, and gives whole pictures later (intra refresh). */
  readonly isRecoveryPoint: boolean;
  /** Something of it, or of what came just before it, is missing. */
  readonly isCorrupt: boolean;
  /** The decoder is behind, and too slow to catch up. */
  readonly isTooSlow: boolean;
  /** Whether no other picture refers to this one; only asked where that matters. */
  readonly isDisposable: () => boolean;
  /** When it arrived. */
  readonly atMs: SteadyMs;
  /** The time between the camera's frames, or null. */
  readonly frameMs: number | null;
  /** Some detector would take a picture of this camera, now or later. */
  readonly wanted: boolean;
  /** Somebody waits for a picture, whichever comes first. */
  readonly pictureWanted: boolean;
  /** The shortest period of any detector; 0 for one that takes every frame. */
  readonly periodMs: number;
  /** Until the first detector is due; 0 while one is. */
  readonly dueInMs: number;
  /** The same, should a frame that waits for a worker be taken now. */
  readonly dueNextInMs: number;
  /** The decoder holds pictures back, and has to begin anew once it slept. */
  readonly holdsBack: boolean;
  /** Every packet that a decoder which slept needs is kept; no more of them can be when `full`. */
  readonly buffer: "incomplete" | "complete" | "full";
}

/**
 * Decides for each packet whether it is worth decoding.
 *
 * A decoder that left packets out goes on with a keyframe, everything before it is skipped as well; or
 * it catches up from the last keyframe, when a detector is due and the next one is not at hand. So
 * what is expected of keyframes decides what is cheaper, never whether there is a picture. A stream
 * that began in its middle, or lost a packet, is unusable up to the next keyframe.
 *
 * A decoder that is too slow for the stream goes on with the next keyframe, whatever the setting: frames
 * that are never caught up with would all be late.
 *
 * `auto` leaves out whatever no detector will take. Where none wants more than one frame from keyframe
 * to keyframe, only those are decoded. Otherwise the decoder works up to the last frame that is wanted
 * before the next keyframe, and sleeps until then. Pictures that no other refers to are left out when
 * nobody is due.
 */
export class DecodePolicy {
  readonly keyframes = new KeyframeCadence();
  readonly #setting: DecodeSetting;
  #state: "waiting" | "awake" | "asleep" = "waiting";
  #keyframesOnly: boolean;
  #slept = false;
  #leftOut = false;
  #caughtUp = false;
  #level: DecodeLevel;

  constructor(setting: DecodeSetting) {
    this.#setting = setting;
    this.#keyframesOnly = setting === "keyframes";
    this.#level = setting === "auto" ? "all" : setting;
  }

  /** How much is decoded at present: for `auto`, what the last group of pictures came to. */
  get level(): DecodeLevel {
    return this.#level;
  }

  /** Only keyframes are decoded at present. */
  get keyframesOnly(): boolean {
    return this.#keyframesOnly;
  }

  /**
   * Milliseconds until the keyframe that decoding goes on with, negative when that is overdue; null
   * while every packet may be decoded. 0 when it cannot be told.
   */
  resumesInMs(nowMs: SteadyMs): number | null {
    if (this.#state === "awake" && !this.#keyframesOnly) return null;
    const { nextAtMs } = this.keyframes;
    return nextAtMs === null ? 0 : nextAtMs - nowMs;
  }

  decide(packet: Candidate): PacketDecision {
    if (packet.isKey) this.keyframes.note(packet.atMs);
    else this.keyframes.packet();
    if (packet.isCorrupt) {
      this.#state = "waiting";
      return UNUSABLE;
    }
    if (!packet.wanted && !packet.pictureWanted) {
      const isBeginning = packet.isKey || packet.isRecoveryPoint;
      if (this.#state === "awake" || isBeginning) this.#state = "asleep";
      if (this.#setting === "auto") this.#level = "none";
      return SKIP.unwanted;
    }
    if (packet.isKey) {
      this.#caughtUp = false;
      this.#chooseLevel(packet);
      if (this.#isLeftToLater(packet)) return SKIP.keyframes;
      this.#state = "awake";
      return DECODE;
    }
    if (this.#keyframesOnly) {
      if (this.#setting === "auto" && this.#mustCatchUp(packet)) return this.#catchUp();
      if (this.#state === "awake") this.#state = "asleep";
      return SKIP.keyframes;
    }
    if (packet.isRecoveryPoint && this.#canOnlyBegin(packet)) this.#state = "awake";
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
      this.#leftOut = true;
      if (!this.#slept) this.#level = "nonref";
      return SKIP.nonref;
    }
    return DECODE;
  }

  /** Nothing is there that decoding could go on from. */
  #canOnlyBegin({ buffer }: Candidate): boolean {
    return this.#state === "waiting" || buffer === "incomplete";
  }

  #catchUp(): PacketDecision {
    this.#state = "awake";
    this.#caughtUp = true;
    this.#keyframesOnly = false;
    this.#level = "all";
    return CATCH_UP;
  }

  /** A picture is wanted now, and no keyframe is at hand that would give one. */
  #mustCatchUp(packet: Candidate): boolean {
    const { buffer, frameMs, pictureWanted, dueNextInMs, isTooSlow } = packet;
    if (buffer === "incomplete" || this.#state === "waiting" || isTooSlow) return false;
    if (buffer === "full") return true;
    if (pictureWanted) return true;
    return frameMs !== null && dueNextInMs <= DUE_FRAMES * frameMs &&
      !this.#isKeyframeNear(packet.atMs, frameMs);
  }

  #isKeyframeNear(nowMs: SteadyMs, frameMs: number): boolean {
    const { nextAtMs, intervalMs, packetsLeft } = this.keyframes;
    if (nextAtMs === null || intervalMs === null || packetsLeft < 0) return false;
    const untilKeyMs = nextAtMs - nowMs;
    if (packetsLeft <= NEAR_FRAMES) return true;
    // Where keyframes alone are decoded, the nearest to the due time is the one that is taken.
    const nearMs = Math.max(NEAR_FRAMES * frameMs, this.#keyframesOnly ? intervalMs / 2 : 0);
    return untilKeyMs >= -OVERDUE_FRAMES * frameMs && untilKeyMs <= nearMs;
  }

  /** At a keyframe, where any level can begin. */
  #chooseLevel(packet: Candidate): void {
    if (this.#setting !== "auto") return;
    const { intervalMs } = this.keyframes;
    // Keyframes that came all at once say nothing of their cadence.
    this.#keyframesOnly = packet.wanted && intervalMs !== null && intervalMs > 0 &&
      packet.periodMs >= intervalMs * (1 - SAME);
    if (this.#keyframesOnly) this.#level = "keyframes";
    else if (this.#slept) this.#level = "gop";
    else this.#level = this.#leftOut ? "nonref" : "all";
    this.#slept = false;
    this.#leftOut = false;
  }

  /** Another keyframe will be nearer to when a detector is due. */
  #isLeftToLater({ pictureWanted, dueInMs }: Candidate): boolean {
    const { intervalMs } = this.keyframes;
    return this.#setting === "auto" && this.#keyframesOnly && this.#state !== "waiting" &&
      !pictureWanted && intervalMs !== null && dueInMs > intervalMs / 2;
  }

  /** Nobody is due before the next keyframe, and that is some frames away. */
  #maySleep(packet: Candidate): boolean {
    const { atMs, frameMs, pictureWanted, dueInMs, buffer, holdsBack } = packet;
    const { nextAtMs, intervalMs } = this.keyframes;
    // What may be wrong about the keyframe must not make anybody wait, nor decode a GOP time and again.
    if (buffer !== "complete" || (this.#caughtUp && holdsBack)) return false;
    if (nextAtMs === null || intervalMs === null || frameMs === null || pictureWanted) return false;
    const untilKeyMs = nextAtMs - atMs;
    const leastMs = Math.max(MIN_SLEEP_FRAMES * frameMs, MIN_SLEEP_PART * intervalMs);
    return untilKeyMs >= leastMs && dueInMs >= untilKeyMs - EARLY_FRAMES * frameMs;
  }

  /** This picture may be the nearest to when a detector is due, or push that one out. */
  #isWantedSoon({ frameMs, pictureWanted, dueInMs }: Candidate): boolean {
    return frameMs === null || pictureWanted || dueInMs <= WAKE_FRAMES * frameMs;
  }
}
