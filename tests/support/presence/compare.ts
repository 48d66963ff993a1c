/** The stays that presence gave, against those of the world. */
import { epochMs } from "../../../src/core/clock.ts";
import { trueStays } from "./truth.ts";
import type { World } from "./world.ts";
import type { WorldRun } from "./world_run.ts";

/** A start belongs to a true one when so few inferences lie between them. */
export const START_INFERENCES = 2;

export interface Comparison {
  readonly truth: number;
  /** True stays that nothing started with. */
  readonly missed: number;
  /** Stays that started with nothing, or with what had started before. */
  readonly doubled: number;
  /** The inferences of those starts. */
  readonly mistakes: readonly number[];
  /** Stays without an end. */
  readonly endless: number;
  /** Stays of `left` that end at no time at which a walker was last seen, within a second. */
  readonly wrongEnds: number;
}

/**
 * Pairs starts with starts by time. Whose stay it is is not compared: where two people pass behind one
 * another, one may go on as the other, and the starts and ends are the same.
 */
export function compare(world: World, run: WorldRun): Comparison {
  const truth = trueStays(world);
  const expected = truth.map(({ start }) => start).toSorted((a, b) => a - b);
  const given = run.stays.map(({ start }) => start).toSorted((a, b) => a - b);
  const counts = { missed: 0, doubled: 0 };
  const mistakes: number[] = [];
  let one = 0;
  let other = 0;
  while (one < expected.length || other < given.length) {
    const due = expected[one] ?? Infinity;
    const start = given[other] ?? Infinity;
    const apart = start - due;
    if (Math.abs(apart) <= START_INFERENCES) {
      one++;
      other++;
    } else if (apart > 0) {
      counts.missed++;
      mistakes.push(due);
      one++;
    } else {
      counts.doubled++;
      mistakes.push(start);
      other++;
    }
  }
  return {
    ...{ truth: truth.length, ...counts, mistakes, wrongEnds: wrongEnds(world, run) },
    endless: run.stays.filter(({ stay }) => stay.endedAtMs === null).length,
  };
}

function wrongEnds(world: World, { stays, beganAtMs }: WorldRun): number {
  const seconds = (look: number) => Math.floor((world.looks[look]?.atMs ?? 0) / 1000);
  const seen = new Set<number>();
  for (const { lastSeen, lastConfident } of trueStays(world)) {
    for (let at = seconds(lastConfident) - 1; at <= seconds(lastSeen) + 1; at++) seen.add(at);
  }
  return stays.filter(({ stay: { reason, seenAtMs } }) =>
    reason === "left" && !seen.has(Math.floor((epochMs(seenAtMs) - beganAtMs) / 1000))
  ).length;
}
