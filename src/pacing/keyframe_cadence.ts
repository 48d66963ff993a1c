import { plusMs, type SteadyMs } from "../core/clock.ts";

/** How many intervals between keyframes are remembered. */
const REMEMBERED = 8;

/** Intervals that differ by less than this part of the longest one are a cadence. */
const STEADY = 0.1;

/** When a camera sends its keyframes, as observed on the clock of their arrival. */
export class KeyframeCadence {
  readonly #intervalsMs: number[] = [];
  #lastAtMs: SteadyMs | null = null;
  /** Packets from each of the last keyframes to the next, and since the newest. */
  readonly #lengths: number[] = [];
  #packets = 0;

  /** A keyframe arrived. */
  note(atMs: SteadyMs): void {
    if (this.#lastAtMs !== null) {
      this.#intervalsMs.push(Math.max(0, atMs - this.#lastAtMs));
      this.#lengths.push(this.#packets + 1);
      if (this.#intervalsMs.length > REMEMBERED) this.#intervalsMs.shift();
      if (this.#lengths.length > REMEMBERED) this.#lengths.shift();
    }
    this.#packets = 0;
    this.#lastAtMs = atMs;
  }

  /** A packet came that is no keyframe. */
  packet(): void {
    this.#packets++;
  }

  /**
   * In how many packets the next keyframe comes when it is as far from the last as any before was; below
   * 0 when it did not. Infinity before the second one. Packets may come late, but not out of order.
   */
  get packetsLeft(): number {
    return this.#lengths.length === 0 ? Infinity : Math.max(...this.#lengths) - this.#packets;
  }

  /** Keyframes come at even intervals; not known before the third. */
  get isSteady(): boolean {
    if (this.#intervalsMs.length < 2) return false;
    const longestMs = Math.max(...this.#intervalsMs);
    return longestMs - Math.min(...this.#intervalsMs) <= STEADY * longestMs;
  }

  /**
   * The time from one keyframe to the next, or null before the second one: the mean when they come
   * evenly, else the longest seen, so that nobody counts on a keyframe that does not come.
   */
  get intervalMs(): number | null {
    const count = this.#intervalsMs.length;
    if (count === 0) return null;
    if (!this.isSteady) return Math.max(...this.#intervalsMs);
    return this.#intervalsMs.reduce((sum, each) => sum + each, 0) / count;
  }

  /** When the next keyframe is expected, or null when that cannot be told. */
  get nextAtMs(): SteadyMs | null {
    const { intervalMs } = this;
    const lastAtMs = this.#lastAtMs;
    return intervalMs === null || lastAtMs === null ? null : plusMs(lastAtMs, intervalMs);
  }
}
