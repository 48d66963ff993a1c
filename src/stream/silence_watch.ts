import type { Cancel, Clock } from "../core/clock.ts";

/** How often the silence of a camera is looked at, as a fraction of the time it may last. */
const STALL_CHECKS = 8;

/** Calls `onBroken` once when no frame came for the given time. */
export class SilenceWatch {
  broken = false;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onBroken: () => void;
  #lastAtMs: number;
  #cancel: Cancel;

  constructor(clock: Clock, limitMs: number, onBroken: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onBroken = onBroken;
    this.#lastAtMs = clock.nowMs();
    this.#cancel = this.#arm();
  }

  frame(atMs: number): void {
    this.#lastAtMs = atMs;
  }

  end(): void {
    this.#cancel();
  }

  #arm(): Cancel {
    return this.#clock.after(this.#limitMs / STALL_CHECKS, () => {
      if (this.#clock.nowMs() - this.#lastAtMs < this.#limitMs) {
        this.#cancel = this.#arm();
        return;
      }
      this.broken = true;
      this.#onBroken();
    });
  }
}
