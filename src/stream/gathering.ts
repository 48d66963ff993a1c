import type { Clock } from "../core/clock.ts";
import type { BusReader, FrameBus } from "../framebus/bus.ts";
import { Arrivals, type Read } from "./arrivals.ts";
import type { DecodeGate } from "./decode_gate.ts";
import type { Pictures } from "./pictures.ts";
import { ReadPause } from "./read_pause.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** Keyframes that come more often than this are what a stream consists of. */
const RARE_FRAMES = 4;

export interface GatheringParts {
  readonly bus: Pick<
    FrameBus<SharedFrame>,
    "rhythm" | "wanted" | "dueNextInMs" | "isBehind" | "reader"
  >;
  readonly pictures: Pick<Pictures, "wanted" | "onAsked">;
  readonly gate: Pick<DecodeGate, "resumesInMs" | "keyframes">;
  readonly clock: Clock;
  /** Aborted when the camera is to stop: nobody rests then. */
  readonly signal: AbortSignal;
}

/**
 * Lets the packets of a connection gather that nobody waits for, and knows when those arrived.
 *
 * It goes by what is due once the frames that were announced are taken, which a worker that is idle
 * does at once. One that takes later makes it read what has come meanwhile before it gets its frame.
 */
export class Gathering implements BusReader, Disposable {
  readonly #parts: GatheringParts;
  readonly #pause: ReadPause | null;
  readonly #arrivals = new Arrivals();
  readonly #wake = () => this.wake();
  #onWake: (() => void) | null = null;
  #onCaughtUp: (() => void)[] = [];

  /** @param isAllowed  false where what is not read at once may be lost, or is not there yet */
  constructor(parts: GatheringParts, isAllowed: boolean) {
    this.#parts = parts;
    this.#pause = isAllowed ? new ReadPause() : null;
    if (!isAllowed) return;
    parts.signal.addEventListener("abort", this.#wake);
    parts.bus.reader = this;
    parts.pictures.onAsked = this.#wake;
  }

  /** Whether nothing newer is likely to lie unread. */
  get isNewest(): boolean {
    const { bus, clock } = this.#parts;
    const { intervalMs: frameMs } = bus.rhythm;
    return frameMs === null || !this.#arrivals.isBehind({ nowMs: clock.nowMs(), frameMs });
  }

  wake(): void {
    this.#onWake?.();
  }

  /** Waits until something has to be read. */
  async rest(): Promise<void> {
    if (this.#pause === null) return;
    const { bus, pictures, gate, clock, signal } = this.#parts;
    const { intervalMs: frameMs } = bus.rhythm;
    const nowMs = clock.nowMs();
    if (frameMs === null || this.#arrivals.isBehind({ nowMs, frameMs })) return;
    this.#caughtUp();
    const waitMs = this.#pause.waitMs({
      frameMs,
      wanted: bus.wanted,
      pictureWanted: pictures.wanted,
      nextInMs: (bus.rhythm.nextAtMs ?? nowMs) - nowMs,
      dueInMs: bus.dueNextInMs(nowMs),
      keyInMs: gate.resumesInMs(nowMs),
      largeInMs: this.#largeInMs(nowMs, frameMs),
    });
    bus.isBehind = waitMs > 0;
    if (waitMs === 0 || signal.aborted) return;
    this.#arrivals.rested(Math.ceil(waitMs / frameMs) + 2);
    await this.#sleep(waitMs);
  }

  async catchUp(): Promise<void> {
    const { bus, clock } = this.#parts;
    if (this.#onWake === null && this.isNewest) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    // The camera may have fallen silent.
    const cancel = clock.after(bus.rhythm.intervalMs ?? 0, resolve);
    this.#onCaughtUp.push(resolve);
    this.wake();
    await promise;
    cancel();
  }

  /** A packet was read. @returns when it arrived ({@link Clock.nowMs}) */
  read(packet: Read & { readonly sizeBytes: number; readonly isKey: boolean }): number {
    this.#pause?.packet(packet.sizeBytes, packet.isKey);
    return this.#arrivals.of(packet);
  }

  /** A packet was decoded in this time. */
  decoded(spentMs: number): void {
    this.#pause?.decoded(spentMs);
  }

  /** What was read is all there will be. */
  [Symbol.dispose](): void {
    if (this.#pause === null) return;
    const { bus, pictures, signal } = this.#parts;
    signal.removeEventListener("abort", this.#wake);
    pictures.onAsked = null;
    bus.reader = null;
    bus.isBehind = false;
    this.#caughtUp();
  }

  #largeInMs(nowMs: number, frameMs: number): number {
    const { isSteady, intervalMs, nextAtMs } = this.#parts.gate.keyframes;
    if (!isSteady || nextAtMs === null || (intervalMs ?? 0) < RARE_FRAMES * frameMs) {
      return Infinity;
    }
    return nextAtMs > nowMs ? nextAtMs - nowMs : Infinity;
  }

  async #sleep(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(waitMs, resolve);
    this.#onWake = resolve;
    await promise;
    this.#onWake = null;
    cancel();
  }

  #caughtUp(): void {
    for (const resolve of this.#onCaughtUp.splice(0)) resolve();
  }
}
