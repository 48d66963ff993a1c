import assert from "node:assert/strict";
import fc from "fast-check";
import { seeded } from "../../support/cameras/rtp/packets.ts";
import { Assignment } from "../../../src/tracking/assignment.ts";

interface Pair {
  readonly row: number;
  readonly column: number;
  readonly weight: number;
}

interface Problem {
  readonly rows: number;
  readonly columns: number;
  readonly pairs: readonly Pair[];
}

/** Some of the pairs of some rows and columns. */
const problem = fc.record({
  rows: fc.integer({ min: 1, max: 6 }),
  columns: fc.integer({ min: 1, max: 6 }),
})
  .chain(({ rows, columns }) =>
    fc.array(
      fc.record({
        row: fc.nat(rows - 1),
        column: fc.nat(columns - 1),
        // Whole ones, so that sums are equal, and others.
        weight: fc.oneof(
          fc.integer({ min: 1, max: 4 }),
          fc.double({ min: 0.001, max: 4, noNaN: true }),
        ),
      }),
      { maxLength: 20 },
    ).map((pairs): Problem => ({ rows, columns, pairs: onePerPlace(pairs) }))
  );

function onePerPlace(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map((pair) => [`${pair.row} ${pair.column}`, pair])).values()];
}

function solved(assignment: Assignment, { rows, columns, pairs }: Problem): Pair[] {
  assignment.reset(rows, columns);
  for (const { row, column, weight } of pairs) assignment.add(row, column, weight);
  const chosen: Pair[] = [];
  assignment.solve((row, column) => {
    const pair = pairs.find((each) => each.row === row && each.column === column);
    assert(pair !== undefined, `${row} and ${column} are no pair`);
    chosen.push(pair);
  });
  return chosen;
}

/** The greatest sum, by trying everything. */
function greatest(pairs: readonly Pair[], used: readonly number[] = [], row = 0): number {
  if (row > Math.max(-1, ...pairs.map((pair) => pair.row))) return 0;
  const without = greatest(pairs, used, row + 1);
  return Math.max(
    without,
    ...pairs.filter((pair) => pair.row === row && !used.includes(pair.column))
      .map(({ column, weight }) => weight + greatest(pairs, [...used, column], row + 1)),
  );
}

function sum(pairs: readonly Pair[]): number {
  return pairs.reduce((total, { weight }) => total + weight, 0);
}

Deno.test("assignment: has the greatest sum of weights, and each row and column once", () => {
  // One for all, as a tracker has: nothing of one frame may show in the next.
  const assignment = new Assignment();
  fc.assert(
    fc.property(problem, (given) => {
      const chosen = solved(assignment, given);
      assert.equal(new Set(chosen.map(({ row }) => row)).size, chosen.length);
      assert.equal(new Set(chosen.map(({ column }) => column)).size, chosen.length);
      assert(Math.abs(sum(chosen) - greatest(given.pairs)) < 1e-9);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("assignment: two good pairs are better than the best and a bad one", () => {
  const pairs = [
    { row: 0, column: 0, weight: 0.9 },
    { row: 0, column: 1, weight: 0.8 },
    { row: 1, column: 0, weight: 0.8 },
    { row: 1, column: 1, weight: 0.1 },
  ];
  const chosen = solved(new Assignment(), { rows: 2, columns: 2, pairs });
  assert.deepEqual(chosen.map(({ row, column }) => [row, column]), [[0, 1], [1, 0]]);
});

Deno.test("assignment: weights that are no weights are left alone", () => {
  const assignment = new Assignment();
  assignment.reset(2, 2);
  for (const weight of [0, -1, NaN, -Infinity]) assignment.add(0, 0, weight);
  assignment.solve(() => assert.fail("nothing can be chosen"));
});

Deno.test("assignment: 300 by 400 with all pairs is a whole assignment, and transposed the same", () => {
  const random = seeded(7);
  const pairs = Array.from({ length: 300 * 400 }, (_, index) => ({
    row: Math.floor(index / 400),
    column: index % 400,
    weight: 0.01 + random(),
  }));
  const assignment = new Assignment();
  const total = (isTurned: boolean) => {
    const [rows, columns] = isTurned ? [400, 300] : [300, 400];
    assignment.reset(rows, columns);
    for (const { row, column, weight } of pairs) {
      if (isTurned) assignment.add(column, row, weight);
      else assignment.add(row, column, weight);
    }
    let chosen = 0;
    let weights = 0;
    assignment.solve((row, column) => {
      chosen++;
      const [one, other] = isTurned ? [column, row] : [row, column];
      weights += pairs[400 * one + other]?.weight ?? NaN;
    });
    assert.equal(chosen, 300);
    return weights;
  };
  assert(Math.abs(total(false) - total(true)) < 1e-9);
});
