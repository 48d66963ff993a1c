/** How long decoding may take, by what pictures of such a size justify. */

/** Processor time that any packet may take. */
const PACKET_MS = 20;
/**
 * Processor time that a pixel may take: several times what the slowest board needs for the densest video
 * (a Raspberry Pi 3: 45 ns), so that no camera exceeds it by being too much for its machine.
 */
const PIXEL_MS = 250e-6;
/** By so much decoding may be beyond that, at once or bit by bit. */
const CREDIT_MS = 2000;

/**
 * A running budget of decoding: what a packet takes beyond what its picture justifies adds up, and what
 * it leaves pays back. Time is the thread's own, so that a busy machine counts against no camera.
 */
export class DecodeBudget {
  #overMs = 0;

  /** A packet was decoded. */
  spend(spentMs: number, pixels: number): void {
    this.#overMs = Math.max(0, this.#overMs + spentMs - PACKET_MS - PIXEL_MS * pixels);
  }

  /** Milliseconds beyond what is justified; 0 mostly. */
  get overMs(): number {
    return this.#overMs;
  }

  get isExceeded(): boolean {
    return this.#overMs > CREDIT_MS;
  }
}
