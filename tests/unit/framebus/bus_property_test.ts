import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";
import { PlayedStream } from "../../support/streams/played_stream.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { assertCloses } from "../../support/streams/ledger.ts";

const DETECTORS = ["a", "b", "c"] as const;
const RATES = [null, 0.5, 5, 30] as const;

const detector = fc.constantFrom(...DETECTORS);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("frame" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), detector }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(900) }) },
  fc.record({ kind: fc.constant("corrupt" as const) }),
  fc.record({ kind: fc.constant("undecoded" as const) }),
  fc.record({ kind: fc.constant("buffer" as const) }),
  fc.record({ kind: fc.constantFrom("discard" as const, "catch up" as const, "reject" as const) }),
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

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A bus, every frame that it was ever offered, and what is expected of it. */
class Model {
  readonly clock = new HeldClock(0);
  readonly frames: CountedFrame[] = [];
  readonly #inHand = new Set<string>();
  readonly #newest = new Map<string, number>();
  #before: readonly number[] = [];
  readonly #stream = new PlayedStream();
  readonly ledger = this.#stream.ledger;
  readonly bus = new FrameBus<CountedFrame>({
    clock: this.clock,
    stallTimeoutMs: 2000,
    ledger: this.ledger,
    pacing: this.#stream,
    announce: () => undefined,
    onDemandChanged: () => undefined,
  });

  constructor() {
    for (const name of DETECTORS) this.#register(name);
    this.bus.start();
  }

  async run(action: Step): Promise<void> {
    const { bus, ledger } = this;
    switch (action.kind) {
      case "frame":
        return this.#frame();
      case "take":
        return this.#take(action.detector);
      case "pass":
        return await this.clock.pass(action.ms);
      case "corrupt":
        ledger.arrive();
        return ledger.corrupt();
      case "undecoded":
        ledger.arrive();
        return ledger.undecoded("asleep");
      case "buffer":
        ledger.arrive();
        return ledger.buffered();
      case "discard":
        if (this.#buffered > 0) ledger.undecoded("keyframes", "buffered");
        return;
      case "catch up":
        if (this.#buffered > 0) bus.countCatchUp("buffered");
        return;
      case "reject":
        if (this.#buffered > 0) ledger.corrupt("buffered");
        return;
      case "fail":
        return this.#fail(action.detector);
      case "lost":
        if (this.#inHand.delete(action.detector)) bus.lost(action.detector);
        return;
      case "update":
        return bus.update({ ...action, pictures: false });
      case "unregister": {
        const account = bus.unregister(action.detector);
        assertCloses({ ...bus.account(), detectors: [account] });
        return this.#register(action.detector);
      }
    }
  }

  /** The invariants after every step. */
  check(): void {
    const account = this.bus.account();
    assertCloses(account);
    const { received, corrupt, decoded, undecoded: { buffered: _open, ...settled } } = account;
    const counts = [received, corrupt, decoded, ...Object.values(settled)];
    counts.forEach((count, index) => assert.ok(count >= (this.#before[index] ?? 0), "decreased"));
    this.#before = counts;
    assert.equal(this.ledger.pending, 0);
    const held = account.detectors.filter(({ waiting }) => waiting === 1).length;
    const alive = this.frames.filter(({ freed }) => freed === 0).length;
    assert.ok(alive <= held, "only the mailboxes hold frames");
  }

  /** Frames whose packets are buffered. */
  get #buffered(): number {
    return this.bus.account().undecoded.buffered;
  }

  #register(detector: string): void {
    this.bus.register({ detector, rateHz: null, paused: false, pictures: false });
    this.#inHand.delete(detector);
  }

  #frame(): void {
    const { bus, ledger } = this;
    ledger.arrive();
    const frame = new CountedFrame(ledger.received, this.clock.nowMs());
    this.frames.push(frame);
    for (const { detector, paused } of bus.account().detectors) {
      if (!paused) this.#newest.set(detector, frame.seq);
    }
    this.#stream.frames.observe(frame.arrivedAtMs);
    bus.distribute(frame);
    frame.release();
  }

  #take(detector: string): void {
    const seq = this.bus.deliver(detector, (frame) => {
      assert.equal(frame.freed, 0, "a delivered frame is not freed");
      return frame.seq;
    });
    if (seq === null) return;
    assert.equal(seq, this.#newest.get(detector), "the newest is delivered");
    this.#inHand.add(detector);
  }

  #fail(detector: string): void {
    try {
      this.bus.deliver(detector, () => {
        throw new RangeError("unconvertible");
      });
    } catch (error) {
      assert.ok(error instanceof RangeError);
    }
  }
}

Deno.test("bus: under any interleaving the account closes, no frame is lost or freed twice, and the newest is delivered", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const model = new Model();
      for (const action of steps) {
        await model.run(action);
        model.check();
      }
      model.bus.stop();
      assert.ok(
        model.frames.every(({ freed }) => freed === 1),
        "every frame is freed exactly once",
      );
      assert.deepEqual(model.clock.waitsMs, []);
    }),
    { numRuns: 150 },
  );
});
