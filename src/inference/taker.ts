import type { Age } from "../core/age.ts";
import { assert, assertAttached, assertNever } from "../core/assert.ts";
import {
  barsKey,
  type FrameMeta,
  frameTransfers,
  inputBytes,
  type InputShape,
  type SentFrame,
  type ToMailbox,
  type ToTaker,
} from "../core/messages.ts";

/** One end of the link to a camera's mailbox. */
export interface TakerPort {
  /** Hands every message to `receive` from now on. */
  open(receive: (message: ToTaker) => void): void;
  /** The message's buffer belongs to the mailbox from here on. */
  send(message: ToMailbox): void;
  close(): void;
}

/** The link over a `MessagePort`. */
export function takerPort(port: MessagePort): TakerPort {
  return {
    open: (receive) => port.onmessage = (event: MessageEvent<ToTaker>) => receive(event.data),
    send: (message) => port.postMessage(message, frameTransfers(message)),
    close() {
      port.onmessage = null;
      port.close();
    },
  };
}

/** What a {@link FrameTaker} works with. */
export interface TakerOptions {
  readonly input: InputShape;
  /**
   * Infers one frame and hands its result on. May read `tensor` until it settles, and must not keep
   * or transfer it. Called as soon as the frame's age was received. It sees to its own failures: a
   * rejection ends the taker.
   */
  readonly infer: (meta: FrameMeta, tensor: ArrayBuffer, age: Age) => Promise<void>;
  /** Told once when the taker cannot go on. */
  readonly fail: (error: unknown) => void;
}

interface Link {
  readonly camera: string;
  readonly port: TakerPort;
  /** The camera said that it has a frame. */
  available: boolean;
  /** When it was asked last, or else attached, by the taker's own count. */
  askedAt: number;
}

/** Where the one tensor is. There is no state in which it is in two places. */
type Place =
  | { readonly at: "here"; readonly buffer: ArrayBuffer }
  | { readonly at: "mailbox"; readonly link: Link }
  | { readonly at: "inference"; readonly buffer: ArrayBuffer };

/**
 * The inference side of the frame's way: takes one frame at a time, from the camera that was
 * asked longest ago, into the one tensor it owns.
 *
 * It has no timer and no thread; it acts on what arrives. Between a camera's `available` and its
 * `take`, every other camera is served once at most, so cameras that always have a frame share the
 * worker equally.
 */
export class FrameTaker {
  readonly #options: TakerOptions;
  readonly #links = new Map<string, Link>();
  #place: Place;
  /** The letterbox whose bars the tensor holds; null when it is new. */
  #bars: string | null = null;
  #count = 0;
  #lost = 0;
  #stopping = false;
  #failed = false;
  readonly #idle: (() => void)[] = [];

  constructor(options: TakerOptions) {
    this.#options = options;
    this.#place = { at: "here", buffer: this.#allocate() };
  }

  /** Tensors that went with a camera that was detached while it held them; each was replaced. */
  get lost(): number {
    return this.#lost;
  }

  /** Serves a camera from now on. A link it had before is closed. */
  attach(camera: string, port: TakerPort): void {
    this.detach(camera);
    if (this.#stopping) return port.close();
    const link: Link = { camera, port, available: false, askedAt: ++this.#count };
    this.#links.set(camera, link);
    port.open((message) => this.#guard(() => this.#receive(link, message)));
  }

  /** Forgets a camera. A frame of it that is being inferred is finished. */
  detach(camera: string): void {
    const link = this.#links.get(camera);
    if (link === undefined) return;
    this.#links.delete(camera);
    link.port.close();
    if (this.#place.at !== "mailbox" || this.#place.link !== link) return;
    // What was lent to this camera will not come back. One new tensor for each detached link at most.
    this.#lost++;
    this.#bars = null;
    this.#settle(this.#allocate());
  }

  /**
   * Takes no further frame. Settles when the frame in hand is inferred, or the mailbox that was asked
   * has answered; an answer that is a frame is inferred, because its camera has counted it.
   */
  stop(): Promise<void> {
    this.#stopping = true;
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#next();
    });
  }

  /** Lets go of every camera, without waiting for answers; a frame that is being inferred is finished. */
  abandon(): void {
    this.#stopping = true;
    for (const camera of [...this.#links.keys()]) this.detach(camera);
  }

  #receive(link: Link, message: ToTaker): void {
    // A message that was on its way when its camera was detached.
    if (this.#links.get(link.camera) !== link) return;
    switch (message.kind) {
      case "available":
        link.available = true;
        return this.#next();
      case "none":
        return this.#settle(this.#answered(link, message.buffer));
      case "frame":
        return this.#infer(message, this.#answered(link, message.buffer));
      default:
        return assertNever(message);
    }
  }

  /** Takes the tensor back from the camera that was asked. */
  #answered(link: Link, buffer: ArrayBuffer): ArrayBuffer {
    const place = this.#place;
    assert(
      place.at === "mailbox" && place.link === link,
      `camera "${link.camera}" answered, but was not asked`,
    );
    assertAttached(buffer, `the answer of camera "${link.camera}"`);
    const bytes = inputBytes(this.#options.input);
    assert(
      buffer.byteLength === bytes,
      `camera "${link.camera}" answered with ${buffer.byteLength} of ${bytes} bytes`,
    );
    // Messages keep their order, so an `available` that came before this answer is out of date.
    link.available = false;
    return buffer;
  }

  #infer({ meta, age }: SentFrame, buffer: ArrayBuffer): void {
    this.#bars = barsKey(meta.fit, this.#options.input);
    this.#place = { at: "inference", buffer };
    this.#options.infer(meta, buffer, age).then(
      () => this.#guard(() => this.#settle(buffer)),
      (error: unknown) => {
        this.#place = { at: "here", buffer };
        this.#fail(error);
      },
    );
  }

  /** The tensor is here again: goes on. */
  #settle(buffer: ArrayBuffer): void {
    assertAttached(buffer, "the tensor that came back");
    this.#place = { at: "here", buffer };
    this.#next();
  }

  #next(): void {
    if (this.#place.at !== "here") return;
    if (this.#stopping) {
      this.abandon();
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    const link = this.#longestWaiting();
    if (link === null) return;
    link.askedAt = ++this.#count;
    const { buffer } = this.#place;
    const { input } = this.#options;
    assertAttached(buffer, "the tensor to be filled");
    this.#place = { at: "mailbox", link };
    link.port.send({ kind: "take", input, buffer, barsKey: this.#bars });
  }

  /**
   * Whose turn it is: of the cameras that have a frame, the one that was asked longest ago. To go by
   * when they said so would favour a camera whose frames happen to come just after it was served.
   */
  #longestWaiting(): Link | null {
    let longest: Link | null = null;
    for (const link of this.#links.values()) {
      if (link.available && link.askedAt < (longest?.askedAt ?? Infinity)) longest = link;
    }
    return longest;
  }

  #allocate(): ArrayBuffer {
    return new ArrayBuffer(inputBytes(this.#options.input));
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
