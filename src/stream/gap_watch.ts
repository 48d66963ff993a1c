/** Packets that are remembered: more than a decoder reorders. */
const REMEMBERED = 48;

/** A step in time this many times the usual one means that something between is missing. */
const GAP_FRAMES = 1.5;

/** Steps needed before the usual one is known. */
const MIN_STEPS = 4;

/**
 * Tells from the presentation times whether whole frames are missing between two pictures, which
 * nothing else does: the decoder goes on with what it has, and says nothing.
 *
 * It knows the times of all packets that arrived, decoded or not, so leaving frames out on purpose is
 * no gap. Meant for transports that lose packets: a camera may well skip a frame itself, and over TCP
 * that is all that a gap can mean.
 */
export class GapWatch {
  /** Presentation times of the last packets, in the order they arrived in. */
  readonly #times: bigint[] = [];

  /** A packet arrived. */
  arrived(pts: bigint | null): void {
    if (pts === null) return;
    this.#times.push(pts);
    if (this.#times.length > REMEMBERED) this.#times.shift();
  }

  /** Whether frames are missing just before the picture of this time. */
  isBefore(pts: bigint | null): boolean {
    if (pts === null) return false;
    const times = this.#times.map((time) => Number(time - pts)).sort((a, b) => a - b);
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
      .filter((step) => step > 0).sort((a, b) => a - b);
    const usual = steps[Math.floor(steps.length / 2)];
    if (usual === undefined || steps.length < MIN_STEPS) return false;
    const before = times.findLast((time) => time < 0);
    return before !== undefined && -before > GAP_FRAMES * usual;
  }
}
