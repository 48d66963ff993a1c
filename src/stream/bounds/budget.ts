/** How long decoding may take, in proportion to the frame size. */

/** CPU time allowed per packet. */
const PACKET_MS = 20;
/**
 * CPU time allowed per pixel: several times what the slowest board needs for the densest video (45 ns on a
 * Raspberry Pi 3), so that a camera that merely overloads its machine stays within it.
 */
const PIXEL_MS = 250e-6;
/** Excess that is tolerated, at once or accumulated. */
const CREDIT_MS = 2000;

/**
 * A running budget of decoding time: time beyond a packet's allowance accumulates, unused allowance pays
 * it back. Measured in the thread's CPU time, so that load of the machine counts against no camera.
 */
export class DecodeBudget {
  #overMs = 0;

  /** Charges a decoded packet. */
  spend(spentMs: number, pixels: number): void {
    this.#overMs = Math.max(0, this.#overMs + spentMs - PACKET_MS - PIXEL_MS * pixels);
  }

  /** Milliseconds beyond the allowance; usually 0. */
  get overMs(): number {
    return this.#overMs;
  }

  get isExceeded(): boolean {
    return this.#overMs > CREDIT_MS;
  }
}
