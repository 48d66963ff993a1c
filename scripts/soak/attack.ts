/**
 * Attacks the whole product on loopback, under its own permissions: mutated streams of hostile cameras, hostile
 * commands one by one and in bursts, mutated MQTT connections, strange and idle HTTP requests, extremes of
 * presence, and hostile retained messages. Each class alone, then all at once, in windows between quiet ones.
 *
 *     deno task bench scripts/soak/attack.ts [MINUTES] [SEED]       10 minutes by default, a random seed
 *
 * Exits with 1 when the process ended, its own broker closed its connection, a secret left it, or the good camera
 * was inferred at less than 0.98 of its rate in the quiet windows. The attacks are paced: attacker and product together need less than two cores.
 * Needs Linux, mosquitto, ffmpeg and python3 with GStreamer.
 */
import type { HealthJson } from "../../src/health/health_json.ts";
import { printLine } from "../lib/print.ts";
import { type Figures, type LegPlan, type LegResult, rateHz, runLeg } from "./attack/leg.ts";
import type { AttackClass } from "./attack/plan.ts";

const DEFAULT_MINUTES = 10;
const MAX_SEED = 2 ** 30;
const HOSTILE_CAMERAS = 8;
const ROUNDS = 4;
const WARM_UP_MS = 10_000;
const MIN_RATIO = 0.98;
/** Each alone, with Orion's own broker. */
const ALONE: readonly AttackClass[] = ["streams", "commands", "mqtt", "http", "presence"];
const HEADS = [
  "Hz",
  "quiet",
  "ratio",
  "p50 ms",
  "quiet",
  "p99 ms",
  "quiet",
  "CPU %",
  "quiet",
  "its %",
  "others %",
  "quiet",
];

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(14) + cells.map((cell) => cell.padStart(9)).join("");
}

function sayFigures(name: string, quiet: Figures, attacked: Figures): void {
  printLine(row(name, [
    rateHz(attacked).toFixed(3),
    rateHz(quiet).toFixed(3),
    (rateHz(attacked) / rateHz(quiet)).toFixed(3),
    attacked.p50Ms.toFixed(1),
    quiet.p50Ms.toFixed(1),
    attacked.p99Ms.toFixed(1),
    quiet.p99Ms.toFixed(1),
    (100 * attacked.orionCpu).toFixed(0),
    (100 * quiet.orionCpu).toFixed(0),
    (100 * attacked.attackerCpu).toFixed(0),
    (100 * attacked.othersCpu).toFixed(0),
    (100 * quiet.othersCpu).toFixed(0),
  ]));
}

/** The plans of a run. Settling takes as long as a tenth of it. */
function plans(minutes: number, seed: number): LegPlan[] {
  const sets = ALONE.length + 2;
  const windowMs = minutes * 60_000 / sets / ROUNDS / 2;
  const common = {
    seed,
    hostileCameras: HOSTILE_CAMERAS,
    warmUpMs: WARM_UP_MS,
    rounds: ROUNDS,
    windowMs,
  };
  return [
    { ...common, leg: "embedded", sets: [...ALONE.map((name) => [name]), ALONE] },
    { ...common, leg: "mosquitto", sets: [["retained"]] },
  ];
}

function sayRestarts({ cameras, workers, threadsAbandoned, broker }: HealthJson): void {
  const restarts = [...cameras, ...workers].map(({ id, restarts }) => `${id} ${restarts}`);
  printLine(`  restarts: ${restarts.join(", ")}; threads abandoned: ${threadsAbandoned}`);
  const reconnects = cameras.map(({ id, reconnects }) => `${id} ${reconnects}`);
  printLine(`  reconnects: ${reconnects.join(", ")}; of the publisher: ${broker.reconnects}`);
}

function sayResult(leg: string, result: LegResult): void {
  const { sent, leaks, exitCode, startMb, endMb, peakMb, report } = result;
  printLine(`${leg}:`);
  printLine(
    `  sent: ${Object.entries(sent).map(([name, count]) => `${count} ${name}`).join(", ")}`,
  );
  sayRestarts(report);
  printLine(
    `  memory: ${startMb.toFixed(0)} MiB at the start, ${endMb.toFixed(0)} at the end, ` +
      `${peakMb.toFixed(0)} at most`,
  );
  printLine(`  process ends: ${exitCode === null ? 1 : 0}; exit code after SIGTERM: ${exitCode}`);
  printLine(`  secrets: ${leaks.length}`);
  for (const leak of leaks.slice(0, 20)) printLine(`    ${leak}`);
}

function sum(figures: readonly Figures[]): { inferred: number; seconds: number } {
  return {
    inferred: figures.reduce((all, { inferred }) => all + inferred, 0),
    seconds: figures.reduce((all, { seconds }) => all + seconds, 0),
  };
}

async function main(args: readonly string[]): Promise<number> {
  const minutes = Number(args[0] ?? DEFAULT_MINUTES);
  const seed = Number(args[1] ?? Math.floor(Math.random() * MAX_SEED));
  if (!(minutes > 0) || !Number.isInteger(seed)) {
    printLine("usage: attack.ts [MINUTES] [SEED]");
    return 2;
  }
  printLine(`seed ${seed}`);
  printLine(row("", HEADS));
  const results: LegResult[] = [];
  for (const plan of plans(minutes, seed)) {
    const result = await runLeg(plan, sayFigures);
    results.push(result);
    sayResult(plan.leg, result);
  }
  const sets = results.flatMap(({ sets }) => sets);
  const ratio = rateHz(sum(sets.map(({ attacked }) => attacked))) /
    rateHz(sum(sets.map(({ quiet }) => quiet)));
  const tooFew = sets.filter(({ quiet, attacked }) => rateHz(attacked) / rateHz(quiet) < MIN_RATIO);
  const ended = results.filter(({ exitCode }) => exitCode !== 0).length;
  const leaks = results.reduce((all, { leaks }) => all + leaks.length, 0);
  printLine(
    `ratio over all ${ratio.toFixed(3)}; below ${MIN_RATIO}: ` +
      `${tooFew.map(({ name }) => name).join(", ") || "none"}`,
  );
  const isCutOff = results.some(({ report: { broker } }) =>
    broker.embedded && broker.reconnects > 0
  );
  return ended > 0 || isCutOff || leaks > 0 || ratio < MIN_RATIO || tooFew.length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
