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
 * Where a frame stands. `arrived`: on its way through the decoder. `buffered`: left out, and kept, so
 * that it may be decoded yet. `settled`: its fate is in the sums, and stays.
 */
export type FrameState = "arrived" | "buffered" | "settled";

/**
 * What became of each video frame of one camera.
 *
 * A packet that arrives is `pending` until it is settled as undecoded, corrupt or decoded: a decoder
 * may hold several before it gives the first picture. `received` counts the settled ones, so the sum
 * closes at every moment, and `arrived = received + pending` ties it to what came over the wire.
 *
 * A frame that is left out and kept counts as received at once, in the open account `buffered`, until
 * it is settled too. So no sum lags behind the camera, and no count of settled frames goes back.
 */
export class CameraLedger {
  readonly #undecoded = noUndecoded();
  #undecodedTotal = 0;
  #arrived = 0;
  #corrupt = 0;
  #decoded = 0;

  /** Packets that came, settled or not. */
  get arrived(): number {
    return this.#arrived;
  }

  /** Frames whose fate is known. The next frame's sequence number is this. */
  get received(): number {
    return this.#undecodedTotal + this.#corrupt + this.#decoded;
  }

  /** Packets inside the decoder. */
  get pending(): number {
    return this.#arrived - this.received;
  }

  /** With those that may be decoded yet. */
  get undecodedTotal(): number {
    return this.#undecodedTotal;
  }

  arrive(): void {
    this.#arrived++;
  }

  /** A frame that just arrived is left out and kept. */
  buffered(): void {
    assert(this.pending > 0, "a frame was kept that never arrived");
    this.#undecoded.buffered++;
    this.#undecodedTotal++;
  }

  /** @param from  where the frame stood; one that is settled stays as it is */
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

  /** Takes a frame out of its open account. @returns whether there is anything to settle */
  #open(from: FrameState): boolean {
    if (from === "settled") return false;
    if (from === "arrived") {
      assert(this.pending > 0, "a frame was settled that never arrived");
      return true;
    }
    assert(this.#undecoded.buffered > 0, "a frame was settled that was not kept");
    this.#undecoded.buffered--;
    this.#undecodedTotal--;
    return true;
  }
}

/**
 * What became of the decoded frames that one detector was offered.
 *
 * A frame counts as processed when it is handed to a worker. When the worker dies with it, the books
 * are put right at the next hand-over: that one is counted as `restart` in place of `processed`. So
 * no counter ever goes back, and the sum closes before, between and after.
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

  /** A worker died or was given up with a frame in hand. */
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
