import assert from "node:assert/strict";
import { ageOf, instantOf, MAX_TRAVEL_MS } from "../../../src/core/age.ts";
import {
  type Clock,
  plusMs,
  sinceMs,
  steadyMs,
  systemClock,
  wallMs,
} from "../../../src/core/clock.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

const HOUR_MS = 3_600_000;

/** Two threads of one machine: their steady clocks began at different moments. */
function threads() {
  const sender = new HeldClock(1_000_000);
  const receiver = new HeldClock(5_000);
  receiver.stepWall(1_000_000 - 5_000);
  const pass = async (ms: number) => {
    await sender.pass(ms);
    await receiver.pass(ms);
  };
  const step = (ms: number) => {
    sender.stepWall(ms);
    receiver.stepWall(ms);
  };
  return { sender, receiver, pass, step };
}

Deno.test("age: the receiver gets the same age, plus the travel time", async () => {
  const { sender, receiver, pass } = threads();
  const arrivedAt = sender.nowMs();
  await pass(300);
  const age = ageOf(arrivedAt, sender);
  await pass(40);
  assert.equal(sinceMs(instantOf(age, receiver), receiver.nowMs()), 340);
});

for (const stepMs of [HOUR_MS, -HOUR_MS]) {
  Deno.test(`age: a step of the wall clock by ${stepMs} ms changes none`, async () => {
    const { sender, receiver, pass, step } = threads();
    const arrivedAt = sender.nowMs();
    await pass(300);
    step(stepMs);
    const before = ageOf(arrivedAt, sender);
    await pass(40);
    assert.equal(sinceMs(instantOf(before, receiver), receiver.nowMs()), 340, "before it was sent");
    const during = ageOf(arrivedAt, sender);
    step(stepMs);
    await pass(40);
    assert.equal(
      sinceMs(instantOf(during, receiver), receiver.nowMs()),
      340,
      "on its way: the 40 ms are not known",
    );
  });
}

/** Two threads; each is preempted for 30 ms when it has read the wall clock for the first time. */
function preemptedThreads(): { readonly sender: Clock; readonly receiver: Clock } {
  let now = 1000;
  const thread = (originMs: number): Clock => {
    let isPreempted = false;
    return {
      ...systemClock,
      nowMs: () => steadyMs(now - originMs),
      wallMs() {
        const wall = wallMs(now);
        if (!isPreempted) now += 30;
        isPreempted = true;
        return wall;
      },
    };
  };
  return { sender: thread(0), receiver: thread(900) };
}

Deno.test("age: it is exact where both threads are preempted between their clocks", () => {
  const { sender, receiver } = preemptedThreads();
  assert.equal(instantOf(ageOf(steadyMs(700), sender), receiver), 700 - 900);
});

Deno.test("age: an implausible travel time counts as zero", async () => {
  const { sender, receiver, pass } = threads();
  const age = ageOf(plusMs(sender.nowMs(), -300), sender);
  await pass(MAX_TRAVEL_MS);
  assert.equal(sinceMs(instantOf(age, receiver), receiver.nowMs()), 300 + MAX_TRAVEL_MS);
  await pass(1);
  assert.equal(sinceMs(instantOf(age, receiver), receiver.nowMs()), 300);
});
