/**
 * The cost of distributing a frame, dropping it, and delivering it to a worker on another thread.
 * Allocations do not grow with the number of frames: the same objects are reused.
 */
import { ageOf } from "../../src/core/age.ts";
import { systemClock, wallMs } from "../../src/core/clock.ts";
import type { ToConsumer, ToMailbox } from "../../src/core/messages.ts";
import { inputBytes, type InputPolicy } from "../../src/core/model_input.ts";
import { FrameBus } from "../../src/framebus/bus.ts";
import type { BusFrame } from "../../src/framebus/detector_mailbox.ts";
import { CameraLedger } from "../../src/framebus/ledger.ts";
import type { FrameReader, PacingView } from "../../src/framebus/pacing_view.ts";
import { Cadence } from "../../src/pacing/cadence.ts";
import { ConsumerPorts } from "../../src/framebus/consumer_ports.ts";

/** A frame that is only counted. */
class BenchFrame implements BusFrame {
  readonly seq = 0;
  readonly arrivedAtMs = systemClock.nowMs();
  readonly shownAtMs = this.arrivedAtMs;
  #holders = 0;

  retain(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
  }
}

/** A camera whose packets are all read. */
const IDLE: PacingView & FrameReader = {
  frames: new Cadence(),
  isBehind: () => false,
  catchUp: () => Promise.resolve(),
};

function camera(detectors: number, rateHz: number | null, announce: () => void = () => undefined) {
  const ledger = new CameraLedger();
  const bus = new FrameBus<BenchFrame>({
    clock: systemClock,
    stallTimeoutMs: 1e9,
    ledger,
    pacing: IDLE,
    announce,
    onDemandChanged: () => undefined,
  });
  for (let i = 0; i < detectors; i++) {
    bus.register({ detector: `d${i}`, rateHz, paused: false, pictures: false });
  }
  bus.start();
  return { bus, ledger };
}

for (const detectors of [1, 4, 16]) {
  const { bus, ledger } = camera(detectors, null);
  const frame = new BenchFrame();
  Deno.bench({
    name: `distribute to ${detectors} busy: the waiting frame is dropped as overwritten`,
    group: "distribute",
    baseline: detectors === 1,
    fn() {
      ledger.arrive();
      bus.distribute(frame);
    },
  });
}

{
  const { bus, ledger } = camera(1, 0.1);
  const frame = new BenchFrame();
  ledger.arrive();
  bus.distribute(frame);
  bus.deliver("d0", () => undefined);
  Deno.bench({
    name: "distribute to 1 that is not due: the waiting frame is dropped for its rate",
    group: "distribute",
    fn() {
      ledger.arrive();
      bus.distribute(frame);
    },
  });
}

{
  const { bus, ledger } = camera(1, null);
  const frame = new BenchFrame();
  Deno.bench({
    name: "distribute to 1 and deliver, on one thread",
    group: "deliver",
    fn() {
      ledger.arrive();
      bus.distribute(frame);
      bus.deliver("d0", (held) => held.seq);
    },
  });
}

/** A worker that answers every `available` with a `take`, and reports every frame. */
const CONSUMER = `
  self.onmessage = ({ data: { port, input, bytes } }) => {
    let buffer = new ArrayBuffer(bytes);
    port.onmessage = ({ data }) => {
      if (data.kind === "available") port.postMessage({ kind: "take", input, buffer, barsKey: null }, [buffer]);
      else { buffer = data.buffer; self.postMessage(data.kind); }
    };
    self.postMessage("ready");
  };
`;

for (const side of [416, 640]) {
  const size = { width: side, height: side };
  const input: InputPolicy = { size: { kind: "fixed", ...size }, placement: "centre", bars: 0 };
  let worker: Worker | null = null;
  let next = () => {};
  const frame = new BenchFrame();
  const ports: ConsumerPorts<BenchFrame>[] = [];
  const { bus, ledger } = camera(1, null, () => ports[0]?.announce("d0", 0));
  const start = async () => {
    const ready = Promise.withResolvers<void>();
    const url = URL.createObjectURL(new Blob([CONSUMER], { type: "text/javascript" }));
    worker = new Worker(url, { type: "module" });
    worker.onmessage = () => ready.resolve();
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ port: port2, input, bytes: inputBytes(size) }, [port2]);
    await ready.promise;
    worker.onmessage = () => next();
    const consumers = new ConsumerPorts<BenchFrame>({
      bus,
      reader: IDLE,
      clock: systemClock,
      convert: (held: BenchFrame, _take: ToMailbox) => ({
        meta: meta(held),
        age: ageOf(held.arrivedAtMs, systemClock),
      }),
      onError: (_, error) => {
        throw error;
      },
    });
    consumers.attach({ detector: "d0", worker: "w", port: port1 });
    ports[0] = consumers;
  };
  Deno.bench({
    name: `available, take, frame and a reply, ${side} x ${side}, between threads`,
    group: "round trip",
    async fn(bench) {
      if (worker === null) await start();
      bench.start();
      const taken = Promise.withResolvers<void>();
      next = taken.resolve;
      ledger.arrive();
      bus.distribute(frame);
      await taken.promise;
      bench.end();
    },
  });
}

function meta(frame: BenchFrame): Extract<ToConsumer, { kind: "frame" }>["meta"] {
  const crop = { x: 0, y: 0, width: 1280, height: 720 };
  return {
    camera: "gate",
    seq: frame.seq,
    size: crop,
    keyframe: false,
    ptsSeconds: 0,
    capturedAtMs: wallMs(0),
    clock: "arrival",
    roi: null,
    fit: { crop, input: { width: 416, height: 416 }, width: 416, height: 234, dx: 0, dy: 91 },
    queueMs: 0,
    convertMs: 0,
    dropsSinceLast: 0,
  };
}
