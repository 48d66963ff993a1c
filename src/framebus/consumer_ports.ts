import { assertAttached } from "../core/assert.ts";
import type { WorkerOffer } from "../core/camera_types.ts";
import type { Clock } from "../core/clock.ts";
import type { SentFrame } from "../core/frame_meta.ts";
import { frameTransfers, type ToConsumer, type ToMailbox } from "../core/messages.ts";
import { bufferBytes } from "../core/model_input.ts";
import type { FrameBus } from "./bus.ts";
import type { BusFrame } from "./detector_mailbox.ts";
import type { FrameReader } from "./pacing_view.ts";

/** Writes a frame into the buffer of a `take` and returns what is sent with it. Synchronous. */
export type Convert<F> = (
  frame: F,
  take: ToMailbox,
  context: { readonly detector: string; readonly dropsSinceLast: number },
) => SentFrame;

interface Consumer {
  readonly detector: string;
  readonly worker: string;
  readonly port: MessagePort;
  /** When a frame was first announced to it since its last `take`, or null. */
  offeredAtMs: number | null;
  /** The frame that was delivered to it last, and when; or null. */
  delivered: { readonly seq: number; readonly atMs: number } | null;
}

/** What the ports work with; they own none of it. */
export interface ConsumerPortsParts<F extends BusFrame> {
  readonly bus: FrameBus<F>;
  readonly reader: FrameReader;
  readonly clock: Clock;
  readonly convert: Convert<F>;
  /** A frame could not be converted; the consumer gets its buffer back. */
  readonly onError: (detector: string, error: unknown) => void;
}

/**
 * The capture side of the ports between one camera's mailboxes and the inference workers.
 *
 * Announcements go to every worker of the detector's pool, because any of them may be the next to
 * be idle; the first to take gets the frame and the others get their buffer back.
 */
export class ConsumerPorts<F extends BusFrame> {
  readonly #parts: ConsumerPortsParts<F>;
  readonly #consumers = new Map<string, Consumer>();

  constructor(parts: ConsumerPortsParts<F>) {
    this.#parts = parts;
  }

  /** Connects a worker to its detector's mailbox, and replaces one of the same name. Owns the port. */
  attach(wire: { detector: string; worker: string; port: MessagePort }): void {
    this.#drop(wire.worker);
    const consumer: Consumer = { ...wire, offeredAtMs: null, delivered: null };
    this.#consumers.set(wire.worker, consumer);
    wire.port.onmessage = (event: MessageEvent<ToMailbox>) => this.#onTake(consumer, event.data);
    const seq = this.#parts.bus.announcedSeq(wire.detector);
    if (seq !== null) this.#offer(consumer, seq);
  }

  /**
   * Disconnects a worker.
   * @param lastSeq  the last frame that it returned a result for; one delivered to it later is lost
   */
  detach(worker: string, lastSeq: number | null): void {
    const consumer = this.#drop(worker);
    if (consumer !== null && consumer.delivered !== null && consumer.delivered.seq !== lastSeq) {
      this.#parts.bus.lost(consumer.detector);
    }
  }

  announce(detector: string, seq: number): void {
    for (const consumer of this.#consumers.values()) {
      if (consumer.detector === detector) this.#offer(consumer, seq);
    }
  }

  /** The number of workers of a detector. */
  workersOf(detector: string): number {
    let count = 0;
    for (const consumer of this.#consumers.values()) if (consumer.detector === detector) count++;
    return count;
  }

  /** What was announced to every worker and not taken yet, and what was delivered to it. */
  offers(): WorkerOffer[] {
    const nowMs = this.#parts.clock.nowMs();
    return [...this.#consumers.values()].map(({ worker, offeredAtMs, delivered }) => ({
      worker,
      untakenForMs: offeredAtMs === null ? null : nowMs - offeredAtMs,
      handed: delivered === null ? null : { seq: delivered.seq, agoMs: nowMs - delivered.atMs },
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
    const { bus, reader } = this.#parts;
    const mustCatchUp = bus.announcedSeq(consumer.detector) !== null && reader.isBehind();
    if (!mustCatchUp) this.#answer(consumer, take);
    else void reader.catchUp().then(() => this.#answer(consumer, take));
  }

  #answer(consumer: Consumer, take: ToMailbox): void {
    // It may have been detached while the newest frame was read.
    if (this.#consumers.get(consumer.worker) !== consumer) return;
    // This answer supersedes what was announced meanwhile.
    consumer.offeredAtMs = null;
    const { buffer, input } = take;
    let sent: SentFrame | null = null;
    if (buffer.byteLength === bufferBytes(input)) {
      try {
        sent = this.#parts.bus.deliver(
          consumer.detector,
          (frame, dropsSinceLast) =>
            this.#parts.convert(frame, take, { detector: consumer.detector, dropsSinceLast }),
        );
      } catch (error) {
        this.#parts.onError(consumer.detector, error);
      }
    } else {
      this.#parts.onError(
        consumer.detector,
        new RangeError(
          `a buffer of ${buffer.byteLength} bytes for inputs of up to ${bufferBytes(input)}`,
        ),
      );
    }
    if (sent === null) return post(consumer.port, { kind: "none", buffer });
    consumer.delivered = { seq: sent.meta.seq, atMs: this.#parts.clock.nowMs() };
    post(consumer.port, { kind: "frame", ...sent, buffer });
  }

  #offer(consumer: Consumer, seq: number): void {
    consumer.offeredAtMs ??= this.#parts.clock.nowMs();
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
