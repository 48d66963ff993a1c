/**
 * Presence in many simulated worlds, with faults: how many stays are missed, doubled and without an end.
 *
 *     deno task bench scripts/soak/presence_world.ts [SEEDS] [oblique] [explain]      8 seeds by default
 *
 * Each seed makes a world of 300 stays for each rate, with people who come one after another and several at
 * once. The worlds are those of the unit test; with `oblique` those of `presence_world/oblique_world.ts`, in
 * which other things hold. Exits with 1 when a stay has no end.
 *
 * With `explain` the most likely explanation of the detections around each stay that was missed or doubled is
 * found, and counted where it is wrong there, too: `undecided` by one that knows all rates of the world and
 * what is detected in the next twelve seconds, `any camera` by one that knows what holds in front of any
 * camera and what was detected until the start was due. The first one knows nothing of oblique worlds.
 */
import { compare, type Comparison } from "../../tests/support/presence/compare.ts";
import { makeWorld, type World, type WorldOptions } from "../../tests/support/presence/world.ts";
import { runWorld } from "../../tests/support/presence/world_run.ts";
import { printLine } from "../lib/print.ts";
import { Explainer, OF_ANY, OF_WORLD } from "./presence_world/explainer.ts";
import { makeObliqueWorld } from "./presence_world/oblique_world.ts";

const SEEDS = 8;
const STAYS = 300;
const OPTIONS = ["oblique", "explain"];

/** A kind of world. */
interface Kind {
  readonly firstSeed: number;
  readonly seedStep: number;
  readonly ratesHz: readonly number[];
  readonly several: string;
  /** Whether there is an explanation that knows all of it. */
  readonly isKnown: boolean;
  make(options: WorldOptions): World;
}

/** No one comes nearer. */
const LEVEL: Kind = {
  ...{ firstSeed: 810_000, seedStep: 43, ratesHz: [10, 5, 1], several: "up to four at once" },
  isKnown: true,
  make: (options) => makeWorld({ ...options, withFaults: true }),
};

const OBLIQUE: Kind = {
  ...{ firstSeed: 101, seedStep: 1, ratesHz: [7, 3, 1], several: "up to three at once" },
  isKnown: false,
  make: makeObliqueWorld,
};

const COLUMNS = ["stays", "missed", "doubled", "endless", "wrong ends"] as const;

interface Counts extends Record<Exclude<keyof Comparison, "mistakes">, number> {
  undecided: number;
  ofAny: number;
}

function row(...cells: readonly (string | number)[]): string {
  return cells.map((cell, at) => `${cell}`.padEnd(at === 0 ? 28 : 12)).join("").trimEnd();
}

async function counted(
  { make, isKnown }: Kind,
  { seeds, rateHz, alone, explains }: {
    readonly seeds: readonly number[];
    readonly rateHz: number;
    readonly alone: boolean;
    readonly explains: boolean;
  },
): Promise<Counts> {
  const found = { truth: 0, missed: 0, doubled: 0, endless: 0, wrongEnds: 0 };
  const sum: Counts = { ...found, undecided: 0, ofAny: 0 };
  for (const seed of seeds) {
    const made = make({ seed, rateHz, alone, stays: STAYS });
    const found = compare(made, await runWorld(made));
    sum.truth += found.truth;
    sum.missed += found.missed;
    sum.doubled += found.doubled;
    sum.endless += found.endless;
    sum.wrongEnds += found.wrongEnds;
    if (!explains) continue;
    const ofWorld = isKnown ? new Explainer(made, OF_WORLD) : null;
    const ofAny = new Explainer(made, OF_ANY);
    for (const at of found.mistakes) {
      if (ofWorld?.isWrong(at).later === true) sum.undecided++;
      if (ofAny.isWrong(at).then) sum.ofAny++;
    }
  }
  return sum;
}

/** @returns the exit code */
async function main([count = `${SEEDS}`, ...options]: readonly string[]): Promise<number> {
  if (!(Number(count) > 0) || options.some((option) => !OPTIONS.includes(option))) {
    printLine(
      `usage: presence_world.ts [SEEDS] ${OPTIONS.map((option) => `[${option}]`).join(" ")}`,
    );
    return 2;
  }
  const kind = options.includes("oblique") ? OBLIQUE : LEVEL;
  const explains = options.includes("explain");
  const { firstSeed, seedStep, ratesHz, several, isKnown } = kind;
  const seeds = Array.from({ length: Number(count) }, (_, index) => firstSeed + index * seedStep);
  printLine(`seeds ${seeds.join(" ")}`);
  const explained = [...isKnown ? ["undecided"] : [], "any camera"];
  printLine(row("world", ...COLUMNS, ...explains ? explained : []));
  let endless = 0;
  for (const alone of [true, false]) {
    for (const rateHz of ratesHz) {
      const sum = await counted(kind, { seeds, rateHz, alone, explains });
      const name = `${alone ? "one after another" : several}, ${rateHz} Hz`;
      const found = [sum.truth, sum.missed, sum.doubled, sum.endless, sum.wrongEnds];
      const unexplained = [...isKnown ? [sum.undecided] : [], sum.ofAny];
      printLine(row(name, ...found, ...explains ? unexplained : []));
      endless += sum.endless;
    }
  }
  return endless === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
