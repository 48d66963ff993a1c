/** The rates of the contract, on a held clock. */
import assert from "node:assert/strict";
import { total } from "../../../src/core/accounts.ts";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";
import { PlayedStream } from "../../support/streams/played_stream.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { assertCloses } from "../../support/streams/ledger.ts";

const FPS = 30;
const SECONDS = 60;

/** Frames dropped of every 30. */
const RATES = [
  { rateHz: 1, dropped: 29 },
  { rateHz: 2, dropped: 28 },
  { rateHz: 5, dropped: 25 },
  { rateHz: 10, dropped: 20 },
] as const;

for (const { rateHz, dropped } of RATES) {
  const percent = (100 * dropped / FPS).toFixed(0);
  Deno.test(`bus: ${rateHz} Hz of ${FPS} drops ${percent} %, and the delivered frames are evenly spaced`, async () => {
    const clock = new HeldClock(0);
    const stream = new PlayedStream();
    const bus = new FrameBus<CountedFrame>({
      clock,
      stallTimeoutMs: 10_000,
      ledger: stream.ledger,
      pacing: stream,
      announce: () => {},
      onDemandChanged: () => {},
    });
    bus.register({ detector: "person", rateHz, paused: false, pictures: false });
    bus.start();
    const taken: number[] = [];
    for (let seq = 0; seq < FPS * SECONDS; seq++) {
      const frame = new CountedFrame(seq, clock.nowMs());
      stream.ledger.arrive();
      stream.frames.observe(frame.arrivedAtMs);
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
    assert.equal(total(mailbox.dropped) + mailbox.waiting, dropped * SECONDS);
    const everyFrames = FPS / rateHz;
    taken.slice(1).forEach((seq, index) =>
      assert.equal(seq - (taken[index] ?? 0), everyFrames, `frame ${seq}`)
    );
  });
}
