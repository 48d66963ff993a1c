/**
 * The age of a frame when its inference message arrives, measured externally: from a camera that logs when it
 * sent each frame to a subscriber that logs when each message arrived. Compares in one run: this checkout,
 * another one, and the same pipeline with GStreamer's appsink.
 *
 *     deno task bench scripts/bench/latency.ts [SECONDS] [--parent PATH] [--only NAME,…]
 *
 * `--help` lists every option. Exits with 1 when this checkout misses a target, with 2 when a measurement
 * failed. Needs Linux, mosquitto and ffmpeg, and for GStreamer python3-gi, python3-venv,
 * gstreamer1.0-plugins-good, gstreamer1.0-plugins-bad and gstreamer1.0-libav.
 */
import { tempFolder } from "../../tests/support/system/files.ts";
import { rawStream } from "./latency/camera.ts";
import { type Contender, contenders } from "./latency/contenders.ts";
import { busyLoops, raiseInstruments } from "./latency/load.ts";
import { type Cell, measure, type Surroundings } from "./latency/measure.ts";
import { type Options, parseOptions, USAGE } from "./latency/options.ts";
import type { Round } from "./latency/samples.ts";
import { plainMessages, startBroker } from "./latency/subscriber.ts";
import { type CellResult, cellText, missed, plainText, TARGETS } from "./latency/table.ts";

/** Duration of the measurement of plain messages for each load. */
const PLAIN_SECONDS = 5;

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** The message of an error and of what caused it. */
function said(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n  ${said(error.cause)}`;
}

/** Measures every contender, in a different order each round. */
async function measureCell(
  cell: Cell,
  list: readonly Contender[],
  { rounds, seconds, surroundings }: {
    readonly rounds: number;
    readonly seconds: number;
    readonly surroundings: Surroundings;
  },
): Promise<CellResult> {
  const measured = new Map<Contender, Round[]>(list.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % list.length;
    for (const contender of [...list.slice(first), ...list.slice(0, first)]) {
      const result = await measure(contender, { ...cell, seconds: seconds / rounds }, surroundings);
      measured.get(contender)?.push(result);
    }
  }
  const results = [...measured].map(([{ name }, all]) => ({ name, rounds: all }));
  return { ...cell, seconds: seconds / rounds, results };
}

/** Measures and prints everything. @returns the missed targets */
async function bench(options: Options, signal: AbortSignal): Promise<string[]> {
  using folder = tempFolder();
  const list = await contenders(options, folder);
  const raised = await raiseInstruments();
  await using broker = await startBroker();
  const surroundings = { broker, stream: await rawStream(folder), signal };
  const { rounds, seconds } = options;
  write(
    `builtin:${options.model}, ${seconds} s each in ${rounds} rounds, on ` +
      `${navigator.hardwareConcurrency} cores; camera, broker and subscriber at ` +
      `${raised ? "real-time" : "normal"} priority\n\n`,
  );
  const misses: string[] = [];
  for (const load of options.loads) {
    {
      await using _load = busyLoops(load, 2 * PLAIN_SECONDS);
      write(`${plainText(load, await plainMessages(broker, PLAIN_SECONDS))}\n`);
    }
    for (const rateHz of options.ratesHz) {
      const cell = await measureCell({ rateHz, load }, list, { rounds, seconds, surroundings });
      write(cellText(cell));
      misses.push(...missed(cell));
    }
  }
  return misses;
}

/** @returns the exit code: 0, 1 for a missed target, 2 for an unfinished bench */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    write(USAGE);
    return 0;
  }
  const stop = new AbortController();
  // Child processes are ended on exit, also on SIGINT.
  const onSignal = () => stop.abort(new Error("interrupted"));
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  try {
    const misses = await bench(parseOptions(args), stop.signal);
    const { p50, p99, totalMs } = TARGETS;
    const targets = `p50 at most ${p50} ×, p99 at most ${p99} ×, totalMs within ${totalMs} ms`;
    if (misses.length > 0) write(`missed (${targets}):\n`);
    for (const miss of misses) write(`  ${miss}\n`);
    return misses.length > 0 ? 1 : 0;
  } catch (error) {
    Deno.stderr.writeSync(new TextEncoder().encode(`error: ${said(error)}\n`));
    return 2;
  } finally {
    Deno.removeSignalListener("SIGINT", onSignal);
    Deno.removeSignalListener("SIGTERM", onSignal);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
