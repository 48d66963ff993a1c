import type { Clock, SteadyMs } from "../../core/clock.ts";
import { DecodeBudget } from "./budget.ts";
import { BoundsError } from "./errors.ts";
import { type DecodeResult, FairShare } from "./fair_share.ts";

/** Refused pictures after which a connection ends. */
const MAX_REFUSED = 3;

/** The parameters of {@link StreamBounds}. */
export interface StreamBoundsParts {
  readonly maxPixels: number;
  /** A camera, which sends at its own pace; a file is read on demand. */
  readonly isLive: boolean;
  readonly clock: Pick<Clock, "nowMs">;
}

/** The bounds of one connection: tracks their use, and decides when it must end. */
export class StreamBounds {
  readonly maxPixels: number;
  /** Number of refused pictures. */
  refused = 0;
  readonly #parts: StreamBoundsParts;
  readonly #budget = new DecodeBudget();
  readonly #share = new FairShare();
  #failure: BoundsError | null = null;

  constructor(parts: StreamBoundsParts) {
    this.#parts = parts;
    this.maxPixels = parts.maxPixels;
  }

  /** Why the connection must end, or null. */
  get failure(): BoundsError | null {
    return this.#failure;
  }

  /** Counts a packet that is taken from the source. */
  packet(sizeBytes: number, now: SteadyMs = this.#parts.clock.nowMs()): void {
    if (this.#parts.isLive) this.#share.packet(sizeBytes, now);
  }

  /**
   * Counts a refused packet, and ends the connection after too many. One that is too large suffices,
   * because the next keyframe will be as large.
   */
  refuse(error: BoundsError): void {
    this.refused++;
    if (error.code === "STREAM_TOO_LARGE" || this.refused >= MAX_REFUSED) this.#failure ??= error;
  }

  /**
   * Counts a decoded packet.
   * @param spentMs  CPU time of this thread
   */
  decoded(spentMs: number, pixels: number, result: DecodeResult): void {
    this.#budget.spend(spentMs, pixels);
    this.#share.decoded(spentMs, result, this.#parts.clock.nowMs());
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
   * Settles after each packet.
   * @returns milliseconds to pause reading; usually 0
   * @throws {BoundsError} when the connection must end
   */
  settle(): number {
    if (this.#failure !== null) throw this.#failure;
    return this.#parts.isLive ? this.#share.pauseMs() : 0;
  }
}
