/** A {@link FrameConsumer} with everything around it in the test's hands. */
import assert from "node:assert/strict";
import type { FrameMeta } from "../../../src/core/frame_meta.ts";
import { letterbox } from "../../../src/core/geometry.ts";
import type { ToConsumer, ToMailbox } from "../../../src/core/messages.ts";
import { FrameConsumer } from "../../../src/inference/frame_consumer.ts";
import type { ConsumerPort } from "../../../src/inference/consumer_port.ts";
import { frameMeta } from "../clips/clip.ts";
import { HeldClock } from "../clocks/held_clock.ts";
import { justNow } from "../clocks/just_now.ts";

export const INPUT = { width: 32, height: 32, bars: 0.5 };
const SIZE = { width: 64, height: 32 };
export const FIT = letterbox({ x: 0, y: 0, ...SIZE }, INPUT);

/** Transfers a buffer, as a message does. */
export function move(buffer: ArrayBuffer): ArrayBuffer {
  return structuredClone(buffer, { transfer: [buffer] });
}

/** The other end of a link, held by the test: what was sent waits until the test looks at it. */
export class FakePort implements ConsumerPort {
  readonly sent: ToMailbox[] = [];
  closed = 0;
  #receive: ((message: ToConsumer) => void) | null = null;

  open(receive: (message: ToConsumer) => void): void {
    this.#receive = receive;
  }

  /** Transfers, as a real port does. */
  send(message: ToMailbox): void {
    assert.equal(this.closed, 0, "sent through a closed port");
    this.sent.push({ ...message, buffer: move(message.buffer) });
  }

  close(): void {
    this.closed++;
  }

  say(message: ToConsumer): void {
    this.#receive?.(message);
  }

  available(): void {
    this.say({ kind: "available", seq: 0 });
  }

  /** The oldest take nobody answered. */
  asked(): ToMailbox {
    return this.sent.shift() ?? assert.fail("it was not asked");
  }

  frame(meta: FrameMeta): void {
    this.say({ kind: "frame", meta, age: justNow(), buffer: move(this.asked().buffer) });
  }

  none(): void {
    this.say({ kind: "none", buffer: move(this.asked().buffer) });
  }
}

export function metaOf(camera: string, seq = 0): FrameMeta {
  return frameMeta({ camera, seq, size: SIZE, fit: FIT });
}

/** A mailbox's answer with a frame. */
export function frameOf(camera: string, seq: number, buffer: ArrayBuffer): ToConsumer {
  return { kind: "frame", meta: metaOf(camera, seq), age: justNow(), buffer };
}

/** A consumer whose inferences end when the test says so. */
export function harness(cameras: readonly string[]) {
  const failures: unknown[] = [];
  const inferring: {
    meta: FrameMeta;
    tensor: ArrayBuffer;
    end: () => Promise<void>;
    crash: (error: Error) => Promise<void>;
  }[] = [];
  const clock = new HeldClock(0);
  const consumer = new FrameConsumer({
    input: INPUT,
    clock,
    fail: (error) => failures.push(error),
    infer(meta, tensor) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const after = async (settle: () => void) => {
        inferring.shift();
        settle();
        await promise.catch(() => undefined);
        await Promise.resolve();
      };
      inferring.push({
        meta,
        tensor,
        end: () => after(resolve),
        crash: (e) => after(() => reject(e)),
      });
      return promise;
    },
  });
  const ports = new Map(cameras.map((camera) => [camera, new FakePort()]));
  for (const [camera, port] of ports) consumer.attach(camera, port);
  const port = (camera: string) => ports.get(camera) ?? assert.fail(camera);
  const infer = () => inferring[0] ?? assert.fail("nothing is being inferred");
  return { consumer, clock, ports, port, inferring, infer, failures };
}
