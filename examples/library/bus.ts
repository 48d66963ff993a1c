/**
 * Distributes frames of any kind to two consumers, the newest to each at its own rate, and prints what
 * became of them. Needs no permission.
 */
import { type BusFrame, Cadence, CameraLedger, FrameBus, systemClock } from "@orion/orion/framebus";

/** A frame that needs no release: what holds it is the collector's. */
function frameOf(seq: number): BusFrame {
  const nowMs = systemClock.nowMs();
  return { seq, arrivedAtMs: nowMs, shownAtMs: nowMs, retain() {}, release() {} };
}

const ledger = new CameraLedger();
const cadence = new Cadence();
const bus = new FrameBus<BusFrame>({
  clock: systemClock,
  stallTimeoutMs: 10_000,
  ledger,
  pacing: { frames: cadence, isBehind: () => false },
  // A frame waits for this consumer. A slow one would take it when it is ready.
  announce: (consumer) => void bus.deliver(consumer, () => true),
  onDemandChanged: () => {},
});
bus.register({ detector: "fast", rateHz: null, paused: false, pictures: false });
bus.register({ detector: "slow", rateHz: 5, paused: false, pictures: false });
bus.start();
for (let seq = 0; seq < 50; seq++) {
  ledger.arrive();
  const frame = frameOf(seq);
  cadence.observe(frame.arrivedAtMs);
  bus.distribute(frame);
  await systemClock.sleep(20);
}
bus.stop();
await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(bus.account())}\n`));
