import assert from "node:assert/strict";
import { OutputProblem, PROBLEM_MS } from "../../../../src/service/workers/output_problem.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

Deno.test("output problem: lasts a minute after the last result that no detector gives", async () => {
  const clock = new HeldClock(0);
  const output = new OutputProblem(clock);
  const code = () => output.problem?.code ?? null;
  output.observe(0);
  assert.equal(code(), null);
  output.observe(3);
  assert.equal(code(), "MODEL_OUTPUT");
  await clock.pass(PROBLEM_MS);
  output.observe(0);
  assert.equal(code(), "MODEL_OUTPUT");
  await clock.pass(1);
  assert.equal(code(), null);
});

Deno.test("output problem: another model starts without it", () => {
  const output = new OutputProblem(new HeldClock(0));
  output.observe(1);
  output.reset();
  assert.equal(output.problem, null);
});
