/**
 * Has a running Orion read its configuration again many times, 100 by default: each time another camera,
 * another rate, and every fifth time a model with other settings. Prints what the process holds.
 *
 *     deno task bench scripts/soak/reload.ts [TIMES]
 *
 * Exits with 1 when the threads of workers, or the memory, grow.
 */
import { Rig } from "../../tests/support/product/rig.ts";
import { type ProcessFigures, processFigures } from "../../tests/support/system/process_figures.ts";
import { printLine } from "../lib/print.ts";

const TIMES = 100;
const MODEL_TURNS = 5;
/** Loads of models leave the working set. */
const SETTLED = 20;
const MAX_GROWTH_MIB = 50;

function config(turn: number): string {
  return [
    'cameras:\n  - { id: gate, url: "demo:" }',
    `  - { id: ${turn % 2 === 1 ? "shed" : "yard"}, url: "demo:" }`,
    "detectors:",
    `  - { id: person, model: builtin:person-int8, rateHz: ${1 + turn % 3} }`,
    `  - { id: other, model: builtin:person-int8, rateHz: 1, iou: 0.${
      5 + Math.floor(turn / MODEL_TURNS) % 2
    } }`,
  ].join("\n");
}

function row(turn: number, { workers, descriptors, residentMiB }: ProcessFigures): string {
  return [turn, workers, descriptors, residentMiB.toFixed(0)]
    .map((cell) => `${cell}`.padStart(12)).join("");
}

async function main(times: number): Promise<number> {
  await using rig = await Rig.start({ config: config(0) });
  await rig.firstInference("gate");
  printLine(["reloads", "workers", "descriptors", "MiB"].map((cell) => cell.padStart(12)).join(""));
  let settled: ProcessFigures | null = null;
  let last = await processFigures(rig.orion.pid);
  for (let turn = 1; turn <= times; turn++) {
    const since = rig.orion.stderr.all.length;
    rig.configure(config(turn));
    rig.orion.signal("SIGHUP");
    await rig.orion.waitFor("config.reloaded", () => true, { since });
    if (turn % 10 > 0 && turn < times) continue;
    await rig.until("all is up", async () => (await rig.get("/readyz")).status === 200);
    last = await processFigures(rig.orion.pid);
    printLine(row(turn, last));
    if (turn >= SETTLED) settled ??= last;
  }
  await rig.stop();
  if (settled === null) return 0;
  const grown = last.residentMiB - settled.residentMiB;
  return last.workers > settled.workers || grown > MAX_GROWTH_MIB ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Number(Deno.args[0] ?? TIMES)));
