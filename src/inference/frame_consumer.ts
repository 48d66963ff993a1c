import type { Age } from "../core/age.ts";
import { assert, assertAttached, assertNever } from "../core/assert.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import type { FrameMeta, SentFrame } from "../core/frame_meta.ts";
import type { ToConsumer } from "../core/messages.ts";
import { barsKey, inputBytes, type InputShape } from "../core/model_input.ts";
import type { ConsumerPort } from "./consumer_port.ts";

/**
 * How long a camera that was asked is waited for while another one has a frame. A conversion takes a
 * few milliseconds; a capture thread that catches up or hangs takes seconds, or for ever.
 */
export const ANSWER_MS = 30;

/** Tensors that are kept while nothing uses them: the consumer's own, and the spare of a late answer. */
const MAX_FREE_TENSORS = 2;

/** What a {@link FrameConsumer} works with. */
export interface FrameConsumerOptions {
  readonly input: InputShape;
  readonly clock: Clock;
  /**
   * Infers one frame and hands its result on. May read `tensor` until it settles, and must not keep
   * or transfer it. It sees to its own failures: a rejection ends the consumer.
   */
  readonly infer: (meta: FrameMeta, tensor: ArrayBuffer, age: Age) => Promise<void>;
  /** Told once when the consumer cannot go on. */
  readonly fail: (error: unknown) => void;
}

/** A buffer of the input's size, and the letterbox whose bars it holds; null when it is new. */
interface Tensor {
  readonly buffer: ArrayBuffer;
  readonly bars: string | null;
}

/** A frame of a camera in a tensor. */
interface Filled extends SentFrame {
  readonly buffer: ArrayBuffer;
}

interface Link {
  readonly camera: string;
  readonly port: ConsumerPort;
  /** The camera said that it has a frame. */
  available: boolean;
  /** When it was asked last, or else attached, by the consumer's own count. */
  askedAt: number;
  /** A tensor is with it: what was asked for, and not answered yet. Never more than one. */
  lent: { readonly bars: string | null } | null;
}

/** The camera whose answer is waited for, for {@link ANSWER_MS} while others could be asked. */
interface Asked {
  readonly link: Link;
  readonly atMs: number;
}

/**
 * The inference side of the frame's way: takes one frame at a time, from the camera that was
 * asked longest ago, into the one tensor it owns.
 *
 * It has no thread; it acts on what arrives. Between a camera's `available` and its `take`, every other
 * camera is served once at most, so cameras that always have a frame share the worker equally.
 *
 * A camera that does not answer keeps the tensor it was lent, and nothing else: after
 * {@link ANSWER_MS} the others are asked with a spare one. There is one tensor for each camera that
 * owes an answer at most, and one more. A frame that comes late is inferred next, because its camera
 * has counted it; its tensor then replaces the spare.
 */
export class FrameConsumer {
  readonly #options: FrameConsumerOptions;
  readonly #links = new Map<string, Link>();
  readonly #free: Tensor[] = [];
  /** Frames that were handed over and wait for the one in hand: of cameras that answered late. */
  readonly #filled: Filled[] = [];
  #asked: Asked | null = null;
  #inferring = false;
  #cancelLook: Cancel | null = null;
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

  /** Tensors that went with a camera that was detached while it held them. */
  get lost(): number {
    return this.#lost;
  }

  /** How often a spare tensor was made, because a camera or a detached link held the others. */
  get spares(): number {
    return this.#spares;
  }

  /** Serves a camera from now on. A link it had before is closed. */
  attach(camera: string, port: ConsumerPort): void {
    this.detach(camera);
    if (this.#stopping) return port.close();
    const link: Link = { camera, port, available: false, askedAt: ++this.#count, lent: null };
    this.#links.set(camera, link);
    port.open((message) => this.#guard(() => this.#receive(link, message)));
  }

  /** Forgets a camera. A frame of it that was handed over is finished. */
  detach(camera: string): void {
    const link = this.#links.get(camera);
    if (link === undefined) return;
    this.#links.delete(camera);
    link.port.close();
    if (link.lent === null) return;
    // What was lent to this camera will not come back.
    this.#lost++;
    if (this.#asked?.link === link) this.#asked = null;
    this.#next();
  }

  /**
   * Takes no further frame. Settles when every frame that was handed over is inferred, and the
   * mailboxes that were asked have answered; an answer that is a frame is inferred, because its camera
   * has counted it.
   */
  stop(): Promise<void> {
    this.#stopping = true;
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#next();
    });
  }

  /** Lets go of every camera, without waiting for answers; a frame that was handed over is finished. */
  abandon(): void {
    this.#stopping = true;
    for (const camera of [...this.#links.keys()]) this.detach(camera);
    this.#cancelLook?.();
  }

  #receive(link: Link, message: ToConsumer): void {
    // A message that was on its way when its camera was detached.
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

  /** Takes the tensor back from a camera that was asked. */
  #answered(link: Link, buffer: ArrayBuffer): Tensor {
    const { lent } = link;
    assert(lent !== null, `camera "${link.camera}" answered, but was not asked`);
    assertAttached(buffer, `the answer of camera "${link.camera}"`);
    const bytes = inputBytes(this.#options.input);
    assert(
      buffer.byteLength === bytes,
      `camera "${link.camera}" answered with ${buffer.byteLength} of ${bytes} bytes`,
    );
    link.lent = null;
    if (this.#asked?.link === link) this.#asked = null;
    // Messages keep their order, so an `available` that came before this answer is out of date.
    link.available = false;
    return { buffer, bars: lent.bars };
  }

  /** Nothing uses the tensor any more: keeps it for the next `take`, if there is none to spare. */
  #release(tensor: Tensor): void {
    assertAttached(tensor.buffer, "the tensor that came back");
    if (this.#free.length < MAX_FREE_TENSORS) this.#free.push(tensor);
  }

  /** Goes on: infers what was handed over, or asks the camera whose turn it is. */
  #next(): void {
    if (this.#inferring) return;
    const filled = this.#filled.shift();
    if (filled !== undefined) return this.#infer(filled);
    if (this.#stopping) return this.#settleIdle();
    const link = this.#longestWaiting();
    if (link === null) return;
    if (this.#asked === null) return this.#ask(link);
    this.#lookLater(this.#asked);
  }

  #infer({ meta, age, buffer }: Filled): void {
    this.#inferring = true;
    const tensor: Tensor = { buffer, bars: barsKey(meta.fit, this.#options.input) };
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
    if (this.#longestWaiting() !== null) this.#lookLater(this.#asked);
  }

  /**
   * Looks whether the camera that is waited for has answered in time; if not, the others are served.
   * One timer at a time and none that is cancelled by an answer: that would wake the thread as well.
   */
  #lookLater(asked: Asked): void {
    if (this.#cancelLook !== null) return;
    const { clock } = this.#options;
    const leftMs = asked.atMs + ANSWER_MS - clock.nowMs();
    this.#cancelLook = clock.after(Math.max(0, leftMs), () => this.#guard(() => this.#look()));
  }

  #look(): void {
    this.#cancelLook = null;
    const { atMs = Infinity } = this.#asked ?? {};
    if (this.#options.clock.nowMs() - atMs >= ANSWER_MS) this.#asked = null;
    this.#next();
  }

  /** Nothing is taken any more: done when nothing is owed either. */
  #settleIdle(): void {
    this.#cancelLook?.();
    for (const link of this.#links.values()) if (link.lent !== null) return;
    for (const camera of [...this.#links.keys()]) this.detach(camera);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /**
   * Whose turn it is: of the cameras that have a frame and owe no answer, the one that was asked longest
   * ago. To go by when they said so would favour a camera whose frames happen to come just after it was
   * served.
   */
  #longestWaiting(): Link | null {
    let longest: Link | null = null;
    for (const link of this.#links.values()) {
      if (!link.available || link.lent !== null) continue;
      if (link.askedAt < (longest?.askedAt ?? Infinity)) longest = link;
    }
    return longest;
  }

  #allocate(): Tensor {
    return { buffer: new ArrayBuffer(inputBytes(this.#options.input)), bars: null };
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Lets go of everything and says so, once. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.abandon();
    this.#next();
    this.#options.fail(error);
  }
}
