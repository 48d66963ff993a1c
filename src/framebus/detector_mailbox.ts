import type { MailboxAccount } from "../core/accounts.ts";
import type { Subscription } from "../core/camera_types.ts";
import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";
import { MailboxLedger } from "./ledger.ts";
import { Mailbox } from "./mailbox.ts";
import { EARLY_FRAMES } from "../pacing/tolerances.ts";
import { RateLimiter } from "../pacing/rate_limiter.ts";

/**
 * Frames that are no further apart than this are themselves the clock: the one that is nearest to the due
 * time comes about then. Whether it did is looked at this much later, for a camera that fell silent. A
 * timer for each frame would mostly be cancelled, and would wake the thread all the same.
 */
const CLOSE_MS = 125;
const LOOK_AFTER_MS = 250;

/** A decoded picture that several mailboxes may hold at once; the last to release it frees it. */
export interface BusFrame {
  readonly seq: number;
  /** When its packet arrived. */
  readonly arrivedAtMs: SteadyMs;
  /** When it is shown, at even distances: the same, but for frames whose packets change places. */
  readonly shownAtMs: SteadyMs;
  retain(): void;
  release(): void;
}

/** What a mailbox shares with the others of its camera. */
export interface MailboxContext {
  readonly clock: Clock;
  /** A frame older than this is never handed out. */
  readonly stallTimeoutMs: number;
  /** The time between the camera's pictures as expected, and when the next one is. */
  readonly cadence: { readonly intervalMs: number | null; readonly nextAtMs: SteadyMs | null };
  /** Whether frames have arrived that were not read yet: what is held is not the newest. */
  isBehind(): boolean;
  /** The camera's frames that were not decoded, so far. */
  undecodedTotal(): number;
  /** Tells the detector's workers that there is a frame to take. */
  announce(detector: string, seq: number): void;
}

/**
 * One detector's place at one camera: the newest frame, when it is due, and the account.
 *
 * A frame is announced once, when the detector is due; the frame that a worker then takes is the
 * newest there is. What an unannounced frame displaces is counted as `rate`, what an announced one
 * displaces as `overwritten`.
 */
export class DetectorMailbox<F extends BusFrame> {
  readonly detector: string;
  readonly #context: MailboxContext;
  readonly #mailbox = new Mailbox<F>();
  readonly #ledger = new MailboxLedger();
  readonly #gate: RateLimiter;
  #paused: boolean;
  #announced = false;
  #cancelTimer: Cancel | null = null;
  #cancelLook: Cancel | null = null;
  #waitedForFresh = false;
  #leftOutBefore: number;

  constructor(subscription: Subscription, context: MailboxContext) {
    this.detector = subscription.detector;
    this.#context = context;
    this.#gate = new RateLimiter(subscription.rateHz);
    this.#paused = subscription.paused;
    this.#leftOutBefore = context.undecodedTotal();
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The time between deliveries; 0 when every frame is wanted. */
  get periodMs(): number {
    return this.#gate.periodMs ?? 0;
  }

  /** Milliseconds until the next frame is wanted; 0 while one is, or waits for a busy worker. */
  dueInMs(nowMs: SteadyMs): number {
    return this.#announced ? 0 : this.#gate.waitMs(nowMs);
  }

  /** The same, should a frame that waits for a worker be taken at this moment. */
  dueNextInMs(nowMs: SteadyMs): number {
    return this.#announced ? this.#gate.waitAfterMs(nowMs) : this.#gate.waitMs(nowMs);
  }

  /** Moves the due times towards the camera's keyframes; see {@link RateLimiter.follow}. */
  follow(beat: { readonly atMs: SteadyMs; readonly everyMs: number }): void {
    this.#gate.follow(beat);
  }

  /** No picture will come for a while: lets go of one that is not due, so that it is not taken late. */
  rest(): void {
    if (!this.#announced) this.#discard("rate");
  }

  /** The sequence number of the frame that may be taken now, or null. */
  get announcedSeq(): number | null {
    return this.#announced ? this.#mailbox.held?.seq ?? null : null;
  }

  /** Offers a frame; the mailbox retains it if it keeps it. Never waits, never throws for a full box. */
  offer(frame: F): void {
    this.#ledger.offered();
    if (this.#paused) return this.#ledger.dropped("paused");
    frame.retain();
    const displaced = this.#mailbox.put(frame);
    if (displaced !== null) {
      this.#ledger.dropped(this.#announced ? "overwritten" : "rate");
      displaced.release();
    }
    if (!this.#announced) this.#announceWhenDue(frame.shownAtMs);
  }

  /** A frame was decoded that a later one refers to; it is not offered. */
  passOver(): void {
    this.#ledger.offered();
    this.#ledger.dropped(this.#paused ? "paused" : "catchup");
  }

  /**
   * Hands the newest frame to `use` and counts it as processed, if one was announced and is fresh.
   *
   * @param use  gets the frame, valid until it returns, and how many frames were left out since the
   *             one before
   * @returns what `use` returned, or null when there is nothing to hand out
   * @throws what `use` throws; the frame is then counted as `unconvertible`
   */
  deliver<R>(use: (frame: F, dropsSinceLast: number) => R): R | null {
    if (!this.#announced) return null;
    const nowMs = this.#context.clock.nowMs();
    const frame = this.#empty();
    if (frame === null) return null;
    if (nowMs - frame.arrivedAtMs > this.#context.stallTimeoutMs) {
      this.#ledger.dropped("stale");
      frame.release();
      return null;
    }
    try {
      const leftOut = this.#ledger.droppedTotal + this.#context.undecodedTotal();
      // One that was left out, and turned out to be damaged when it was decoded after all, is neither.
      const result = use(frame, Math.max(0, leftOut - this.#leftOutBefore));
      this.#gate.delivered(nowMs);
      this.#ledger.processed();
      this.#leftOutBefore = this.#ledger.droppedTotal + this.#context.undecodedTotal();
      return result;
    } catch (error) {
      this.#ledger.dropped("unconvertible");
      throw error;
    } finally {
      frame.release();
    }
  }

  /** The frame handed out last was lost with its worker. */
  lost(): void {
    this.#ledger.lost();
  }

  /** Pauses or resumes, changes the rate; in force from the next frame. */
  update(change: { rateHz: number | null; paused: boolean }): void {
    const nowMs = this.#context.clock.nowMs();
    if (change.rateHz !== this.#gate.rateHz) this.#gate.setRate(change.rateHz, nowMs);
    this.#paused = change.paused;
    if (change.paused) this.#discard("paused");
    const { held } = this.#mailbox;
    if (held !== null && !this.#announced) {
      this.#cancel();
      this.#announceWhenDue(held.shownAtMs);
    }
  }

  /** Lets go of the waiting frame and of the timer; the account stays. */
  close(): void {
    this.#discard("shutdown");
    this.#cancelLook?.();
    this.#cancelLook = null;
  }

  account(): MailboxAccount {
    return this.#ledger.account({
      detector: this.detector,
      paused: this.#paused,
      rateHz: this.#gate.rateHz,
      waiting: this.#mailbox.held === null ? 0 : 1,
    });
  }

  /**
   * Of the frames around a due time the nearest is the one: a fresh frame is announced about half a
   * frame early, so that it need not grow old while it waits. Which one is nearest goes by when it
   * arrived, not by how long it was worked on. The due times stay where they are, so the rate is exact
   * all the same.
   */
  #announceWhenDue(shownAtMs: SteadyMs): void {
    const earlyMs = this.#gate.waitMs(shownAtMs);
    const { intervalMs } = this.#context.cadence;
    if (earlyMs <= (intervalMs ?? 0) * EARLY_FRAMES) return this.#announce();
    const waitMs = this.#gate.waitMs(this.#context.clock.nowMs());
    if (intervalMs !== null && intervalMs <= CLOSE_MS) this.#lookLater(waitMs);
    else if (this.#cancelTimer === null) this.#arm(waitMs);
  }

  /** Looks whether a frame that was due some time ago is still waiting. */
  #lookLater(waitMs: number): void {
    if (this.#cancelLook !== null) return;
    this.#cancelLook = this.#context.clock.after(Math.max(waitMs, LOOK_AFTER_MS), () => {
      this.#cancelLook = null;
      if (this.#mailbox.held === null || this.#announced || this.#cancelTimer !== null) return;
      const stillMs = this.#gate.waitMs(this.#context.clock.nowMs());
      if (stillMs > 0) this.#lookLater(stillMs);
      else this.#onDue();
    });
  }

  /** Due, with a frame that has waited: prefer one that is about to come, but for half a frame only. */
  #onDue(): void {
    this.#cancelTimer = null;
    if (this.#mailbox.held === null || this.#announced) return;
    const nowMs = this.#context.clock.nowMs();
    const waitMs = this.#gate.waitMs(nowMs);
    if (waitMs > 0) return this.#arm(waitMs);
    const { intervalMs, nextAtMs } = this.#context.cadence;
    if (intervalMs !== null && nextAtMs !== null && !this.#waitedForFresh) {
      if (this.#context.isBehind()) {
        this.#waitedForFresh = true;
        return this.#arm(intervalMs);
      }
      const untilFreshMs = nextAtMs - nowMs;
      if (Math.abs(untilFreshMs) <= intervalMs / 2) {
        this.#waitedForFresh = true;
        return this.#arm(untilFreshMs + intervalMs / 2);
      }
    }
    this.#announce();
  }

  #announce(): void {
    const held = this.#mailbox.held;
    if (held === null) return;
    this.#cancel();
    this.#announced = true;
    this.#context.announce(this.detector, held.seq);
  }

  #arm(delayMs: number): void {
    this.#cancelTimer = this.#context.clock.after(Math.ceil(delayMs), () => this.#onDue());
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#waitedForFresh = false;
  }

  #empty(): F | null {
    this.#cancel();
    this.#announced = false;
    return this.#mailbox.take();
  }

  #discard(reason: "paused" | "rate" | "shutdown"): void {
    const frame = this.#empty();
    if (frame === null) return;
    this.#ledger.dropped(reason);
    frame.release();
  }
}
