/** What the contract says of rates, on a clock that the test holds. */
import assert from "node:assert/strict";
import { total } from "../../../src/core/accounts.ts";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { assertCloses } from "../../support/streams/ledger.ts";

const FPS = 30;
const SECONDS = 60;

/** Of each 30 frames: those that are left out. */
const LEFT_OUT = [
  { rateHz: 1, leftOut: 29 },
  { rateHz: 2, leftOut: 28 },
  { rateHz: 5, leftOut: 25 },
  { rateHz: 10, leftOut: 20 },
] as const;

for (const { rateHz, leftOut } of LEFT_OUT) {
  const percent = (100 * leftOut / FPS).toFixed(0);
  Deno.test(`bus: ${rateHz} Hz of ${FPS} leaves out ${percent} %, and what is delivered is even`, async () => {
    const clock = new HeldClock(0);
    const stallTimeoutMs = 10_000;
    const bus = new FrameBus<CountedFrame>({ clock, stallTimeoutMs, announce: () => {} });
    bus.register({ detector: "person", rateHz, paused: false });
    bus.start();
    const taken: number[] = [];
    for (let seq = 0; seq < FPS * SECONDS; seq++) {
      const frame = new CountedFrame(seq, clock.nowMs());
      bus.ledger.arrive();
      bus.cadence.beat(frame.arrivedAtMs);
      bus.distribute(frame);
      frame.release();
      bus.deliver("person", ({ seq }) => taken.push(seq));
      await clock.pass(1000 / FPS);
    }
    const account = bus.account();
    assertCloses(account);
    const [mailbox] = account.detectors;
    assert.ok(mailbox);
    assert.equal(mailbox.processed, taken.length);
    assert.equal(mailbox.processed, rateHz * SECONDS);
    assert.equal(total(mailbox.dropped) + mailbox.waiting, leftOut * SECONDS);
    const everyFrames = FPS / rateHz;
    taken.slice(1).forEach((seq, index) =>
      assert.equal(seq - (taken[index] ?? 0), everyFrames, `frame ${seq}`)
    );
  });
}
