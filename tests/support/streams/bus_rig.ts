/** A bus with its frames, consumers and clock played by the test. */
import assert from "node:assert/strict";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { HeldClock } from "../clocks/held_clock.ts";
import { CountedFrame } from "./bus_frame.ts";
import { PlayedStream } from "./played_stream.ts";

export function busRig(stallTimeoutMs = 10_000) {
  const clock = new HeldClock(0);
  const announced: string[] = [];
  const stream = new PlayedStream();
  const { ledger } = stream;
  let demandChanges = 0;
  const bus = new FrameBus<CountedFrame>({
    clock,
    stallTimeoutMs,
    ledger,
    pacing: stream,
    announce: (detector, seq) => announced.push(`${detector}:${seq}`),
    onDemandChanged: () => demandChanges++,
  });
  const send = () => {
    const frame = new CountedFrame(ledger.received, clock.nowMs());
    ledger.arrive();
    stream.frames.observe(frame.arrivedAtMs);
    bus.distribute(frame);
    frame.release();
    return frame;
  };
  const take = (detector = "person") => bus.deliver(detector, (frame) => frame.seq);
  const detector = (name: string) => {
    const found = bus.account().detectors.find((each) => each.detector === name);
    assert.ok(found);
    return found;
  };
  return {
    ...{ clock, announced, stream, ledger, bus, send, take, detector },
    demandChanges: () => demandChanges,
  };
}
