/** A {@link FrameConsumer} whose surroundings the test controls. */
import assert from "node:assert/strict";
import type { FrameMeta } from "../../../src/core/frame_meta.ts";
import { letterbox } from "../../../src/core/geometry.ts";
import type { ToConsumer, ToMailbox } from "../../../src/core/messages.ts";
import { FrameConsumer } from "../../../src/inference/frame_consumer.ts";
import type { ConsumerPort } from "../../../src/inference/consumer_port.ts";
import { frameMeta } from "../clips/clip.ts";
import { HeldClock } from "../clocks/held_clock.ts";
import { fixedInput } from "./inputs.ts";
import { justNow } from "../clocks/just_now.ts";

const INPUT_SIZE = { width: 32, height: 32 };
export const INPUT = fixedInput(INPUT_SIZE);
const SIZE = { width: 64, height: 32 };
export const FIT = letterbox({ x: 0, y: 0, ...SIZE }, INPUT_SIZE);

/** Transfers a buffer, as a message does. */
export function move(buffer: ArrayBuffer): ArrayBuffer {
  return structuredClone(buffer, { transfer: [buffer] });
}

/** The mailbox's end of a link: keeps sent messages until the test reads them. */
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

  deliver(message: ToConsumer): void {
    this.#receive?.(message);
  }

  available(): void {
    this.deliver({ kind: "available", seq: 0 });
  }

  /** The oldest unanswered take. */
  nextTake(): ToMailbox {
    return this.sent.shift() ?? assert.fail("no take was sent");
  }

  frame(meta: FrameMeta): void {
    this.deliver({ kind: "frame", meta, age: justNow(), buffer: move(this.nextTake().buffer) });
  }

  none(): void {
    this.deliver({ kind: "none", buffer: move(this.nextTake().buffer) });
  }
}

export function metaOf(camera: string, seq = 0): FrameMeta {
  return frameMeta({ camera, seq, size: SIZE, fit: FIT });
}

/** A mailbox's answer with a frame. */
export function frameOf(camera: string, seq: number, buffer: ArrayBuffer): ToConsumer {
  return { kind: "frame", meta: metaOf(camera, seq), age: justNow(), buffer };
}

/** A consumer whose inferences the test ends. */
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
