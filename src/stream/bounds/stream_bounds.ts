import type { Clock, SteadyMs } from "../../core/clock.ts";
import { DecodeBudget } from "./budget.ts";
import { BoundsError } from "./errors.ts";
import { FairShare, type Worth } from "./fair_share.ts";

/** Pictures of one connection that are refused before it ends. */
const MAX_REFUSED = 3;

/** What bounds a connection. */
export interface StreamBoundsParts {
  readonly maxPixels: number;
  /** A camera sends at its own pace; a file is read as it is wanted. */
  readonly isLive: boolean;
  readonly clock: Pick<Clock, "nowMs">;
}

/** The bounds of one connection: what it has used of them, and whether it has to end. */
export class StreamBounds {
  readonly maxPixels: number;
  /** Pictures that were refused. */
  refused = 0;
  readonly #parts: StreamBoundsParts;
  readonly #budget = new DecodeBudget();
  readonly #share = new FairShare();
  #failure: BoundsError | null = null;

  constructor(parts: StreamBoundsParts) {
    this.#parts = parts;
    this.maxPixels = parts.maxPixels;
  }

  /** Why the connection has to end, or null. */
  get failure(): BoundsError | null {
    return this.#failure;
  }

  /** A packet is taken from the source. */
  packet(sizeBytes: number, now: SteadyMs = this.#parts.clock.nowMs()): void {
    if (this.#parts.isLive) this.#share.packet(sizeBytes, now);
  }

  /**
   * A packet was refused: it stays the only one, or the connection ends. Larger pictures come again with
   * each keyframe, so that one is enough.
   */
  refuse(error: BoundsError): void {
    this.refused++;
    if (error.code === "STREAM_TOO_LARGE" || this.refused >= MAX_REFUSED) this.#failure ??= error;
  }

  /**
   * A packet was decoded.
   * @param spentMs  of this thread's processor time
   */
  decoded(spentMs: number, pixels: number, worth: Worth): void {
    this.#budget.spend(spentMs, pixels);
    this.#share.decoded(spentMs, worth, this.#parts.clock.nowMs());
    if (!this.#budget.isExceeded) return;
    this.#failure ??= new BoundsError(
      "STREAM_DECODE_BUDGET",
      `Refused to decode on: pictures of ${pixels} pixels took ${
        Math.round(this.#budget.overMs)
      } ms ` +
        "more than their size justifies",
    );
  }

  /**
   * What comes after each packet.
   * @returns milliseconds to leave the camera alone; 0 mostly
   * @throws {BoundsError} the connection has to end
   */
  settle(): number {
    if (this.#failure !== null) throw this.#failure;
    return this.#parts.isLive ? this.#share.restMs() : 0;
  }
}
