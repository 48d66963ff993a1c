/** Runs of fuzz tests: their length, their seeds, and what a long run reports of them. */
import assert from "node:assert/strict";
import { variable } from "../support/system/parts.ts";
import { type Random, seededRandom } from "./mutate.ts";

/** The number of inputs per target, and the seed of the first one: both set for a long run only. */
const RUNS = variable("ORION_FUZZ");
const SEED = variable("ORION_FUZZ_SEED");

/** Whether this is a long run, with a seed of its own. */
export const IS_LONG: boolean = SEED !== undefined;

/** Inputs per target in an ordinary test run of a pure function. */
const QUICK_RUNS = 3000;

/** Inputs per target: `ORION_FUZZ=100000` makes a long run. */
export const FUZZ_RUNS: number = fuzzRuns(QUICK_RUNS);

/** Starts the line that {@link reportFuzz} prints. */
export const REPORT_PREFIX = "fuzz report: ";

/** What a target has tried, as a long run reads it. */
export interface FuzzReport {
  readonly target: string;
  readonly inputs: number;
  /** The largest resident set of the process so far. */
  readonly peakBytes: number;
}

/** The number of inputs of a target. @param quick  that of an ordinary test run */
export function fuzzRuns(quick: number): number {
  return Number(RUNS ?? quick);
}

/** The seed of a target: its own constant in an ordinary test run, another one in a long run. */
export function fuzzSeed(own: number): number {
  return SEED === undefined ? own : Number(SEED) + own;
}

let peakBytes = 0;

/** Measures the resident set of the process. @returns the largest so far */
export function measurePeak(): number {
  peakBytes = Math.max(peakBytes, Deno.memoryUsage().rss);
  return peakBytes;
}

/**
 * Most of it is garbage that V8 has not collected yet, in all threads; the embedded broker may hold 180 MiB of
 * unsent, queued, retained and partial messages. What has no bound exceeds it in a long run.
 */
const MAX_GROWTH_BYTES = 600 * 1024 * 1024;

/** Asserts that the process did not grow without bound. @param beforeBytes  from {@link measurePeak} */
export function assertBoundedGrowth(beforeBytes: number): void {
  const grown = measurePeak() - beforeBytes;
  assert.ok(grown < MAX_GROWTH_BYTES, `the memory grew by ${grown} bytes`);
}

/** Prints what a target has tried, in a long run only. */
export function reportFuzz(target: string, inputs: number): void {
  if (!IS_LONG) return;
  const report: FuzzReport = { target, inputs, peakBytes: measurePeak() };
  const line = `\n${REPORT_PREFIX}${JSON.stringify(report)}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}

/** One target of a fuzz test. */
export interface FuzzTarget<T> {
  readonly name: string;
  /** The seed of the first input in an ordinary test run; each further input has the next one. */
  readonly seed: number;
  readonly runs: number;
  /** How many inputs are tried at once; default 1. */
  readonly atOnce?: number;
  readonly input: (random: Random) => T;
  readonly shown: (input: T) => string;
  readonly check: (input: T, random: Random) => void | Promise<void>;
}

/** Characters of an input that a failure shows. */
const SHOWN_CHARS = 2000;
/** Inputs between two measurements of the memory. */
const MEASURED_EVERY = 50;

/** Tries a target on all of its inputs; a failure names the seed and the input. */
export async function fuzz<T>(target: FuzzTarget<T>): Promise<void> {
  const { name, runs, atOnce = 1, input, shown, check } = target;
  const first = fuzzSeed(target.seed);
  let next = 0;
  const tryOne = async (run: number) => {
    const random = seededRandom(first + run);
    const made = input(random);
    try {
      await check(made, random);
    } catch (cause) {
      next = runs;
      throw new Error(`seed ${first + run}: ${shown(made).slice(0, SHOWN_CHARS)}`, { cause });
    }
    if (run % MEASURED_EVERY === 0) measurePeak();
  };
  const lane = async () => {
    while (next < runs) await tryOne(next++);
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, lane));
  const failed = ended.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  reportFuzz(name, runs);
}

/** Bytes as a failure shows them. */
export function shownBytes(bytes: Uint8Array): string {
  return JSON.stringify(new TextDecoder("latin1").decode(bytes));
}
