import assert from "node:assert/strict";
import { NOTHING, sum, type Tally, tallyOf } from "../../../scripts/testing/tally.ts";

function outcome(lines: readonly string[], code = 0, stopped: string | null = null) {
  return { code, stopped, lines };
}

function namesOf({ failures }: Tally): string[] {
  return failures.map(({ name }) => name);
}

Deno.test("tally: the summary counts, and skipped tests are named", () => {
  const tally = tallyOf(
    "unit",
    outcome([
      "running 3 tests from ./tests/unit/a_test.ts",
      "a: one ... ok (3ms)",
      "a: two (of two) ... ok (505µs)",
      "a: three ... ignored (0ms)",
      "",
      "ok | 2 passed (4 steps) | 0 failed | 1 ignored (10ms)",
    ]),
  );
  assert.deepEqual(tally, { passed: 2, failed: 0, ignored: ["a: three"], failures: [] });
});

Deno.test("tally: failures are named, including a file that could not be loaded", () => {
  const tally = tallyOf(
    "unit",
    outcome([
      "a: one ... FAILED (3ms)",
      "a: steps ...",
      "  two ... FAILED (0ms)",
      "a: steps ... FAILED (due to 1 failed step) (1ms)",
      "Uncaught error from ./b_test.ts FAILED",
      "FAILED | 0 passed | 3 failed (1 step) (410ms)",
    ], 1),
  );
  assert.equal(tally.failed, 3);
  assert.deepEqual(namesOf(tally), ["unit: a: one", "unit: a: steps", "unit: ./b_test.ts"]);
});

Deno.test("tally: a failed test that was slow, or printed something, is named by the list at the end", () => {
  const tally = tallyOf(
    "e2e",
    outcome([
      "a: slow ...'a: slow' has been running for over (1m0s)",
      " FAILED (1m0s)",
      "a: steps ... FAILED (due to 1 failed step) (1ms)",
      " ERRORS ",
      "a: slow => ./a_test.ts:10:6",
      "error: Error: it did not come",
      " FAILURES ",
      "",
      "a: slow => ./a_test.ts:10:6",
      "a: steps ... two => ./a_test.ts:4:72",
      "./b_test.ts (uncaught error)",
      "",
      "FAILED | 0 passed | 3 failed (1 step) (1m0s)",
    ], 1),
  );
  assert.deepEqual(namesOf(tally), ["e2e: a: slow", "e2e: a: steps ... two", "e2e: ./b_test.ts"]);
});

Deno.test("tally: the output of each failure is kept; of long output the first and the last lines", () => {
  const tally = tallyOf(
    "e2e",
    outcome([
      " ERRORS ",
      "",
      "a: one => ./a_test.ts:10:6",
      "error: Error: it did not come",
      "    at file:///a_test.ts:12:3",
      "",
      "a: two => ./a_test.ts:20:6",
      ...Array.from({ length: 100 }, (_, line) => `line ${line}`),
      "",
      " FAILURES ",
      "",
      "a: one => ./a_test.ts:10:6",
      "a: two => ./a_test.ts:20:6",
      "",
      "FAILED | 0 passed | 2 failed (1m0s)",
    ], 1),
  );
  const [one, two] = tally.failures;
  assert.deepEqual(one?.lines, ["error: Error: it did not come", "    at file:///a_test.ts:12:3"]);
  assert.deepEqual([two?.lines.at(0), two?.lines.at(-1)], ["line 0", "line 99"]);
  assert.ok(two?.lines.includes("…") && two.lines.length < 50, `${two?.lines.length} lines`);
});

const NOT_CLEAN: readonly {
  what: string;
  lines: string[];
  code: number;
  stopped: string | null;
}[] = [
  { what: "crashed", lines: ["a: one ... ok (3ms)", "a: two ..."], code: 139, stopped: null },
  {
    what: "stopped printing",
    lines: ["a: one ... ok (3ms)"],
    code: 137,
    stopped: "printed nothing",
  },
  {
    what: "was killed after its summary",
    lines: ["a: one ... ok (3ms)", "ok | 1 passed | 0 failed (3ms)"],
    code: 137,
    stopped: "took too long",
  },
  { what: "did not compile", lines: ["TS2322 [ERROR]: no"], code: 1, stopped: null },
  { what: "printed nothing at all", lines: [], code: 1, stopped: null },
  {
    what: "passed every test and still failed",
    lines: ["a: one ... ok (3ms)", "ok | 1 passed | 0 failed (3ms)"],
    code: 1,
    stopped: null,
  },
];

for (const { what, lines, code, stopped } of NOT_CLEAN) {
  Deno.test(`tally: a run that ${what} is a failure`, () => {
    const tally = tallyOf("ffi", outcome(lines, code, stopped));
    assert.equal(tally.failed, 1);
    assert.equal(tally.passed, lines.some((line) => line.startsWith("a: one")) ? 1 : 0);
    assert.equal(tally.failures.length, 1);
    assert.match(tally.failures[0]?.name ?? "", /^ffi: the run /);
    assert.deepEqual(tally.failures[0]?.lines, lines, "its last lines");
  });
}

Deno.test("tally: a test that prints a summary of its own does not change the count", () => {
  const tally = tallyOf(
    "unit",
    outcome([
      "ok | 99 passed | 0 failed (1ms)",
      "a: one ... FAILED (3ms)",
      "FAILED | 0 passed | 1 failed (3ms)",
    ], 1),
  );
  assert.deepEqual([tally.passed, tally.failed], [0, 1]);
});

Deno.test("tally: sums add up", () => {
  const [b, c] = ["b", "c"].map((name) => ({ name, lines: [] }));
  assert.ok(b && c);
  const one = { passed: 1, failed: 2, ignored: ["a"], failures: [b, c] };
  const both = { passed: 2, failed: 4, ignored: ["a", "a"], failures: [b, c, b, c] };
  assert.deepEqual(sum(sum(NOTHING, one), one), both);
});
