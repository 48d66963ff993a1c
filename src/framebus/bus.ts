import type { CameraAccount, MailboxAccount } from "../core/accounts.ts";
import type { Subscription } from "../core/camera_types.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import { LifecycleError } from "../core/errors.ts";
import { type BusFrame, DetectorMailbox } from "./detector_mailbox.ts";
import { CameraLedger, type FrameState } from "./ledger.ts";
import { Cadence } from "../pacing/cadence.ts";

/** Detectors that one camera serves at most; more is a mistake in the configuration. */
export const MAX_DETECTORS_PER_CAMERA = 64;

/** When pictures come. */
export interface FrameCadence {
  /** Milliseconds from one to the next, or null when that is not known. */
  readonly intervalMs: number | null;
  /** When the next one is expected, or null. */
  readonly nextAtMs: SteadyMs | null;
}

/** Reads a camera's packets, and leaves them unread while no detector is due. */
export interface BusReader {
  /** Whether frames have arrived that were not offered yet. */
  isBehind(): boolean;
  /** A detector may be due earlier than was expected. */
  wake(): void;
  /** Settles when the newest frame was offered, or none came in time. */
  catchUp(): Promise<void>;
}

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
  /** The camera's frames, whether decoded or not; the stream tells of each that arrives. */
  readonly cadence = new Cadence();
  /**
   * The camera's pictures where fewer are decoded than frames come, as for keyframes only: the time
   * between them and when the next is expected. null: as {@link cadence}.
   */
  frameCadence: FrameCadence | null = null;
  /** What reads the camera, while it is connected. */
  reader: BusReader | null = null;
  readonly #options: BusOptions;
  readonly #mailboxes = new Map<string, DetectorMailbox<F>>();
  readonly #expected: FrameCadence;
  #state: "created" | "started" | "stopped" = "created";
  #distributedAtMs: number | null = null;

  constructor(options: BusOptions) {
    this.#options = options;
    const current = () => this.frameCadence ?? this.cadence;
    this.#expected = {
      get intervalMs() {
        return current().intervalMs;
      },
      get nextAtMs() {
        return current().nextAtMs;
      },
    };
  }

  get state(): "created" | "started" | "stopped" {
    return this.#state;
  }

  /** Whether any detector would take a frame now or later: one is registered and not paused. */
  get wanted(): boolean {
    for (const mailbox of this.#mailboxes.values()) if (!mailbox.paused) return true;
    return false;
  }

  /** The shortest period of the detectors that are not paused; 0 when one of them wants every frame. */
  get periodMs(): number {
    return this.#least((mailbox) => mailbox.periodMs);
  }

  /** Milliseconds until the first of them wants a frame; 0 while one does. */
  dueInMs(nowMs: SteadyMs): number {
    return this.#least((mailbox) => mailbox.dueInMs(nowMs));
  }

  /** The same, should every frame that waits for a worker be taken at this moment. */
  dueNextInMs(nowMs: SteadyMs): number {
    return this.#least((mailbox) => mailbox.dueNextInMs(nowMs));
  }

  /** Moves every detector's due times towards the camera's keyframes, where its rate allows that. */
  follow(beat: { readonly atMs: SteadyMs; readonly everyMs: number }): void {
    for (const mailbox of this.#mailboxes.values()) mailbox.follow(beat);
  }

  /** Nothing is decoded for a while: what waits and is not due is let go of, counted as `rate`. */
  rest(): void {
    for (const mailbox of this.#mailboxes.values()) mailbox.rest();
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
      cadence: this.#expected,
      isBehind: () => this.reader?.isBehind() ?? false,
      undecodedTotal: () => this.ledger.undecodedTotal,
    };
    this.#mailboxes.set(detector, new DetectorMailbox<F>(subscription, context));
    this.reader?.wake();
  }

  /** Pauses, resumes or changes the rate of a registered detector, from the next frame on. */
  update(subscription: Subscription): void {
    this.#mailbox(subscription.detector).update(subscription);
    this.reader?.wake();
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
    this.#distributedAtMs = this.#options.clock.nowMs();
    for (const mailbox of this.#mailboxes.values()) mailbox.offer(frame);
  }

  /**
   * Counts a frame that was decoded on the way to a later one: no detector is offered it.
   * @param from  where it stood in the camera's ledger; not `settled`
   */
  passOver(from: FrameState): void {
    this.ledger.decoded(from);
    for (const mailbox of this.#mailboxes.values()) mailbox.passOver();
  }

  /** How long ago the newest frame was distributed; null before the first one. */
  distributedAgoMs(nowMs: SteadyMs): number | null {
    return this.#distributedAtMs === null ? null : nowMs - this.#distributedAtMs;
  }

  /** The frame a detector may take now, or null; see {@link DetectorMailbox.announcedSeq}. */
  announcedSeq(detector: string): number | null {
    return this.#mailboxes.get(detector)?.announcedSeq ?? null;
  }

  /**
   * What to wait for before a detector takes the frame that was announced to it, so that it gets the
   * newest; null when it has that already.
   */
  untilNewest(detector: string): Promise<void> | null {
    const { reader } = this;
    if (reader === null || this.announcedSeq(detector) === null || !reader.isBehind()) return null;
    return reader.catchUp();
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
