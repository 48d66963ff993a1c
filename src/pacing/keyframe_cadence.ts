import { plusMs, type SteadyMs } from "../core/clock.ts";
import type { CadenceView } from "./cadence.ts";
import { STEADY_PART } from "./tolerances.ts";

/** How many intervals between keyframes are remembered. */
const REMEMBERED = 8;

/** When a camera sends its keyframes, as observed on the clock of their arrival. */
export class KeyframeCadence implements CadenceView {
  readonly #intervalsMs: number[] = [];
  #lastAtMs: SteadyMs | null = null;
  /** Packets from each of the last keyframes to the next. */
  readonly #lengths: number[] = [];
  /** Packets since the last keyframe. */
  #packets = 0;

  /** Records a keyframe's arrival. */
  observeKeyframe(atMs: SteadyMs): void {
    if (this.#lastAtMs !== null) {
      this.#intervalsMs.push(Math.max(0, atMs - this.#lastAtMs));
      this.#lengths.push(this.#packets + 1);
      if (this.#intervalsMs.length > REMEMBERED) this.#intervalsMs.shift();
      if (this.#lengths.length > REMEMBERED) this.#lengths.shift();
    }
    this.#packets = 0;
    this.#lastAtMs = atMs;
  }

  /** Counts a packet that is no keyframe. */
  observePacket(): void {
    this.#packets++;
  }

  /**
   * Packets until the next keyframe, if the GOP is as long as the longest of the last; negative when it is
   * longer. Infinity before the second keyframe. Packets may arrive late, but not out of order.
   */
  get packetsLeft(): number {
    return this.#lengths.length === 0 ? Infinity : Math.max(...this.#lengths) - this.#packets;
  }

  /** Whether keyframes come at even intervals; false before the third one. */
  get isSteady(): boolean {
    if (this.#intervalsMs.length < 2) return false;
    const longestMs = Math.max(...this.#intervalsMs);
    return longestMs - Math.min(...this.#intervalsMs) <= STEADY_PART * longestMs;
  }

  /**
   * Milliseconds from one keyframe to the next, or null before the second one: the mean while they are
   * steady, else the longest of the last, so that none is expected too early.
   */
  get intervalMs(): number | null {
    const count = this.#intervalsMs.length;
    if (count === 0) return null;
    if (!this.isSteady) return Math.max(...this.#intervalsMs);
    return this.#intervalsMs.reduce((sum, each) => sum + each, 0) / count;
  }

  /** When the next keyframe is expected, or null before the second one. */
  get nextAtMs(): SteadyMs | null {
    const { intervalMs } = this;
    const lastAtMs = this.#lastAtMs;
    return intervalMs === null || lastAtMs === null ? null : plusMs(lastAtMs, intervalMs);
  }
}
