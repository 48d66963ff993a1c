import type { MailboxAccount } from "../core/accounts.ts";
import type { Subscription } from "../core/camera_types.ts";
import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";
import {
  EARLY_FRAMES,
  FALLBACK_DELAY_MS,
  FRAME_DRIVEN_MS,
  FRESH_FRAMES,
} from "../pacing/tolerances.ts";
import { type Alignment, RateLimiter } from "../pacing/rate_limiter.ts";
import { type BusLedger, MailboxLedger } from "./ledger.ts";
import { Mailbox } from "./mailbox.ts";
import type { PacingView } from "./pacing_view.ts";

/** A decoded frame that several mailboxes may hold at once; the last to release it frees it. */
export interface BusFrame {
  readonly seq: number;
  /** When its packet arrived. */
  readonly arrivedAtMs: SteadyMs;
  /** When it is presented, at even intervals: the same, except where packets are reordered. */
  readonly shownAtMs: SteadyMs;
  retain(): void;
  release(): void;
}

/** What the mailboxes of one camera share; the mailbox owns none of it. */
export interface MailboxContext {
  readonly clock: Clock;
  /** A frame older than this is never delivered. */
  readonly stallTimeoutMs: number;
  readonly ledger: Pick<BusLedger, "undecodedTotal">;
  readonly pacing: PacingView;
  /** Notifies the detector's workers that there is a frame to take. */
  readonly announce: (detector: string, seq: number) => void;
}

/**
 * One detector's mailbox at one camera: the newest frame, when it is due, and the account.
 *
 * A frame is announced once, when the detector is due; the frame that a worker then takes is the
 * newest one. A frame that is displaced before it was announced is counted as `rate`, after that as
 * `overwritten`.
 */
export class DetectorMailbox<F extends BusFrame> {
  readonly detector: string;
  readonly #context: MailboxContext;
  readonly #mailbox = new Mailbox<F>();
  readonly #ledger = new MailboxLedger();
  readonly #limiter: RateLimiter;
  #paused: boolean;
  #announced = false;
  #cancelTimer: Cancel | null = null;
  #cancelFallback: Cancel | null = null;
  #waitedForFresh = false;
  #skippedBefore: number;

  constructor(subscription: Subscription, context: MailboxContext) {
    this.detector = subscription.detector;
    this.#context = context;
    this.#limiter = new RateLimiter(subscription.rateHz);
    this.#paused = subscription.paused;
    this.#skippedBefore = context.ledger.undecodedTotal;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The time between deliveries; 0 when every frame is wanted. */
  get periodMs(): number {
    return this.#limiter.periodMs ?? 0;
  }

  /** Milliseconds until the detector is due; 0 while it is, or a frame waits for a busy worker. */
  dueInMs(nowMs: SteadyMs): number {
    return this.#announced ? 0 : this.#limiter.waitMs(nowMs);
  }

  /** The same, if a frame that waits for a worker were taken now. */
  dueNextInMs(nowMs: SteadyMs): number {
    return this.#announced ? this.#limiter.waitAfterMs(nowMs) : this.#limiter.waitMs(nowMs);
  }

  /** Shifts the due times towards the camera's keyframes; see {@link RateLimiter.align}. */
  align(keyframes: Alignment): void {
    this.#limiter.align(keyframes);
  }

  /** Drops a waiting frame that is not due: no newer one follows for a while, and it would be late. */
  dropNotDue(): void {
    if (!this.#announced) this.#discard("rate");
  }

  /** The sequence number of the frame that may be taken now, or null. */
  get announcedSeq(): number | null {
    return this.#announced ? this.#mailbox.held?.seq ?? null : null;
  }

  /** Offers a frame; the mailbox retains it if it keeps it. Never waits. */
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

  /** Counts a frame that was decoded only because a later one refers to it. */
  countCatchUp(): void {
    this.#ledger.offered();
    this.#ledger.dropped(this.#paused ? "paused" : "catchup");
  }

  /**
   * Passes the newest frame to `use` and counts it as processed, if one was announced and is not stale.
   *
   * @param use  gets the frame, valid until it returns, and how many frames were skipped or dropped since
   *             the last delivery
   * @returns what `use` returned, or null when there is nothing to deliver
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
      // May decrease: a buffered frame is undecoded until a catch-up finds it corrupt.
      const dropsSinceLast = Math.max(0, this.#skippedTotal - this.#skippedBefore);
      const result = use(frame, dropsSinceLast);
      this.#limiter.delivered(nowMs);
      this.#ledger.processed();
      this.#skippedBefore = this.#skippedTotal;
      return result;
    } catch (error) {
      this.#ledger.dropped("unconvertible");
      throw error;
    } finally {
      frame.release();
    }
  }

  /** The frame delivered last was lost with its worker. */
  lost(): void {
    this.#ledger.lost();
  }

  /** Pauses, resumes or changes the rate; in force from the next frame. */
  update(change: { rateHz: number | null; paused: boolean }): void {
    const nowMs = this.#context.clock.nowMs();
    if (change.rateHz !== this.#limiter.rateHz) {
      this.#limiter.setRate(change.rateHz, nowMs, this.#announced);
    }
    this.#paused = change.paused;
    if (change.paused) this.#discard("paused");
    const { held } = this.#mailbox;
    if (held !== null && !this.#announced) {
      this.#cancel();
      this.#announceWhenDue(held.shownAtMs);
    }
  }

  /** Releases the waiting frame and cancels the timers; the account stays readable. */
  close(): void {
    this.#discard("shutdown");
    this.#cancelFallback?.();
    this.#cancelFallback = null;
  }

  account(): MailboxAccount {
    return this.#ledger.account({
      detector: this.detector,
      paused: this.#paused,
      rateHz: this.#limiter.rateHz,
      waiting: this.#mailbox.held === null ? 0 : 1,
    });
  }

  /** Frames that were skipped by the decoder or dropped here, in all. */
  get #skippedTotal(): number {
    return this.#ledger.droppedTotal + this.#context.ledger.undecodedTotal;
  }

  /**
   * Announces a fresh frame that is the nearest to the due time, up to {@link EARLY_FRAMES} early, so that
   * it does not age while it waits. The presentation time decides, not how long decoding took. The due
   * times are not shifted, so the rate stays exact.
   */
  #announceWhenDue(shownAtMs: SteadyMs): void {
    const earlyMs = this.#limiter.waitMs(shownAtMs);
    const { intervalMs } = this.#context.pacing.frames;
    if (earlyMs <= (intervalMs ?? 0) * EARLY_FRAMES) return this.#announce();
    const waitMs = this.#limiter.waitMs(this.#context.clock.nowMs());
    if (intervalMs !== null && intervalMs <= FRAME_DRIVEN_MS) this.#armFallback(waitMs);
    else if (this.#cancelTimer === null) this.#arm(waitMs);
  }

  /** Sets the fallback timer, in case the frame that is due never comes. */
  #armFallback(waitMs: number): void {
    if (this.#cancelFallback !== null) return;
    this.#cancelFallback = this.#context.clock.after(Math.max(waitMs, FALLBACK_DELAY_MS), () => {
      this.#cancelFallback = null;
      if (this.#mailbox.held === null || this.#announced || this.#cancelTimer !== null) return;
      const stillMs = this.#limiter.waitMs(this.#context.clock.nowMs());
      if (stillMs > 0) this.#armFallback(stillMs);
      else this.#onDue();
    });
  }

  /** At the due time a frame has waited: prefers one that is expected within {@link FRESH_FRAMES}. */
  #onDue(): void {
    this.#cancelTimer = null;
    if (this.#mailbox.held === null || this.#announced) return;
    const nowMs = this.#context.clock.nowMs();
    const waitMs = this.#limiter.waitMs(nowMs);
    if (waitMs > 0) return this.#arm(waitMs);
    const { pacing } = this.#context;
    const { intervalMs, nextAtMs } = pacing.frames;
    if (intervalMs !== null && nextAtMs !== null && !this.#waitedForFresh) {
      if (pacing.isBehind()) {
        this.#waitedForFresh = true;
        return this.#arm(intervalMs);
      }
      const untilFreshMs = nextAtMs - nowMs;
      const toleranceMs = FRESH_FRAMES * intervalMs;
      if (Math.abs(untilFreshMs) <= toleranceMs) {
        this.#waitedForFresh = true;
        return this.#arm(untilFreshMs + toleranceMs);
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
