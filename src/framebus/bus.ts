import type { CameraAccount, MailboxAccount } from "../core/accounts.ts";
import type { Subscription } from "../core/camera_types.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import { LifecycleError } from "../core/errors.ts";
import type { Alignment } from "../pacing/rate_limiter.ts";
import { type BusFrame, DetectorMailbox } from "./detector_mailbox.ts";
import type { BusLedger, FrameState } from "./ledger.ts";
import type { PacingView } from "./pacing_view.ts";

/** Detectors per camera at most; more is a mistake in the configuration. */
export const MAX_DETECTORS_PER_CAMERA = 64;

/** What a bus works with; it owns none of it. */
export interface BusOptions {
  readonly clock: Clock;
  /** A frame older than this is never delivered; read each time. */
  readonly stallTimeoutMs: number;
  /** The bus's side of the camera's account. */
  readonly ledger: BusLedger;
  readonly pacing: PacingView;
  /** Notifies the workers of a detector that a frame waits for them. */
  readonly announce: (detector: string, seq: number) => void;
  /** A detector was registered, changed or removed, and another may be due than expected. */
  readonly onDemandChanged: () => void;
}

/**
 * The frame bus of one camera: every decoded frame is offered to every registered detector's
 * mailbox, in which the newest wins. Distributing never waits and copies nothing.
 *
 * `created → started → stopped`; detectors may be added and removed in the first two.
 */
export class FrameBus<F extends BusFrame> {
  readonly #options: BusOptions;
  readonly #mailboxes = new Map<string, DetectorMailbox<F>>();
  #state: "created" | "started" | "stopped" = "created";
  #distributedAtMs: number | null = null;

  constructor(options: BusOptions) {
    this.#options = options;
  }

  get state(): "created" | "started" | "stopped" {
    return this.#state;
  }

  /** Whether any detector takes frames, now or later: one is registered and not paused. */
  get isWanted(): boolean {
    for (const mailbox of this.#mailboxes.values()) if (!mailbox.paused) return true;
    return false;
  }

  /** The shortest period of the detectors that are not paused; 0 when one of them takes every frame. */
  get periodMs(): number {
    return this.#least((mailbox) => mailbox.periodMs);
  }

  /** Milliseconds until the first of them is due; 0 while one is. */
  dueInMs(nowMs: SteadyMs): number {
    return this.#least((mailbox) => mailbox.dueInMs(nowMs));
  }

  /** The same, if every frame that waits for a worker were taken now. */
  dueNextInMs(nowMs: SteadyMs): number {
    return this.#least((mailbox) => mailbox.dueNextInMs(nowMs));
  }

  /** Shifts every detector's due times towards the camera's keyframes, where its rate permits that. */
  align(keyframes: Alignment): void {
    for (const mailbox of this.#mailboxes.values()) mailbox.align(keyframes);
  }

  /** Drops every waiting frame that is not due, as `rate`: nothing is decoded for a while. */
  dropNotDue(): void {
    for (const mailbox of this.#mailboxes.values()) mailbox.dropNotDue();
  }

  /** Creates a detector's mailbox. @throws LifecycleError for a second one, or after `stop` */
  register(subscription: Subscription): void {
    this.#require("register", "created", "started");
    const { detector } = subscription;
    if (this.#mailboxes.has(detector)) {
      throw new LifecycleError(`detector "${detector}" is registered already`);
    }
    if (this.#mailboxes.size >= MAX_DETECTORS_PER_CAMERA) {
      throw new LifecycleError(`more than ${MAX_DETECTORS_PER_CAMERA} detectors on one camera`);
    }
    this.#mailboxes.set(detector, new DetectorMailbox<F>(subscription, this.#options));
    this.#options.onDemandChanged();
  }

  /** Pauses, resumes or changes the rate of a registered detector, from the next frame on. */
  update(subscription: Subscription): void {
    this.#mailbox(subscription.detector).update(subscription);
    this.#options.onDemandChanged();
  }

  /** Removes a detector's mailbox and returns its closed account. */
  unregister(detector: string): MailboxAccount {
    const mailbox = this.#mailbox(detector);
    mailbox.close();
    this.#mailboxes.delete(detector);
    this.#options.onDemandChanged();
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
    this.#options.ledger.decoded();
    this.#distributedAtMs = this.#options.clock.nowMs();
    for (const mailbox of this.#mailboxes.values()) mailbox.offer(frame);
  }

  /**
   * Counts a frame that was decoded only because a later one refers to it; it is offered to no detector.
   * @param from  its state in the camera's ledger; not `settled`
   */
  countCatchUp(from: FrameState): void {
    this.#options.ledger.decoded(from);
    for (const mailbox of this.#mailboxes.values()) mailbox.countCatchUp();
  }

  /** How long ago the newest frame was distributed; null before the first one. */
  distributedAgoMs(nowMs: SteadyMs): number | null {
    return this.#distributedAtMs === null ? null : nowMs - this.#distributedAtMs;
  }

  /** The frame a detector may take now, or null; see {@link DetectorMailbox.announcedSeq}. */
  announcedSeq(detector: string): number | null {
    return this.#mailboxes.get(detector)?.announcedSeq ?? null;
  }

  /** Delivers a detector's newest frame; see {@link DetectorMailbox.deliver}. */
  deliver<R>(detector: string, use: (frame: F, dropsSinceLast: number) => R): R | null {
    return this.#mailboxes.get(detector)?.deliver(use) ?? null;
  }

  /** A worker was abandoned while it held a frame of this camera. */
  lost(detector: string): void {
    this.#mailboxes.get(detector)?.lost();
  }

  /** Releases every waiting frame. Twice is harmless; the account stays readable. */
  stop(): void {
    this.#state = "stopped";
    for (const mailbox of this.#mailboxes.values()) mailbox.close();
  }

  /** The whole account at this moment; it closes. */
  account(): CameraAccount {
    const detectors = [...this.#mailboxes.values()].map((mailbox) => mailbox.account());
    return this.#options.ledger.account(detectors);
  }

  /** The least of the detectors that are not paused; Infinity without any. */
  #least(ofOne: (mailbox: DetectorMailbox<F>) => number): number {
    let least = Infinity;
    for (const mailbox of this.#mailboxes.values()) {
      if (!mailbox.paused) least = Math.min(least, ofOne(mailbox));
    }
    return least;
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
