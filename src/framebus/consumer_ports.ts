import { assertAttached } from "../core/assert.ts";
import type { WorkerOffer } from "../core/camera_types.ts";
import type { Clock } from "../core/clock.ts";
import type { SentFrame } from "../core/frame_meta.ts";
import { frameTransfers, type ToConsumer, type ToMailbox } from "../core/messages.ts";
import { inputBytes } from "../core/model_input.ts";
import type { FrameBus } from "./bus.ts";
import type { BusFrame } from "./detector_mailbox.ts";

/** Writes a frame into the buffer of a `take`; returns what is sent with it, at once. */
export type Convert<F> = (
  frame: F,
  take: ToMailbox,
  context: { readonly detector: string; readonly dropsSinceLast: number },
) => SentFrame;

interface Consumer {
  readonly detector: string;
  readonly worker: string;
  readonly port: MessagePort;
  /** When it was first told of a frame since it last asked for one, or null. */
  offeredAtMs: number | null;
  /** The frame it was handed last, and when; or null. */
  handed: { readonly seq: number; readonly atMs: number } | null;
}

/**
 * The near ends of the ports between one camera's mailboxes and the inference workers.
 *
 * Announcements go to every worker of the detector's pool, because any of them may be the next to
 * be idle; the first to take gets the frame and the others get their buffer back.
 */
export class ConsumerPorts<F extends BusFrame> {
  readonly #bus: FrameBus<F>;
  readonly #clock: Clock;
  readonly #convert: Convert<F>;
  readonly #onError: (detector: string, error: unknown) => void;
  readonly #consumers = new Map<string, Consumer>();

  /**
   * @param parts.onError  told when a frame could not be converted; the consumer gets its buffer back
   */
  constructor(parts: {
    bus: FrameBus<F>;
    clock: Clock;
    convert: Convert<F>;
    onError: (detector: string, error: unknown) => void;
  }) {
    this.#bus = parts.bus;
    this.#clock = parts.clock;
    this.#convert = parts.convert;
    this.#onError = parts.onError;
  }

  /** Wires a worker to its detector's mailbox; one of the same name is replaced. Owns the port. */
  attach(wire: { detector: string; worker: string; port: MessagePort }): void {
    this.#drop(wire.worker);
    const consumer: Consumer = { ...wire, offeredAtMs: null, handed: null };
    this.#consumers.set(wire.worker, consumer);
    wire.port.onmessage = (event: MessageEvent<ToMailbox>) => this.#onTake(consumer, event.data);
    const seq = this.#bus.announcedSeq(wire.detector);
    if (seq !== null) this.#offer(consumer, seq);
  }

  /**
   * Lets go of a worker.
   * @param lastSeq  the last frame it answered for: if it was given another one, that is lost
   */
  detach(worker: string, lastSeq: number | null): void {
    const consumer = this.#drop(worker);
    if (consumer !== null && consumer.handed !== null && consumer.handed.seq !== lastSeq) {
      this.#bus.lost(consumer.detector);
    }
  }

  announce(detector: string, seq: number): void {
    for (const consumer of this.#consumers.values()) {
      if (consumer.detector === detector) this.#offer(consumer, seq);
    }
  }

  /** What every worker was offered and has not asked for, and what it was handed. */
  offers(): WorkerOffer[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#consumers.values()].map(({ worker, offeredAtMs, handed }) => ({
      worker,
      untakenForMs: offeredAtMs === null ? null : nowMs - offeredAtMs,
      handed: handed === null ? null : { seq: handed.seq, agoMs: nowMs - handed.atMs },
    }));
  }

  /** Closes every port. Twice is harmless. */
  close(): void {
    for (const worker of [...this.#consumers.keys()]) this.#drop(worker);
  }

  #onTake(consumer: Consumer, take: ToMailbox): void {
    if (this.#consumers.get(consumer.worker) !== consumer) return;
    assertAttached(take.buffer, `take by ${consumer.worker}`);
    consumer.offeredAtMs = null;
    const newest = this.#bus.untilNewest(consumer.detector);
    if (newest === null) this.#answer(consumer, take);
    else void newest.then(() => this.#answer(consumer, take));
  }

  #answer(consumer: Consumer, take: ToMailbox): void {
    // It may have been given up while the newest frame was read.
    if (this.#consumers.get(consumer.worker) !== consumer) return;
    // What it was told before this answer is out of date to it.
    consumer.offeredAtMs = null;
    const { buffer, input } = take;
    let sent: SentFrame | null = null;
    if (buffer.byteLength === inputBytes(input)) {
      try {
        sent = this.#bus.deliver(
          consumer.detector,
          (frame, dropsSinceLast) =>
            this.#convert(frame, take, { detector: consumer.detector, dropsSinceLast }),
        );
      } catch (error) {
        this.#onError(consumer.detector, error);
      }
    } else {
      this.#onError(
        consumer.detector,
        new RangeError(
          `a buffer of ${buffer.byteLength} bytes for an input of ${inputBytes(input)}`,
        ),
      );
    }
    if (sent === null) return post(consumer.port, { kind: "none", buffer });
    consumer.handed = { seq: sent.meta.seq, atMs: this.#clock.nowMs() };
    post(consumer.port, { kind: "frame", ...sent, buffer });
  }

  #offer(consumer: Consumer, seq: number): void {
    consumer.offeredAtMs ??= this.#clock.nowMs();
    post(consumer.port, { kind: "available", seq });
  }

  #drop(worker: string): Consumer | null {
    const consumer = this.#consumers.get(worker);
    if (consumer === undefined) return null;
    this.#consumers.delete(worker);
    consumer.port.close();
    return consumer;
  }
}

function post(port: MessagePort, message: ToConsumer): void {
  port.postMessage(message, frameTransfers(message));
}
