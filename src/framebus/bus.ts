import type { CameraAccount, MailboxAccount } from "../core/accounts.ts";
import type { Clock } from "../core/clock.ts";
import { LifecycleError } from "../core/errors.ts";
import type { Subscription } from "../core/messages.ts";
import { type BusFrame, DetectorMailbox } from "./detector_mailbox.ts";
import { CameraLedger } from "./ledger.ts";
import { Rhythm } from "./rhythm.ts";

/** Detectors that one camera serves at most; more is a mistake in the configuration. */
export const MAX_DETECTORS_PER_CAMERA = 64;

/** What a bus needs from its camera. */
export interface BusOptions {
  readonly clock: Clock;
  /** A frame older than this is never handed out. */
  readonly stallTimeoutMs: number;
  /** Tells the workers of a detector that a frame waits for them. */
  readonly announce: (detector: string, seq: number) => void;
}

/**
 * The frame bus of one camera: every decoded frame is offered to every registered detector's
 * mailbox, in which the newest wins. Distributing never waits and copies nothing.
 *
 * `created → started → stopped`; detectors may come and go in the first two.
 */
export class FrameBus<F extends BusFrame> {
  /** The camera's own account; the stream writes what it did not decode and what was damaged. */
  readonly ledger = new CameraLedger();
  readonly rhythm = new Rhythm();
  readonly #options: BusOptions;
  readonly #mailboxes = new Map<string, DetectorMailbox<F>>();
  #state: "created" | "started" | "stopped" = "created";

  constructor(options: BusOptions) {
    this.#options = options;
  }

  get state(): "created" | "started" | "stopped" {
    return this.#state;
  }

  /** Whether any detector would take a frame now or later: one is registered and not paused. */
  get wanted(): boolean {
    for (const mailbox of this.#mailboxes.values()) if (!mailbox.paused) return true;
    return false;
  }

  /** Gives a detector its mailbox. @throws LifecycleError for a second one, or after `stop` */
  register(subscription: Subscription): void {
    this.#require("register", "created", "started");
    const { detector } = subscription;
    if (this.#mailboxes.has(detector)) {
      throw new LifecycleError(`detector "${detector}" is registered already`);
    }
    if (this.#mailboxes.size >= MAX_DETECTORS_PER_CAMERA) {
      throw new LifecycleError(`more than ${MAX_DETECTORS_PER_CAMERA} detectors on one camera`);
    }
    const { clock, stallTimeoutMs, announce } = this.#options;
    const context = {
      clock,
      stallTimeoutMs,
      announce,
      rhythm: this.rhythm,
      undecodedTotal: () => this.ledger.undecodedTotal,
    };
    this.#mailboxes.set(detector, new DetectorMailbox<F>(subscription, context));
  }

  /** Pauses, resumes or changes the rate of a registered detector, from the next frame on. */
  update(subscription: Subscription): void {
    this.#mailbox(subscription.detector).update(subscription);
  }

  /** Takes a detector's mailbox away and returns its closed account. */
  unregister(detector: string): MailboxAccount {
    const mailbox = this.#mailbox(detector);
    mailbox.close();
    this.#mailboxes.delete(detector);
    return mailbox.account();
  }

  has(detector: string): boolean {
    return this.#mailboxes.has(detector);
  }

  start(): void {
    this.#require("start", "created");
    this.#state = "started";
  }

  /**
   * Counts a decoded frame and offers it to every mailbox. The caller keeps its own hold on the
   * frame and releases it afterwards.
   */
  distribute(frame: F): void {
    this.#require("distribute", "started");
    this.ledger.decoded();
    this.rhythm.beat(frame.arrivedAtMs);
    for (const mailbox of this.#mailboxes.values()) mailbox.offer(frame);
  }

  /** The frame a detector may take now, or null; see {@link DetectorMailbox.announcedSeq}. */
  announcedSeq(detector: string): number | null {
    return this.#mailboxes.get(detector)?.announcedSeq ?? null;
  }

  /** Hands a detector its newest frame; see {@link DetectorMailbox.deliver}. */
  deliver<R>(detector: string, use: (frame: F, dropsSinceLast: number) => R): R | null {
    return this.#mailboxes.get(detector)?.deliver(use) ?? null;
  }

  /** A worker was given up with a frame of this camera in hand. */
  lost(detector: string): void {
    this.#mailboxes.get(detector)?.lost();
  }

  /** Lets go of every waiting frame. Twice is harmless; the account stays readable. */
  stop(): void {
    this.#state = "stopped";
    for (const mailbox of this.#mailboxes.values()) mailbox.close();
  }

  /** The whole account at this moment; it closes. */
  account(): CameraAccount {
    return this.ledger.account([...this.#mailboxes.values()].map((mailbox) => mailbox.account()));
  }

  #mailbox(detector: string): DetectorMailbox<F> {
    const mailbox = this.#mailboxes.get(detector);
    if (mailbox === undefined) throw new LifecycleError(`no detector "${detector}" is registered`);
    return mailbox;
  }

  #require(action: string, ...states: (typeof this.state)[]): void {
    if (states.includes(this.#state)) return;
    throw new LifecycleError(`cannot ${action} a frame bus that is ${this.#state}`);
  }
}
