import assert from "node:assert/strict";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { Gathering } from "../../../src/stream/gathering.ts";
import { KeyframeRhythm } from "../../../src/stream/keyframe_rhythm.ts";
import { CountedFrame } from "../../support/bus_frame.ts";
import { HeldClock, settle } from "../../support/held_clock.ts";

const FRAME_MS = 40;

/** A camera of 25 frames a second whose packets can be read when the test says so. */
class Reading {
  readonly clock = new HeldClock(0);
  readonly stop = new AbortController();
  readonly pictures: { wanted: boolean; onAsked: (() => void) | null } = {
    wanted: false,
    onAsked: null,
  };
  readonly bus = new FrameBus<CountedFrame>({
    clock: this.clock,
    stallTimeoutMs: 10_000,
    announce: () => undefined,
  });
  readonly keyframes = new KeyframeRhythm();
  readonly gathering = new Gathering({
    bus: this.bus,
    pictures: this.pictures,
    gate: { resumesInMs: () => null, keyframes: this.keyframes },
    clock: this.clock,
    signal: this.stop.signal,
  }, true);
  #read = 0;

  constructor(rateHz: number | null) {
    this.bus.register({ detector: "person", rateHz, paused: false });
    this.bus.start();
  }

  /** Reads one packet, which arrived in the same rhythm as all others, and decodes it. */
  read(tookMs: number): number {
    const arrivedAtMs = this.gathering.read({
      nowMs: this.clock.nowMs(),
      tookMs,
      positionMs: this.#read * FRAME_MS,
      sizeBytes: 1000,
      isKey: this.#read % 50 === 0,
    });
    this.gathering.decoded(1);
    const frame = new CountedFrame(this.#read++, arrivedAtMs);
    this.bus.ledger.arrive();
    this.bus.rhythm.beat(arrivedAtMs);
    this.bus.distribute(frame);
    frame.release();
    return arrivedAtMs;
  }

  take(): void {
    this.bus.deliver("person", () => true);
  }

  /** So many packets as they come, each waited for. */
  async follow(packets: number): Promise<void> {
    for (let packet = 0; packet < packets; packet++) {
      this.read(FRAME_MS - 2);
      this.take();
      await this.clock.pass(FRAME_MS);
    }
  }

  /** Rests; `over` says whether that has ended. */
  rest(): { over: boolean; readonly ended: Promise<void> } {
    const rest = { over: false, ended: Promise.resolve() };
    rest.ended = this.gathering.rest().then(() => void (rest.over = true));
    return rest;
  }
}

/** Has followed long enough to know the rhythm; the last packet was read just now, and taken. */
async function steady(rateHz: number | null): Promise<Reading> {
  const reading = new Reading(rateHz);
  await reading.follow(50);
  reading.read(FRAME_MS - 2);
  reading.take();
  await settle();
  return reading;
}

Deno.test("gathering: reading rests until the frame that is due, and what gathered has its own time", async () => {
  const reading = await steady(5);
  const { clock, bus } = reading;
  const startMs = clock.nowMs();
  const rest = reading.rest();
  assert.ok(bus.isBehind);
  await clock.pass(4 * FRAME_MS);
  assert.equal(rest.over, false);
  await clock.pass(FRAME_MS + 2);
  assert.equal(rest.over, true);
  for (let packet = 1; packet <= 5; packet++) {
    assert.ok(Math.abs(reading.read(0) - startMs - packet * FRAME_MS) < 1e-6, `packet ${packet}`);
    if (packet === 5) break;
    const none = reading.rest();
    await settle();
    assert.equal(none.over, true, "not while some of them have still to be read");
  }
  assert.notEqual(bus.announcedSeq("person"), null);
  reading.gathering[Symbol.dispose]();
  assert.equal(bus.isBehind, false);
});

Deno.test("gathering: it does not rest where every frame is wanted", async () => {
  const reading = await steady(null);
  const rest = reading.rest();
  await settle();
  assert.equal(rest.over, true);
  assert.equal(reading.bus.isBehind, false);
});

Deno.test("gathering: a rest ends with the keyframe that is expected, if those are few", async () => {
  const restsFor = async (keyEveryMs: readonly number[]) => {
    const reading = await steady(1);
    let atMs = reading.clock.nowMs() + 100 - keyEveryMs.reduce((sum, each) => sum + each);
    reading.keyframes.note(atMs);
    for (const everyMs of keyEveryMs.slice(1)) reading.keyframes.note(atMs += everyMs);
    void reading.rest();
    return Math.min(...reading.clock.waitsMs);
  };
  assert.equal(await restsFor([1000, 1000, 1000]), 100);
  assert.equal(await restsFor([100, 100, 100]), 400, "every third frame is one");
  assert.equal(await restsFor([1000, 2000, 4000]), 400, "nobody knows when the next one comes");
});

Deno.test("gathering: a rest ends when the camera stops, the rate changes or a picture is asked for", async () => {
  const causes: ((reading: Reading) => void)[] = [
    ({ stop }) => stop.abort(),
    ({ bus }) => bus.update({ detector: "person", rateHz: null, paused: false }),
    ({ bus }) => bus.register({ detector: "animal", rateHz: null, paused: false }),
    ({ pictures }) => pictures.onAsked?.(),
  ];
  for (const cause of causes) {
    const reading = await steady(1);
    const rest = reading.rest();
    await settle();
    assert.equal(rest.over, false);
    cause(reading);
    await rest.ended;
    reading.gathering[Symbol.dispose]();
    assert.equal(reading.pictures.onAsked, null);
    assert.equal(reading.bus.reader, null);
  }
});

Deno.test("gathering: once the camera was told to stop it rests no more", async () => {
  const reading = await steady(1);
  reading.stop.abort();
  const rest = reading.rest();
  await settle();
  assert.equal(rest.over, true);
});

Deno.test("gathering: who takes late ends the rest, and waits until everything was read", async () => {
  const reading = await steady(5);
  const { clock, bus, gathering } = reading;
  for (let packet = 0; packet < 5; packet++) {
    await clock.pass(FRAME_MS);
    reading.read(FRAME_MS - 2);
  }
  assert.notEqual(bus.announcedSeq("person"), null);
  const rest = reading.rest();
  await clock.pass(2 * FRAME_MS + 5);
  assert.equal(rest.over, false, "an idle worker would have taken it: nobody is due so soon");
  const newest = bus.untilNewest("person");
  assert.ok(newest !== null);
  let caughtUp = false;
  const waited = newest.then(() => void (caughtUp = true));
  await rest.ended;
  reading.read(0);
  await gathering.rest();
  await settle();
  assert.equal(caughtUp, false, "one more is there");
  reading.read(0);
  void gathering.rest();
  await waited;
  assert.equal(bus.deliver("person", (frame) => frame.seq), 57);
  gathering[Symbol.dispose]();
});

Deno.test("gathering: who takes late does not wait for a camera that fell silent", async () => {
  const reading = await steady(5);
  const { clock, bus } = reading;
  for (let packet = 0; packet < 5; packet++) {
    await clock.pass(FRAME_MS);
    reading.read(FRAME_MS - 2);
  }
  const rest = reading.rest();
  await clock.pass(FRAME_MS + 5);
  const newest = bus.untilNewest("person");
  assert.ok(newest !== null);
  let waited = false;
  void newest.then(() => void (waited = true));
  await rest.ended;
  await clock.pass(FRAME_MS - 1);
  assert.equal(waited, false);
  await clock.pass(2);
  assert.equal(waited, true);
});
