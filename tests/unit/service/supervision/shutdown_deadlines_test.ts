import assert from "node:assert/strict";
import { ShutdownDeadlines } from "../../../../src/service/supervision/shutdown_deadlines.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

Deno.test("deadlines: each stage ends at its share of the total, however long the earlier ones took", async () => {
  const clock = new HeldClock(0);
  const over: string[] = [];
  using deadlines = new ShutdownDeadlines(clock, 5000);
  void deadlines.of("workers").then(() => over.push("workers"));
  await clock.pass(1999);
  assert.equal(over.length, 0);
  await clock.pass(1);
  assert.equal(over.join(), "workers");
  await clock.pass(2500);
  void deadlines.of("streams").then(() => over.push("streams"));
  void deadlines.of("mqtt").then(() => over.push("mqtt"));
  await clock.pass(0);
  assert.equal(over.join(), "workers,streams", "its time was over before it began");
  await clock.pass(250);
  assert.equal(over.join(), "workers,streams,mqtt");
});

Deno.test("deadlines: disposing leaves no timer", () => {
  const clock = new HeldClock(0);
  {
    using deadlines = new ShutdownDeadlines(clock, 5000);
    void deadlines.of("mqtt");
  }
  assert.deepEqual(clock.waitsMs, []);
});
