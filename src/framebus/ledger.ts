import {
  type CameraAccount,
  type DropReason,
  type MailboxAccount,
  noDrops,
  noUndecoded,
  type UndecodedReason,
} from "../core/accounts.ts";
import { assert } from "../core/assert.ts";

/**
 * Where a frame stands in the ledger. `arrived`: pending, on its way through the decoder. `buffered`:
 * skipped, but its packet is kept and may still be decoded. `settled`: counted for good.
 */
export type FrameState = "arrived" | "buffered" | "settled";

/** The stream's side of a {@link CameraLedger}: what arrived, and what did not become a frame. */
export type StreamLedger = Pick<
  CameraLedger,
  "received" | "arrive" | "buffered" | "undecoded" | "corrupt"
>;

/** The bus's side of a {@link CameraLedger}: what was decoded, and the account. */
export type BusLedger = Pick<CameraLedger, "decoded" | "undecodedTotal" | "account">;

/**
 * Counts the outcome of every video frame of one camera. The stream and the bus each write their side.
 *
 * A packet that arrives is `pending` until it is settled as undecoded, corrupt or decoded: a decoder
 * may hold several before it outputs the first frame. `received` counts the settled ones, so the sum
 * closes at every moment, and `arrived = received + pending` ties it to what came over the wire.
 *
 * A frame whose packet is skipped and kept counts as received at once, in the open account `buffered`,
 * until it is settled too. So no sum lags behind the camera, and no count of settled frames decreases.
 */
export class CameraLedger {
  readonly #undecoded = noUndecoded();
  #undecodedTotal = 0;
  #arrived = 0;
  #corrupt = 0;
  #decoded = 0;

  /** Packets that arrived, settled or not. */
  get arrived(): number {
    return this.#arrived;
  }

  /** Frames that are settled or buffered. The next frame's sequence number is this. */
  get received(): number {
    return this.#undecodedTotal + this.#corrupt + this.#decoded;
  }

  /** Packets inside the decoder. */
  get pending(): number {
    return this.#arrived - this.received;
  }

  /** Frames that were not decoded, with the buffered ones. */
  get undecodedTotal(): number {
    return this.#undecodedTotal;
  }

  /** Counts a packet's arrival. */
  arrive(): void {
    this.#arrived++;
  }

  /** Counts a frame that just arrived as skipped, with its packet kept. */
  buffered(): void {
    assert(this.pending > 0, "a frame was buffered that never arrived");
    this.#undecoded.buffered++;
    this.#undecodedTotal++;
  }

  /** @param from  the frame's state before; a settled one is not counted again */
  undecoded(reason: UndecodedReason, from: FrameState = "arrived"): void {
    if (!this.#open(from)) return;
    this.#undecoded[reason]++;
    this.#undecodedTotal++;
  }

  corrupt(from: FrameState = "arrived"): void {
    if (this.#open(from)) this.#corrupt++;
  }

  decoded(from: FrameState = "arrived"): void {
    if (this.#open(from)) this.#decoded++;
  }

  account(detectors: readonly MailboxAccount[]): CameraAccount {
    return {
      received: this.received,
      undecoded: { ...this.#undecoded },
      corrupt: this.#corrupt,
      decoded: this.#decoded,
      detectors,
    };
  }

  /** Takes a frame out of its open account. @returns whether there is one to settle */
  #open(from: FrameState): boolean {
    if (from === "settled") return false;
    if (from === "arrived") {
      assert(this.pending > 0, "a frame was settled that never arrived");
      return true;
    }
    assert(this.#undecoded.buffered > 0, "a frame was settled that was not buffered");
    this.#undecoded.buffered--;
    this.#undecodedTotal--;
    return true;
  }
}

/**
 * Counts the outcome of the decoded frames that were offered to one detector.
 *
 * A frame counts as processed when it is handed to a worker. When the worker dies with it, that is
 * corrected at the next delivery, which is counted as `restart` in place of `processed`. So no counter
 * decreases, and the sum closes before, between and after.
 */
export class MailboxLedger {
  readonly #dropped = noDrops();
  #droppedTotal = 0;
  #decoded = 0;
  #processed = 0;
  #lost = 0;

  get droppedTotal(): number {
    return this.#droppedTotal;
  }

  offered(): void {
    this.#decoded++;
  }

  dropped(reason: DropReason): void {
    this.#dropped[reason]++;
    this.#droppedTotal++;
  }

  processed(): void {
    if (this.#lost > 0) {
      this.#lost--;
      this.dropped("restart");
    } else {
      this.#processed++;
    }
  }

  /** A worker died or was abandoned while it held a frame. */
  lost(): void {
    this.#lost++;
  }

  account(
    of: { detector: string; paused: boolean; rateHz: number | null; waiting: 0 | 1 },
  ): MailboxAccount {
    return {
      ...of,
      decoded: this.#decoded,
      processed: this.#processed,
      dropped: { ...this.#dropped },
    };
  }
}
