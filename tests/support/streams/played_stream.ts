/** A stream without a camera: the test observes its packets, and says what lies unread. */
import { CameraLedger } from "../../../src/framebus/ledger.ts";
import type { FrameReader, PacingView } from "../../../src/framebus/pacing_view.ts";
import { Cadence } from "../../../src/pacing/cadence.ts";

export class PlayedStream implements PacingView, FrameReader {
  readonly ledger = new CameraLedger();
  readonly frames = new Cadence();
  /** Packets lie unread. */
  behind = false;
  /** Settles what {@link catchUp} returns. */
  caughtUp = Promise.withResolvers<void>();
  /** How often a consumer had to wait for the newest frame. */
  catchUps = 0;
  /** Called with each of them. */
  onCatchUp: () => void = () => undefined;

  isBehind(): boolean {
    return this.behind;
  }

  catchUp(): Promise<void> {
    this.catchUps++;
    this.onCatchUp();
    return this.caughtUp.promise;
  }
}
