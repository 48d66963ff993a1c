/**
 * Presence in many simulated worlds, with faults: how many stays are missed, doubled and without an end.
 *
 *     deno task bench scripts/soak/presence_world.ts [SEEDS]       8 by default
 *
 * Each seed makes a world of 300 stays for each rate, with people who come one after another and up to four
 * at once. The worlds are those of the unit test. Exits with 1 when a stay has no end.
 */
import { compare, type Comparison } from "../../tests/support/presence/compare.ts";
import { makeWorld } from "../../tests/support/presence/world.ts";
import { runWorld } from "../../tests/support/presence/world_run.ts";

const SEEDS = 8;
const FIRST_SEED = 810_000;
const SEED_STEP = 43;
const STAYS = 300;
const RATES_HZ = [10, 5, 1] as const;

type Counts = { -readonly [key in keyof Comparison]: number };

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function row(...cells: readonly (string | number)[]): string {
  return cells.map((cell, at) => `${cell}`.padEnd(at === 0 ? 28 : 10)).join("").trimEnd();
}

async function counted(
  seeds: readonly number[],
  world: { readonly rateHz: number; readonly alone: boolean },
): Promise<Counts> {
  const sum: Counts = { truth: 0, missed: 0, doubled: 0, endless: 0, wrongEnds: 0 };
  for (const seed of seeds) {
    const made = makeWorld({ seed, ...world, stays: STAYS, withFaults: true });
    const found = compare(made, await runWorld(made));
    sum.truth += found.truth;
    sum.missed += found.missed;
    sum.doubled += found.doubled;
    sum.endless += found.endless;
    sum.wrongEnds += found.wrongEnds;
  }
  return sum;
}

/** @returns the exit code */
async function main(count: number): Promise<number> {
  const seeds = Array.from({ length: count }, (_, index) => FIRST_SEED + index * SEED_STEP);
  say(`seeds ${seeds.join(" ")}`);
  say(row("world", "stays", "missed", "doubled", "endless", "wrong ends"));
  let endless = 0;
  for (const alone of [true, false]) {
    for (const rateHz of RATES_HZ) {
      const sum = await counted(seeds, { rateHz, alone });
      const name = `${alone ? "one after another" : "up to four at once"}, ${rateHz} Hz`;
      say(row(name, sum.truth, sum.missed, sum.doubled, sum.endless, sum.wrongEnds));
      endless += sum.endless;
    }
  }
  return endless === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Number(Deno.args[0] ?? SEEDS)));
