import assert from "node:assert/strict";
import { ageOf } from "../../../src/core/age.ts";
import { wallMs } from "../../../src/core/clock.ts";
import type { FrameMeta } from "../../../src/core/frame_meta.ts";
import type { ToConsumer } from "../../../src/core/messages.ts";
import { bufferBytes } from "../../../src/core/model_input.ts";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { ConsumerPorts } from "../../../src/framebus/consumer_ports.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";
import { PlayedStream } from "../../support/streams/played_stream.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { letterbox } from "../../../src/core/geometry.ts";
import { fixedInput } from "../../support/models/inputs.ts";

const SIZE = { width: 8, height: 8 };
const INPUT = fixedInput(SIZE);

function meta(seq: number): FrameMeta {
  return {
    camera: "lobby",
    seq,
    size: SIZE,
    keyframe: false,
    ptsSeconds: 0,
    capturedAtMs: wallMs(0),
    clock: "arrival",
    roi: null,
    fit: letterbox({ x: 0, y: 0, ...SIZE }, SIZE),
    queueMs: 0,
    convertMs: 0,
    dropsSinceLast: 0,
  };
}

/** A camera with one detector, and the worker's end of its port. */
class Connected implements Disposable {
  readonly clock = new HeldClock(0);
  readonly stream = new PlayedStream();
  readonly bus = new FrameBus<CountedFrame>({
    clock: this.clock,
    stallTimeoutMs: 10_000,
    ledger: this.stream.ledger,
    pacing: this.stream,
    announce: (detector, seq) => this.ports.announce(detector, seq),
    onDemandChanged: () => undefined,
  });
  readonly ports = new ConsumerPorts<CountedFrame>({
    bus: this.bus,
    reader: this.stream,
    clock: this.clock,
    convert: (frame) => ({ meta: meta(frame.seq), age: ageOf(frame.arrivedAtMs, this.clock) }),
    onError: (_detector, error) => {
      throw error;
    },
  });
  readonly #messages: ToConsumer[] = [];
  readonly #port: MessagePort;
  #onMessage: () => void = () => undefined;

  constructor(rateHz: number) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port2;
    port2.onmessage = ({ data }: MessageEvent<ToConsumer>) => {
      this.#messages.push(data);
      this.#onMessage();
    };
    this.bus.register({ detector: "person", rateHz, paused: false, pictures: false });
    this.bus.start();
    this.ports.attach({ detector: "person", worker: "person-1", port: port1 });
  }

  send(): void {
    const frame = new CountedFrame(this.stream.ledger.received, this.clock.nowMs());
    this.stream.ledger.arrive();
    this.stream.frames.observe(frame.arrivedAtMs);
    this.bus.distribute(frame);
    frame.release();
  }

  take(): void {
    const buffer = new ArrayBuffer(bufferBytes(INPUT));
    this.#port.postMessage({ kind: "take", input: INPUT, buffer, barsKey: null }, [buffer]);
  }

  /** The next message to the worker: its kind, and which frame. */
  async next(): Promise<string> {
    while (this.#messages.length === 0) {
      await new Promise<void>((resolve) => this.#onMessage = resolve);
    }
    const message = this.#messages.shift();
    if (message === undefined) return "";
    if (message.kind === "available") return `available ${message.seq}`;
    return message.kind === "frame" ? `frame ${message.meta.seq}` : message.kind;
  }

  [Symbol.dispose](): void {
    this.ports.close();
    this.#port.close();
    this.bus.stop();
  }
}

Deno.test("consumer ports: an announced frame is delivered, and only once", async () => {
  using connected = new Connected(5);
  connected.send();
  assert.equal(await connected.next(), "available 0");
  connected.take();
  assert.equal(await connected.next(), "frame 0");
  connected.take();
  assert.equal(await connected.next(), "none");
});

Deno.test("consumer ports: offers have the age of an announcement that was not taken, and the delivered frame", async () => {
  using connected = new Connected(5);
  const { ports, clock } = connected;
  assert.deepEqual(ports.offers(), [{ worker: "person-1", untakenForMs: null, handed: null }]);
  connected.send();
  await clock.pass(40);
  connected.send();
  await clock.pass(30);
  assert.deepEqual(ports.offers(), [{ worker: "person-1", untakenForMs: 70, handed: null }]);
  assert.equal(await connected.next(), "available 0");
  connected.take();
  assert.equal(await connected.next(), "frame 1");
  await clock.pass(60);
  const handed = { seq: 1, agoMs: 60 };
  assert.deepEqual(ports.offers(), [{ worker: "person-1", untakenForMs: null, handed }]);
});

/**
 * A worker takes 90 ms after the last frame that was read, while others lie unread.
 * @returns once it waits for those: what ends the wait
 */
async function takenLate(connected: Connected): Promise<() => Promise<void>> {
  const { clock, stream } = connected;
  const waits = Promise.withResolvers<void>();
  stream.behind = true;
  stream.onCatchUp = waits.resolve;
  connected.send();
  await clock.pass(40);
  connected.send();
  await clock.pass(90);
  connected.take();
  await waits.promise;
  return () => {
    stream.caughtUp.resolve();
    return stream.caughtUp.promise;
  };
}

Deno.test("consumer ports: a worker that takes late gets the newest frame, even if it was not read yet", async () => {
  using connected = new Connected(5);
  const caughtUp = await takenLate(connected);
  assert.equal(await connected.next(), "available 0");
  // These lay in the socket.
  connected.send();
  connected.send();
  await caughtUp();
  assert.equal(await connected.next(), "frame 3");
});

Deno.test("consumer ports: a worker that is detached while it waits for the newest frame gets nothing", async () => {
  using connected = new Connected(5);
  const caughtUp = await takenLate(connected);
  connected.ports.detach("person-1", null);
  await caughtUp();
  assert.equal(connected.bus.announcedSeq("person"), 1, "the frame is left for the next worker");
});

Deno.test("consumer ports: a take waits for the newest frame only if one was announced and packets lie unread", async () => {
  using connected = new Connected(5);
  const { bus, clock, stream } = connected;
  stream.caughtUp.resolve();
  connected.send();
  assert.equal(await connected.next(), "available 0");
  connected.take();
  assert.equal(await connected.next(), "frame 0");
  assert.equal(stream.catchUps, 0, "everything that arrived was read");
  stream.behind = true;
  connected.take();
  assert.equal(await connected.next(), "none");
  assert.equal(stream.catchUps, 0, "nothing was announced");
  await clock.pass(200);
  connected.send();
  assert.equal(await connected.next(), "available 1");
  connected.take();
  assert.equal(await connected.next(), "frame 1");
  assert.equal(stream.catchUps, 1);
  connected.take();
  assert.equal(await connected.next(), "none");
  assert.equal(stream.catchUps, 1, "nothing is left to take");
  connected.send();
  bus.update({ detector: "person", rateHz: null, paused: false, pictures: false });
  assert.equal(await connected.next(), "available 2");
  connected.take();
  assert.equal(await connected.next(), "frame 2");
  assert.equal(stream.catchUps, 2, "a newer frame was announced");
});
