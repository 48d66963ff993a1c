/**
 * Presence in many simulated worlds, with faults: how many stays are missed, doubled and without an end.
 *
 *     deno task bench scripts/soak/presence_world.ts [SEEDS]             8 by default
 *     deno task bench scripts/soak/presence_world.ts [SEEDS] explain
 *
 * Each seed makes a world of 300 stays for each rate, with people who come one after another and up to four
 * at once. The worlds are those of the unit test. Exits with 1 when a stay has no end.
 *
 * With `explain` the most likely explanation of the detections around each stay that was missed or doubled is
 * found, and counted where it is wrong there, too: such a stay is not decided by the detections that came
 * until its start was due (`undecided`), or not even by those of the next twelve seconds (`nor later`).
 */
import { compare, type Comparison } from "../../tests/support/presence/compare.ts";
import { makeWorld } from "../../tests/support/presence/world.ts";
import { Explainer } from "./presence_world/explainer.ts";
import { runWorld } from "../../tests/support/presence/world_run.ts";

const SEEDS = 8;
const FIRST_SEED = 810_000;
const SEED_STEP = 43;
const STAYS = 300;
const RATES_HZ = [10, 5, 1] as const;

const COLUMNS = ["stays", "missed", "doubled", "endless", "wrong ends"] as const;
const EXPLAINED = ["undecided", "nor later"] as const;

interface Counts extends Record<Exclude<keyof Comparison, "mistakes">, number> {
  undecided: number;
  neverDecided: number;
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function row(...cells: readonly (string | number)[]): string {
  return cells.map((cell, at) => `${cell}`.padEnd(at === 0 ? 28 : 12)).join("").trimEnd();
}

async function counted(
  seeds: readonly number[],
  { explains, ...world }: {
    readonly rateHz: number;
    readonly alone: boolean;
    readonly explains: boolean;
  },
): Promise<Counts> {
  const found = { truth: 0, missed: 0, doubled: 0, endless: 0, wrongEnds: 0 };
  const sum: Counts = { ...found, undecided: 0, neverDecided: 0 };
  for (const seed of seeds) {
    const made = makeWorld({ seed, ...world, stays: STAYS, withFaults: true });
    const found = compare(made, await runWorld(made));
    sum.truth += found.truth;
    sum.missed += found.missed;
    sum.doubled += found.doubled;
    sum.endless += found.endless;
    sum.wrongEnds += found.wrongEnds;
    if (!explains) continue;
    const explainer = new Explainer(made);
    for (const at of found.mistakes) {
      const { then, later } = explainer.undecided(at);
      if (then) sum.undecided++;
      if (later) sum.neverDecided++;
    }
  }
  return sum;
}

/** @returns the exit code */
async function main(count: number, explains: boolean): Promise<number> {
  const seeds = Array.from({ length: count }, (_, index) => FIRST_SEED + index * SEED_STEP);
  say(`seeds ${seeds.join(" ")}`);
  say(row("world", ...COLUMNS, ...explains ? EXPLAINED : []));
  let endless = 0;
  for (const alone of [true, false]) {
    for (const rateHz of RATES_HZ) {
      const sum = await counted(seeds, { rateHz, alone, explains });
      const name = `${alone ? "one after another" : "up to four at once"}, ${rateHz} Hz`;
      const found = [sum.truth, sum.missed, sum.doubled, sum.endless, sum.wrongEnds];
      say(row(name, ...found, ...explains ? [sum.undecided, sum.neverDecided] : []));
      endless += sum.endless;
    }
  }
  return endless === 0 ? 0 : 1;
}

if (import.meta.main) {
  const [count = SEEDS, what] = Deno.args;
  Deno.exit(await main(Number(count), what === "explain"));
}
