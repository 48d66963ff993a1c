import assert from "node:assert/strict";
import { KeyframeCadence } from "../../../src/pacing/keyframe_cadence.ts";
import { CameraPacing } from "../../../src/stream/camera_pacing.ts";
import { ReadPacer } from "../../../src/stream/read_pacer.ts";
import { HeldClock, settle } from "../../support/clocks/held_clock.ts";

const FRAME_MS = 40;
const PACKETS = 40;

/** A connection whose cadence is known, and a detector that is due in 200 ms unless a test changes that. */
class Rig implements AsyncDisposable {
  readonly clock = new HeldClock(1000);
  readonly pacing = new CameraPacing();
  readonly stop = new AbortController();
  unreadBytes = 0;
  dueInMs = 200;
  readonly pacer: ReadPacer;

  constructor(hasSocket = true) {
    this.pacer = new ReadPacer({
      bus: { isWanted: true, dueNextInMs: () => this.dueInMs },
      pacing: this.pacing,
      snapshots: { isWanted: false },
      policy: { resumesInMs: () => null, keyframes: new KeyframeCadence() },
      socket: hasSocket ? { unreadBytes: () => this.unreadBytes } : null,
      clock: this.clock,
      signal: this.stop.signal,
    });
  }

  /** Receives packets, at even intervals. */
  async receive(count = PACKETS): Promise<void> {
    for (let packet = 0; packet < count; packet++) {
      await this.clock.pass(FRAME_MS);
      this.pacing.packets.observe(this.clock.nowMs());
      this.pacer.packet(4000, false);
      this.pacer.decoded(0);
    }
  }

  /** Starts a delay. @returns whether it has ended */
  delay(): () => boolean {
    let hasEnded = false;
    void this.pacer.delay().then(() => hasEnded = true);
    return () => hasEnded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pacer[Symbol.dispose]();
    await settle();
    assert.deepEqual(this.clock.waitsMs, [], "no timer is left");
  }
}

Deno.test("read pacer: reading is delayed until shortly before the frame that is due", async () => {
  await using rig = new Rig();
  await rig.receive();
  const hasEnded = rig.delay();
  await rig.clock.pass(200 - 3 - 1);
  assert.equal(hasEnded(), false);
  await rig.clock.pass(1);
  assert.equal(hasEnded(), true);
});

Deno.test("read pacer: reading is not delayed before the cadence is known, nor while a detector is due", async () => {
  await using rig = new Rig();
  await rig.receive(2);
  const isUnknown = rig.delay();
  await settle();
  assert.equal(isUnknown(), true);
  await rig.receive();
  rig.dueInMs = 0;
  const isDue = rig.delay();
  await settle();
  assert.equal(isDue(), true);
});

Deno.test("read pacer: a change of demand, the stop of the camera and the end of the connection end a delay", async () => {
  for (const end of ["wake", "stop", "dispose"] as const) {
    await using rig = new Rig();
    await rig.receive();
    const hasEnded = rig.delay();
    await settle();
    assert.equal(hasEnded(), false);
    if (end === "wake") rig.pacing.wake();
    if (end === "stop") rig.stop.abort();
    if (end === "dispose") rig.pacer[Symbol.dispose]();
    await settle();
    assert.equal(hasEnded(), true, end);
  }
});

Deno.test("read pacer: a consumer that catches up ends the delay, and waits until everything was read", async () => {
  await using rig = new Rig();
  await rig.receive();
  const hasEnded = rig.delay();
  assert.equal(rig.pacing.isBehind(), false);
  rig.unreadBytes = 4000;
  assert.equal(rig.pacing.isBehind(), true);
  let hasCaughtUp = false;
  void rig.pacing.catchUp().then(() => hasCaughtUp = true);
  await settle();
  assert.deepEqual([hasEnded(), hasCaughtUp], [true, false]);
  rig.unreadBytes = 0;
  rig.delay();
  await settle();
  assert.equal(hasCaughtUp, true);
});

Deno.test("read pacer: a consumer gets the newest frame so far when more arrives than is read at once", async () => {
  await using rig = new Rig();
  let hasCaughtUp = false;
  void rig.pacing.catchUp().then(() => hasCaughtUp = true);
  rig.pacer.fallBehind();
  await settle();
  assert.equal(hasCaughtUp, true);
});

Deno.test("read pacer: without the kernel's word a packet is expected by the cadence, for one interval at most", async () => {
  await using rig = new Rig(false);
  await rig.receive();
  rig.delay();
  assert.equal(rig.pacing.isBehind(), false);
  await rig.clock.pass(FRAME_MS);
  assert.equal(rig.pacing.isBehind(), true);
  let hasCaughtUp = false;
  void rig.pacing.catchUp().then(() => hasCaughtUp = true);
  await rig.clock.pass(FRAME_MS - 1);
  assert.equal(hasCaughtUp, false);
  await rig.clock.pass(1);
  assert.equal(hasCaughtUp, true);
});

Deno.test("camera pacing: without a connection nothing lies unread, and catching up ends at once", async () => {
  const pacing = new CameraPacing();
  assert.equal(pacing.isBehind(), false);
  await pacing.catchUp();
  pacing.wake();
});

Deno.test("camera pacing: frames are expected with the keyframes while only those are decoded", () => {
  const pacing = new CameraPacing();
  const keyframes = new KeyframeCadence();
  assert.equal(pacing.frames, pacing.packets);
  pacing.decodesOnly(keyframes);
  assert.equal(pacing.frames, keyframes);
  pacing.decodesOnly(null);
  assert.equal(pacing.frames, pacing.packets);
});
