/** The consumer against mailboxes that keep the contract, in every order of events. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ToConsumer, ToMailbox } from "../../../src/core/messages.ts";
import { ANSWER_MS } from "../../../src/inference/frame_consumer.ts";
import { FakePort, frameOf, harness, move } from "../../support/models/consumer_rig.ts";

/** A mailbox as the contract describes it, with its messages on their way in both directions. */
class ModelMailbox {
  /** The waiting frame's number. */
  waiting: number | null = null;
  /** Messages to the consumer, the oldest first. */
  readonly toConsumer: ToConsumer[] = [];
  readonly port = new FakePort();
  attached = true;
  /** Takes of other cameras since this one's `available` arrived. */
  bypassed: string[] | null = null;

  constructor(readonly camera: string) {}

  /** Stores a newer frame, and announces it when the mailbox was empty. */
  put(seq: number): void {
    if (this.waiting === null) this.toConsumer.push({ kind: "available", seq });
    this.waiting = seq;
  }

  /** Another worker of the pool takes the frame first. */
  steal(): void {
    this.waiting = null;
  }

  /** Takes the oldest request, if there is one. */
  answer(): void {
    const take = this.port.sent.shift();
    if (take === undefined) return;
    const buffer = move(take.buffer);
    if (this.waiting === null) this.toConsumer.push({ kind: "none", buffer });
    else this.toConsumer.push(frameOf(this.camera, this.waiting, buffer));
    this.waiting = null;
  }

  /** How many buffers are with this mailbox or on their way from or to it. */
  get holding(): number {
    return this.port.sent.length + this.toConsumer.filter((one) => one.kind !== "available").length;
  }
}

const CAMERAS = ["a", "b", "c"];

type Act = "put" | "steal" | "answer" | "deliver" | "detach" | "end" | "wait";
/** What happens, and to which camera. */
interface Step {
  readonly act: Act;
  readonly at: number;
}

const camera = fc.nat(CAMERAS.length - 1);
const often = fc.constantFrom<Act>("put", "answer", "deliver", "put", "answer", "deliver", "steal");
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ act: often, at: camera }) },
    { weight: 4, arbitrary: fc.record({ act: fc.constant<Act>("end"), at: camera }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant<Act>("detach"), at: camera }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant<Act>("wait"), at: camera }) },
  ),
  // Long enough for one camera to be served twice while another waits.
  { maxLength: 300, size: "max" },
);

/** Plays the steps, and checks after each what must hold at every moment. */
class Play {
  readonly h = harness([]);
  readonly boxes = CAMERAS.map((camera) => new ModelMailbox(camera));
  #seq = 0;
  /** The take of each mailbox that was counted last. */
  readonly #counted = new Map<ModelMailbox, ToMailbox>();

  constructor() {
    for (const box of this.boxes) this.h.consumer.attach(box.camera, box.port);
  }

  async step(step: Step): Promise<void> {
    if (step.act === "end") {
      await this.h.inferring[0]?.end();
    } else if (step.act === "wait") {
      // In two parts, so that a camera is asked once at most between two checks.
      await this.h.clock.pass(1);
      this.#check();
      await this.h.clock.pass(ANSWER_MS - 1);
    } else {
      const box = this.boxes[step.at] ?? assert.fail("no such camera");
      if (step.act === "put") box.put(++this.#seq);
      if (step.act === "steal") box.steal();
      if (step.act === "answer") box.answer();
      if (step.act === "deliver") this.#deliver(box);
      if (step.act === "detach") this.#detach(step.at, box);
    }
    this.#check();
  }

  #deliver(box: ModelMailbox): void {
    const message = box.toConsumer.shift();
    if (message === undefined) return;
    // An announcement while a request is pending is outdated when the answer arrives.
    if (message.kind === "available" && box.holding === 0) {
      box.bypassed ??= [];
    }
    box.port.deliver(message);
  }

  #detach(at: number, box: ModelMailbox): void {
    const before = this.h.consumer.lost;
    const lent = box.holding;
    this.h.consumer.detach(box.camera);
    assert.equal(this.h.consumer.lost - before, lent, "lost exactly what was lent");
    // Its messages arrive all the same, and must change nothing.
    while (box.toConsumer.length > 0) this.#deliver(box);
    box.port.sent.length = 0;
    const renewed = new ModelMailbox(box.camera);
    if (box.waiting !== null) renewed.put(box.waiting);
    this.boxes[at] = renewed;
    this.h.consumer.attach(renewed.camera, renewed.port);
  }

  #check(): void {
    assert.deepEqual(this.h.failures, []);
    for (const { camera, holding } of this.boxes) {
      assert.ok(holding <= 1, `${camera} is asked although it owes an answer`);
    }
    assert.ok(this.h.inferring.length <= 1, "two frames are inferred at once");
    for (const { tensor } of this.h.inferring) assert.equal(tensor.detached, false);
    const owing = this.boxes.filter((box) => box.port.sent.length > 0);
    const asked = owing.find((box) => box.port.sent[0] !== this.#counted.get(box));
    const take = asked?.port.sent[0];
    if (asked === undefined || take === undefined) return;
    this.#counted.set(asked, take);
    asked.bypassed = null;
    for (const box of this.boxes) {
      if (box === asked || box.bypassed === null) continue;
      // A camera that owes an answer has no turn.
      if (box.holding > 0) box.bypassed = [];
      assert.ok(!box.bypassed.includes(asked.camera), `${asked.camera} went before twice`);
      box.bypassed.push(asked.camera);
    }
  }

  /** Lets everything that is on its way arrive, until nothing moves. */
  async settle(): Promise<void> {
    for (let round = 0; round < 50; round++) {
      for (let at = 0; at < this.boxes.length; at++) {
        await this.step({ act: "deliver", at });
        await this.step({ act: "answer", at });
      }
      await this.step({ act: "end", at: 0 });
    }
  }
}

Deno.test("consumer: whatever the order of events, one take a camera, one inference, fair turns, and progress", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const play = new Play();
      for (const step of all) await play.step(step);
      await play.settle();
      for (const box of play.boxes) {
        assert.equal(box.waiting, null, `a frame of ${box.camera} was never taken`);
        assert.equal(box.holding, 0);
      }
      assert.equal(play.h.inferring.length, 0);
      await play.h.consumer.stop();
    }),
    { numRuns: 150 },
  );
});
