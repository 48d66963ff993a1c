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
 * found, and counted where it is wrong there, too: `undecided` by one that knows all rates of the world and
 * what is detected in the next twelve seconds, `any camera` by one that knows what holds in front of any
 * camera and what was detected until the start was due.
 */
import { compare, type Comparison } from "../../tests/support/presence/compare.ts";
import { makeWorld } from "../../tests/support/presence/world.ts";
import { runWorld } from "../../tests/support/presence/world_run.ts";
import { Explainer, OF_ANY, OF_WORLD } from "./presence_world/explainer.ts";

const SEEDS = 8;
const FIRST_SEED = 810_000;
const SEED_STEP = 43;
const STAYS = 300;
const RATES_HZ = [10, 5, 1] as const;

const COLUMNS = ["stays", "missed", "doubled", "endless", "wrong ends"] as const;
const EXPLAINED = ["undecided", "any camera"] as const;

interface Counts extends Record<Exclude<keyof Comparison, "mistakes">, number> {
  undecided: number;
  ofAny: number;
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
  const sum: Counts = { ...found, undecided: 0, ofAny: 0 };
  for (const seed of seeds) {
    const made = makeWorld({ seed, ...world, stays: STAYS, withFaults: true });
    const found = compare(made, await runWorld(made));
    sum.truth += found.truth;
    sum.missed += found.missed;
    sum.doubled += found.doubled;
    sum.endless += found.endless;
    sum.wrongEnds += found.wrongEnds;
    if (!explains) continue;
    const ofWorld = new Explainer(made, OF_WORLD);
    const ofAny = new Explainer(made, OF_ANY);
    for (const at of found.mistakes) {
      if (ofWorld.isWrong(at).later) sum.undecided++;
      if (ofAny.isWrong(at).then) sum.ofAny++;
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
      say(row(name, ...found, ...explains ? [sum.undecided, sum.ofAny] : []));
      endless += sum.endless;
    }
  }
  return endless === 0 ? 0 : 1;
}

if (import.meta.main) {
  const [count = SEEDS, what] = Deno.args;
  Deno.exit(await main(Number(count), what === "explain"));
}
