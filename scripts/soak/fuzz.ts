/**
 * Fuzz tests in rounds with random seeds: all of them, or those named, each for its share of the time.
 *
 *     deno task bench scripts/soak/fuzz.ts [MINUTES] [NAME…]       10 minutes by default
 *
 * Prints the inputs, failures, crashes, hangs and the peak memory of each, and the seed of every round that
 * failed: `ORION_FUZZ_SEED=SEED ORION_FUZZ=INPUTS deno task test FILE` repeats it. Exits with 1 when one
 * did. Needs mosquitto and the ffmpeg program.
 */
import { type FuzzReport, REPORT_PREFIX } from "../../tests/fuzz/runs.ts";
import { PART_NAMES, partPresent } from "../../tests/support/system/parts.ts";
import { printLine } from "../lib/print.ts";
import { ROOT } from "../testing/checkout.ts";
import { type CommandOutcome, runCommand, Running } from "../testing/command.ts";
import { groupOf, testGroups } from "../testing/groups.ts";

const DEFAULT_MINUTES = 10;
/** A round that prints nothing for this long hangs. */
const HANG_MS = 300_000;
const MAX_SEED = 2 ** 30;
/** The exit code of `deno test` when a test failed; every other but 0 is a crash. */
const TESTS_FAILED = 1;

/** A file of fuzz tests, and the inputs of each of its targets in a round. */
interface Fuzzer {
  readonly file: string;
  readonly inputs: number;
}

const FUZZERS: Readonly<Record<string, Fuzzer>> = {
  broker: { file: "tests/fuzz/network/broker_test.ts", inputs: 2_000 },
  "hostile-broker": { file: "tests/fuzz/network/hostile_broker_test.ts", inputs: 1_000 },
  http: { file: "tests/fuzz/network/http_test.ts", inputs: 10_000 },
  control: { file: "tests/fuzz/network/control_test.ts", inputs: 1_000 },
  commands: { file: "tests/fuzz/commands_test.ts", inputs: 30_000 },
  config: { file: "tests/fuzz/config_test.ts", inputs: 3_000 },
  sdp: { file: "tests/fuzz/sdp_test.ts", inputs: 30_000 },
  rtp: { file: "tests/fuzz/rtp_test.ts", inputs: 50_000 },
  "rtsp-text": { file: "tests/fuzz/rtsp_text_test.ts", inputs: 20_000 },
  "rtsp-connection": { file: "tests/fuzz/rtsp_connection_test.ts", inputs: 20_000 },
  decoding: { file: "tests/fuzz/decoding/decoding_test.ts", inputs: 300 },
};

/** The sums over the rounds of one fuzzer. */
interface Tally {
  rounds: number;
  inputs: number;
  failures: number;
  crashes: number;
  hangs: number;
  peakBytes: number;
}

/** The reports among the lines that a round printed. */
function reportsIn(lines: readonly string[]): FuzzReport[] {
  return lines.filter((line) => line.startsWith(REPORT_PREFIX))
    .map((line) => JSON.parse(line.slice(REPORT_PREFIX.length)));
}

/** Runs one round in a process of its own. */
function runRound(
  { file, inputs }: Fuzzer,
  seed: number,
  { temp, running }: { readonly temp: string; readonly running: Running },
): Promise<CommandOutcome> {
  const group = groupOf(testGroups(temp), file);
  if (group === null) throw new Error(`no group runs ${file}`);
  // With --quiet it would not show what tests print.
  const flags = ["test", "--no-check", "--no-prompt", ...group.flags];
  return runCommand({
    // Deno runs only programs that were granted, and a shell is.
    command: "sh",
    args: ["-c", 'exec "$0" "$@"', Deno.execPath(), ...flags, file],
    cwd: ROOT,
    env: {
      TMPDIR: temp,
      ORION_FUZZ: `${inputs}`,
      ORION_FUZZ_SEED: `${seed}`,
      ORION_TEST_PARTS: PART_NAMES.filter(partPresent).join(","),
    },
    silenceMs: HANG_MS,
    limitMs: HANG_MS,
  }, running);
}

function count(tally: Tally, { code, lines, stopped }: CommandOutcome): boolean {
  tally.rounds++;
  for (const { inputs, peakBytes } of reportsIn(lines)) {
    tally.inputs += inputs;
    tally.peakBytes = Math.max(tally.peakBytes, peakBytes);
  }
  if (stopped !== null) tally.hangs++;
  else if (code === TESTS_FAILED) tally.failures++;
  else if (code !== 0) tally.crashes++;
  return stopped === null && code === 0;
}

function shown(name: string, { peakBytes, ...counts }: Tally): string {
  const texts = Object.entries(counts).map(([key, value]) => `${value} ${key}`);
  return `${name}: ${texts.join(", ")}, ${Math.round(peakBytes / 2 ** 20)} MiB at most`;
}

async function main(args: readonly string[]): Promise<number> {
  const [minutes = `${DEFAULT_MINUTES}`, ...names] = args;
  const unknown = names.find((name) => FUZZERS[name] === undefined);
  if (!(Number(minutes) > 0) || unknown !== undefined) {
    printLine(
      `usage: fuzz.ts [MINUTES] [NAME…], with names of: ${Object.keys(FUZZERS).join(", ")}`,
    );
    return 2;
  }
  const temp = Deno.makeTempDirSync({ prefix: "fuzz-" });
  const running = new Running();
  const chosen = names.length === 0 ? Object.keys(FUZZERS) : names;
  const share = Number(minutes) * 60_000 / chosen.length;
  let ok = true;
  for (const name of chosen) {
    const fuzzer = FUZZERS[name];
    if (fuzzer === undefined) continue;
    const tally = { rounds: 0, inputs: 0, failures: 0, crashes: 0, hangs: 0, peakBytes: 0 };
    const until = performance.now() + share;
    while (performance.now() < until) {
      const seed = Math.floor(Math.random() * MAX_SEED);
      const outcome = await runRound(fuzzer, seed, { temp, running });
      if (count(tally, outcome)) continue;
      ok = false;
      printLine(`${name}, seed ${seed}: ${outcome.stopped ?? `exit code ${outcome.code}`}`);
      for (const line of outcome.lines) printLine(`    ${line}`);
    }
    printLine(shown(name, tally));
  }
  return ok ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
