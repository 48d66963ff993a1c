import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { CountedFrame } from "../../support/bus_frame.ts";
import { HeldClock } from "../../support/held_clock.ts";
import { assertCloses } from "../../support/ledger.ts";

const DETECTORS = ["a", "b", "c"] as const;
const RATES = [null, 0.5, 5, 30] as const;

const detector = fc.constantFrom(...DETECTORS);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("frame" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), detector }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(900) }) },
  fc.record({ kind: fc.constant("corrupt" as const) }),
  fc.record({ kind: fc.constant("undecoded" as const) }),
  fc.record({ kind: fc.constant("fail" as const), detector }),
  fc.record({ kind: fc.constant("lost" as const), detector }),
  fc.record({
    kind: fc.constant("update" as const),
    detector,
    rateHz: fc.constantFrom(...RATES),
    paused: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("unregister" as const), detector }),
);

Deno.test("bus: under any interleaving the account closes, no frame is lost or freed twice, and the newest is delivered", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const clock = new HeldClock(0);
      const frames: CountedFrame[] = [];
      const inHand = new Map<string, boolean>();
      const newest = new Map<string, number>();
      const bus = new FrameBus<CountedFrame>({
        clock,
        stallTimeoutMs: 2000,
        announce: () => undefined,
      });
      for (const name of DETECTORS) {
        bus.register({ detector: name, rateHz: null, paused: false });
      }
      bus.start();
      for (const action of steps) {
        switch (action.kind) {
          case "frame": {
            bus.ledger.arrive();
            const frame = new CountedFrame(bus.ledger.received, clock.nowMs());
            frames.push(frame);
            for (const { detector, paused } of bus.account().detectors) {
              if (!paused) newest.set(detector, frame.seq);
            }
            bus.distribute(frame);
            frame.release();
            break;
          }
          case "take": {
            const seq = bus.deliver(action.detector, (frame) => {
              assert.equal(frame.freed, 0, "what is delivered is alive");
              return frame.seq;
            });
            if (seq === null) break;
            assert.equal(seq, newest.get(action.detector), "the newest is delivered");
            inHand.set(action.detector, true);
            break;
          }
          case "pass":
            await clock.pass(action.ms);
            break;
          case "corrupt":
            bus.ledger.arrive();
            bus.ledger.corrupt();
            break;
          case "undecoded":
            bus.ledger.arrive();
            bus.ledger.undecoded("asleep");
            break;
          case "fail":
            try {
              bus.deliver(action.detector, () => {
                throw new RangeError("unconvertible");
              });
            } catch (error) {
              assert.ok(error instanceof RangeError);
            }
            break;
          case "lost":
            if (inHand.get(action.detector)) bus.lost(action.detector);
            inHand.set(action.detector, false);
            break;
          case "update":
            if (bus.has(action.detector)) bus.update(action);
            break;
          case "unregister":
            if (bus.has(action.detector)) {
              const account = bus.unregister(action.detector);
              assertCloses({ ...bus.account(), detectors: [account] });
              bus.register({ detector: action.detector, rateHz: null, paused: false });
              inHand.set(action.detector, false);
            }
            break;
        }
        assertCloses(bus.account());
        assert.equal(bus.ledger.pending, 0);
        const held = bus.account().detectors.filter(({ waiting }) => waiting === 1).length;
        const alive = frames.filter(({ freed }) => freed === 0).length;
        assert.ok(alive <= held, "nobody but the mailboxes holds a frame");
      }
      bus.stop();
      assert.ok(frames.every(({ freed }) => freed === 1), "every frame is freed exactly once");
      assert.deepEqual(clock.waitsMs, []);
    }),
    { numRuns: 150 },
  );
});
