import { assertAttached } from "../core/assert.ts";
import type { WorkerOffer } from "../core/camera_shapes.ts";
import type { Clock } from "../core/clock.ts";
import {
  frameTransfers,
  inputBytes,
  type SentFrame,
  type ToMailbox,
  type ToTaker,
} from "../core/messages.ts";
import type { FrameBus } from "./bus.ts";
import type { BusFrame } from "./detector_mailbox.ts";

/** Writes a frame into the buffer of a `take`; returns what is sent with it, at once. */
export type Convert<F> = (
  frame: F,
  take: ToMailbox,
  context: { readonly detector: string; readonly dropsSinceLast: number },
) => SentFrame;

interface Taker {
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
export class TakerPorts<F extends BusFrame> {
  readonly #bus: FrameBus<F>;
  readonly #clock: Clock;
  readonly #convert: Convert<F>;
  readonly #onError: (detector: string, error: unknown) => void;
  readonly #takers = new Map<string, Taker>();

  /**
   * @param parts.onError  told when a frame could not be converted; the taker gets its buffer back
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
    const taker: Taker = { ...wire, offeredAtMs: null, handed: null };
    this.#takers.set(wire.worker, taker);
    wire.port.onmessage = (event: MessageEvent<ToMailbox>) => this.#onTake(taker, event.data);
    const seq = this.#bus.announcedSeq(wire.detector);
    if (seq !== null) this.#offer(taker, seq);
  }

  /**
   * Lets go of a worker.
   * @param lastSeq  the last frame it answered for: if it was given another one, that is lost
   */
  detach(worker: string, lastSeq: number | null): void {
    const taker = this.#drop(worker);
    if (taker !== null && taker.handed !== null && taker.handed.seq !== lastSeq) {
      this.#bus.lost(taker.detector);
    }
  }

  announce(detector: string, seq: number): void {
    for (const taker of this.#takers.values()) {
      if (taker.detector === detector) this.#offer(taker, seq);
    }
  }

  /** What every worker was offered and has not asked for, and what it was handed. */
  offers(): WorkerOffer[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#takers.values()].map(({ worker, offeredAtMs, handed }) => ({
      worker,
      untakenForMs: offeredAtMs === null ? null : nowMs - offeredAtMs,
      handed: handed === null ? null : { seq: handed.seq, agoMs: nowMs - handed.atMs },
    }));
  }

  /** Closes every port. Twice is harmless. */
  close(): void {
    for (const worker of [...this.#takers.keys()]) this.#drop(worker);
  }

  #onTake(taker: Taker, take: ToMailbox): void {
    if (this.#takers.get(taker.worker) !== taker) return;
    assertAttached(take.buffer, `take by ${taker.worker}`);
    taker.offeredAtMs = null;
    const newest = this.#bus.untilNewest(taker.detector);
    if (newest === null) this.#answer(taker, take);
    else void newest.then(() => this.#answer(taker, take));
  }

  #answer(taker: Taker, take: ToMailbox): void {
    // It may have been given up while the newest frame was read.
    if (this.#takers.get(taker.worker) !== taker) return;
    // What it was told before this answer is out of date to it.
    taker.offeredAtMs = null;
    const { buffer, input } = take;
    let sent: SentFrame | null = null;
    if (buffer.byteLength === inputBytes(input)) {
      try {
        sent = this.#bus.deliver(
          taker.detector,
          (frame, dropsSinceLast) =>
            this.#convert(frame, take, { detector: taker.detector, dropsSinceLast }),
        );
      } catch (error) {
        this.#onError(taker.detector, error);
      }
    } else {
      this.#onError(
        taker.detector,
        new RangeError(
          `a buffer of ${buffer.byteLength} bytes for an input of ${inputBytes(input)}`,
        ),
      );
    }
    if (sent === null) return post(taker.port, { kind: "none", buffer });
    taker.handed = { seq: sent.meta.seq, atMs: this.#clock.nowMs() };
    post(taker.port, { kind: "frame", ...sent, buffer });
  }

  #offer(taker: Taker, seq: number): void {
    taker.offeredAtMs ??= this.#clock.nowMs();
    post(taker.port, { kind: "available", seq });
  }

  #drop(worker: string): Taker | null {
    const taker = this.#takers.get(worker);
    if (taker === undefined) return null;
    this.#takers.delete(worker);
    taker.port.close();
    return taker;
  }
}

function post(port: MessagePort, message: ToTaker): void {
  port.postMessage(message, frameTransfers(message));
}
