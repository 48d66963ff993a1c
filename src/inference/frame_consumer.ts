import type { Age } from "../core/age.ts";
import { assert, assertAttached, assertNever } from "../core/assert.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import type { FrameMeta, SentFrame } from "../core/frame_meta.ts";
import type { ToConsumer } from "../core/messages.ts";
import { barsKey, bufferBytes, type InputPolicy } from "../core/model_input.ts";
import type { ConsumerPort } from "./consumer_port.ts";

/**
 * How long to wait for the answer of a camera while another one has a frame. A conversion takes a few
 * milliseconds; a capture thread that catches up or hangs takes seconds, or never answers.
 */
export const ANSWER_MS = 30;

/** Unused tensors that are kept: the consumer's own, and the spare of a late answer. */
const MAX_FREE_TENSORS = 2;

/** Options of a {@link FrameConsumer}. */
export interface FrameConsumerOptions {
  readonly input: InputPolicy;
  readonly clock: Clock;
  /**
   * Infers one frame and sends its result. May read `tensor` until it settles, and must not keep or
   * transfer it. Handles its own failures: a rejection ends the consumer.
   */
  readonly infer: (meta: FrameMeta, tensor: ArrayBuffer, age: Age) => Promise<void>;
  /** Called once when the consumer fails. */
  readonly fail: (error: unknown) => void;
}

/** A buffer for every size of the input, and the key of the letterbox bars it holds; null when it is new. */
interface Tensor {
  readonly buffer: ArrayBuffer;
  readonly bars: string | null;
}

/** A frame of a camera, in a tensor. */
interface Filled extends SentFrame {
  readonly buffer: ArrayBuffer;
}

interface Link {
  readonly camera: string;
  readonly port: ConsumerPort;
  /** The camera has announced a frame. */
  available: boolean;
  /** Sequence number of its last request, or else of its attachment. */
  askedAt: number;
  /** The tensor of the unanswered request, at most one. */
  lent: { readonly bars: string | null } | null;
}

/** The camera whose answer is pending; after {@link ANSWER_MS} others are asked. */
interface Asked {
  readonly link: Link;
  readonly atMs: number;
}

/**
 * Takes one frame at a time, from the least recently asked camera, into the one tensor it owns.
 *
 * Event-driven: between a camera's `available` and its `take`, every other camera is served at most once,
 * so cameras that always have a frame share the worker equally.
 *
 * A camera that does not answer holds the tensor it was lent, and blocks nothing else: after
 * {@link ANSWER_MS} the others are asked with a spare one. There is at most one tensor per camera that owes
 * an answer, and one more. A late frame is inferred next, because its camera has counted it; its tensor
 * then replaces the spare.
 */
export class FrameConsumer {
  readonly #options: FrameConsumerOptions;
  readonly #links = new Map<string, Link>();
  readonly #free: Tensor[] = [];
  /** Frames of cameras that answered late, queued behind the current one. */
  readonly #filled: Filled[] = [];
  #asked: Asked | null = null;
  #inferring = false;
  #cancelTimeoutCheck: Cancel | null = null;
  #count = 0;
  #lost = 0;
  #spares = 0;
  #stopping = false;
  #failed = false;
  readonly #idle: (() => void)[] = [];

  constructor(options: FrameConsumerOptions) {
    this.#options = options;
    this.#free.push(this.#allocate());
  }

  /** Number of tensors that were lost with detached cameras. */
  get lost(): number {
    return this.#lost;
  }

  /** Number of spare tensors that were allocated, because cameras or detached links held the others. */
  get spares(): number {
    return this.#spares;
  }

  /** Serves a camera from now on, and closes its previous link. */
  attach(camera: string, port: ConsumerPort): void {
    this.detach(camera);
    if (this.#stopping) return port.close();
    const link: Link = { camera, port, available: false, askedAt: ++this.#count, lent: null };
    this.#links.set(camera, link);
    port.open((message) => this.#guard(() => this.#receive(link, message)));
  }

  /** Stops serving a camera. A frame of it that was received is still inferred. */
  detach(camera: string): void {
    const link = this.#links.get(camera);
    if (link === undefined) return;
    this.#links.delete(camera);
    link.port.close();
    if (link.lent === null) return;
    // The lent tensor is lost with the port.
    this.#lost++;
    if (this.#asked?.link === link) this.#asked = null;
    this.#next();
  }

  /**
   * Stops taking frames. Resolves when every request is answered and every received frame inferred,
   * including frames in those answers, because their cameras have counted them.
   */
  stop(): Promise<void> {
    this.#stopping = true;
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#next();
    });
  }

  /** Detaches every camera without waiting for answers; received frames are still inferred. */
  abandon(): void {
    this.#stopping = true;
    for (const camera of [...this.#links.keys()]) this.detach(camera);
    this.#cancelTimeoutCheck?.();
  }

  #receive(link: Link, message: ToConsumer): void {
    // The message was in transit when its camera was detached.
    if (this.#links.get(link.camera) !== link) return;
    switch (message.kind) {
      case "available":
        link.available = true;
        return this.#next();
      case "none":
        this.#release(this.#answered(link, message.buffer));
        return this.#next();
      case "frame": {
        const { buffer } = this.#answered(link, message.buffer);
        this.#filled.push({ meta: message.meta, age: message.age, buffer });
        return this.#next();
      }
      default:
        return assertNever(message);
    }
  }

  /** Takes the tensor back from an answering camera. */
  #answered(link: Link, buffer: ArrayBuffer): Tensor {
    const { lent } = link;
    assert(lent !== null, `camera "${link.camera}" sent an answer without a request`);
    assertAttached(buffer, `the answer of camera "${link.camera}"`);
    const bytes = bufferBytes(this.#options.input);
    assert(
      buffer.byteLength === bytes,
      `camera "${link.camera}" answered with ${buffer.byteLength} of ${bytes} bytes`,
    );
    link.lent = null;
    if (this.#asked?.link === link) this.#asked = null;
    // Messages are ordered, so an `available` before this answer is outdated.
    link.available = false;
    return { buffer, bars: lent.bars };
  }

  /** Keeps an unused tensor for the next `take`, up to {@link MAX_FREE_TENSORS}. */
  #release(tensor: Tensor): void {
    assertAttached(tensor.buffer, "the tensor that came back");
    if (this.#free.length < MAX_FREE_TENSORS) this.#free.push(tensor);
  }

  /** Infers the next received frame, or asks the next camera. */
  #next(): void {
    if (this.#inferring) return;
    const filled = this.#filled.shift();
    if (filled !== undefined) return this.#infer(filled);
    if (this.#stopping) return this.#settleIdle();
    const link = this.#nextCamera();
    if (link === null) return;
    if (this.#asked === null) return this.#ask(link);
    this.#scheduleTimeoutCheck(this.#asked);
  }

  #infer({ meta, age, buffer }: Filled): void {
    this.#inferring = true;
    const tensor: Tensor = { buffer, bars: barsKey(meta.fit, this.#options.input.bars) };
    this.#options.infer(meta, buffer, age).then(
      () => {
        this.#inferring = false;
        this.#guard(() => {
          this.#release(tensor);
          this.#next();
        });
      },
      (error: unknown) => {
        this.#inferring = false;
        this.#fail(error);
      },
    );
  }

  #ask(link: Link): void {
    const { input, clock } = this.#options;
    let tensor = this.#free.pop();
    if (tensor === undefined) {
      this.#spares++;
      tensor = this.#allocate();
    }
    assertAttached(tensor.buffer, "the tensor to be filled");
    link.askedAt = ++this.#count;
    link.lent = { bars: tensor.bars };
    this.#asked = { link, atMs: clock.nowMs() };
    link.port.send({ kind: "take", input, buffer: tensor.buffer, barsKey: tensor.bars });
    if (this.#nextCamera() !== null) this.#scheduleTimeoutCheck(this.#asked);
  }

  /**
   * Schedules the check whether the pending answer is late, after which the others are served. There is
   * one timer at a time, which answers do not cancel: that would wake the thread as well.
   */
  #scheduleTimeoutCheck(asked: Asked): void {
    if (this.#cancelTimeoutCheck !== null) return;
    const { clock } = this.#options;
    const leftMs = asked.atMs + ANSWER_MS - clock.nowMs();
    this.#cancelTimeoutCheck = clock.after(
      Math.max(0, leftMs),
      () => this.#guard(() => this.#checkTimeout()),
    );
  }

  #checkTimeout(): void {
    this.#cancelTimeoutCheck = null;
    const { atMs = Infinity } = this.#asked ?? {};
    if (this.#options.clock.nowMs() - atMs >= ANSWER_MS) this.#asked = null;
    this.#next();
  }

  /** Resolves `stop` when no answer is pending any more. */
  #settleIdle(): void {
    this.#cancelTimeoutCheck?.();
    for (const link of this.#links.values()) if (link.lent !== null) return;
    for (const camera of [...this.#links.keys()]) this.detach(camera);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /**
   * Chooses the next camera: of those that have a frame and owe no answer, the least recently asked one.
   * The order of announcements would favour a camera whose frames arrive just after it was served.
   */
  #nextCamera(): Link | null {
    let next: Link | null = null;
    for (const link of this.#links.values()) {
      if (!link.available || link.lent !== null) continue;
      if (link.askedAt < (next?.askedAt ?? Infinity)) next = link;
    }
    return next;
  }

  #allocate(): Tensor {
    return { buffer: new ArrayBuffer(bufferBytes(this.#options.input)), bars: null };
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Detaches everything and reports the failure, once. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.abandon();
    this.#next();
    this.#options.fail(error);
  }
}
