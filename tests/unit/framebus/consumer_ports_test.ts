import assert from "node:assert/strict";
import { ageOf } from "../../../src/core/age.ts";
import { wallMs } from "../../../src/core/clock.ts";
import type { FrameMeta } from "../../../src/core/frame_meta.ts";
import type { ToConsumer } from "../../../src/core/messages.ts";
import { inputBytes } from "../../../src/core/model_input.ts";
import { FrameBus } from "../../../src/framebus/bus.ts";
import { ConsumerPorts } from "../../../src/framebus/consumer_ports.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

const INPUT = { width: 8, height: 8, bars: 0 };
const SIZE = { width: 8, height: 8 };

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
    fit: { crop: { x: 0, y: 0, ...SIZE }, dx: 0, dy: 0, ...SIZE },
    queueMs: 0,
    convertMs: 0,
    dropsSinceLast: 0,
  };
}

/** A camera with one detector and its worker's far end of the port. */
class Wired implements Disposable {
  readonly clock = new HeldClock(0);
  readonly bus = new FrameBus<CountedFrame>({
    clock: this.clock,
    stallTimeoutMs: 10_000,
    announce: (detector, seq) => this.ports.announce(detector, seq),
  });
  readonly ports = new ConsumerPorts<CountedFrame>({
    bus: this.bus,
    clock: this.clock,
    convert: (frame) => ({ meta: meta(frame.seq), age: ageOf(frame.arrivedAtMs, this.clock) }),
    onError: (_detector, error) => {
      throw error;
    },
  });
  readonly #messages: ToConsumer[] = [];
  readonly #port: MessagePort;
  #told: () => void = () => undefined;

  constructor(rateHz: number) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port2;
    port2.onmessage = ({ data }: MessageEvent<ToConsumer>) => {
      this.#messages.push(data);
      this.#told();
    };
    this.bus.register({ detector: "person", rateHz, paused: false });
    this.bus.start();
    this.ports.attach({ detector: "person", worker: "person-1", port: port1 });
  }

  send(): void {
    const frame = new CountedFrame(this.bus.ledger.received, this.clock.nowMs());
    this.bus.ledger.arrive();
    this.bus.cadence.beat(frame.arrivedAtMs);
    this.bus.distribute(frame);
    frame.release();
  }

  take(): void {
    const buffer = new ArrayBuffer(inputBytes(INPUT));
    this.#port.postMessage({ kind: "take", input: INPUT, buffer, barsKey: null }, [buffer]);
  }

  /** The next message to the worker: its kind, and which frame. */
  async next(): Promise<string> {
    while (this.#messages.length === 0) {
      await new Promise<void>((resolve) => this.#told = resolve);
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

Deno.test("consumer ports: a frame that was announced is handed over, and only once", async () => {
  using wired = new Wired(5);
  wired.send();
  assert.equal(await wired.next(), "available 0");
  wired.take();
  assert.equal(await wired.next(), "frame 0");
  wired.take();
  assert.equal(await wired.next(), "none");
});

Deno.test("consumer ports: what was offered and not asked for is told with its age, and what was handed over", async () => {
  using wired = new Wired(5);
  const { ports, clock } = wired;
  assert.deepEqual(ports.offers(), [{ worker: "person-1", untakenForMs: null, handed: null }]);
  wired.send();
  await clock.pass(40);
  wired.send();
  await clock.pass(30);
  assert.deepEqual(ports.offers(), [{ worker: "person-1", untakenForMs: 70, handed: null }]);
  assert.equal(await wired.next(), "available 0");
  wired.take();
  assert.equal(await wired.next(), "frame 1");
  await clock.pass(60);
  const handed = { seq: 1, agoMs: 60 };
  assert.deepEqual(ports.offers(), [{ worker: "person-1", untakenForMs: null, handed }]);
});

/**
 * A worker takes 90 ms after the last frame that was read, while others lie unread.
 * @returns once it waits for those: what says that they were read
 */
async function takenLate(wired: Wired): Promise<() => Promise<void>> {
  const { bus, clock } = wired;
  const asked = Promise.withResolvers<void>();
  const caughtUp = Promise.withResolvers<void>();
  bus.reader = {
    isBehind: () => true,
    wake: () => undefined,
    catchUp: () => {
      asked.resolve();
      return caughtUp.promise;
    },
  };
  wired.send();
  await clock.pass(40);
  wired.send();
  await clock.pass(90);
  wired.take();
  await asked.promise;
  return () => {
    caughtUp.resolve();
    return caughtUp.promise;
  };
}

Deno.test("consumer ports: a worker that takes late gets the newest, also when that was not read yet", async () => {
  using wired = new Wired(5);
  const caughtUp = await takenLate(wired);
  assert.equal(await wired.next(), "available 0");
  // What lay in the socket.
  wired.send();
  wired.send();
  await caughtUp();
  assert.equal(await wired.next(), "frame 3");
});

Deno.test("consumer ports: one that was given up while it waited for the newest gets nothing", async () => {
  using wired = new Wired(5);
  const caughtUp = await takenLate(wired);
  wired.ports.detach("person-1", null);
  await caughtUp();
  assert.equal(wired.bus.announcedSeq("person"), 1, "the frame is there for the next worker");
});
