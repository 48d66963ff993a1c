/**
 * Runs every check and every test, each group under permissions of its own, as {@link USAGE} says.
 *
 * Repeats every failure at the end; the last line is `N passed, N failed`, and the exit code is 1 when
 * anything failed. A check counts as a test. Types are one of the checks, so the groups run without
 * checking them again.
 */
import { PART_NAMES, partPresent, PARTS } from "../tests/support/system/parts.ts";
import { answerTo } from "./lib/asked.ts";
import { ROOT } from "./testing/checkout.ts";
import { type CommandOutcome, runCommand, Running } from "./testing/command.ts";
import { type Group, groupOf, testGroups } from "./testing/groups.ts";
import { type Stage, staticStages } from "./testing/stages.ts";
import { NOTHING, sum, type Tally, tallyOf } from "./testing/tally.ts";

const STATIC = "static";

const USAGE = `Usage:
  deno task test                        every check and every test
  deno task test static unit            the checks and the groups named
  deno task test tests/unit/mqtt        one folder or file
  deno task test unit --filter mailbox  only tests whose name holds the text`;

/** A parsed command line. */
interface Request {
  readonly stages: boolean;
  /** Groups to run, with their files or folders. */
  readonly runs: readonly { readonly group: Group; readonly paths: readonly string[] }[];
  readonly filter: string | null;
}

/** A word of the command line that names neither a group nor a test. */
class UnknownArgument extends Error {}

function printLine(text: string): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

function parse(args: readonly string[], groups: readonly Group[]): Request {
  const rest = [...args];
  const at = rest.indexOf("--filter");
  const filter = at < 0 ? null : rest.splice(at, 2)[1] ?? "";
  if (rest.length === 0) {
    return {
      stages: true,
      runs: groups.map((group) => ({ group, paths: [group.folder] })),
      filter,
    };
  }
  const paths = new Map<Group, string[]>();
  for (const word of rest.filter((word) => word !== STATIC)) {
    const path = word.replace(/^\.\//, "").replace(/\/$/, "");
    const group = groups.find(({ name }) => name === word) ?? groupOf(groups, path);
    if (group === null) {
      const names = [STATIC, ...groups.map(({ name }) => name)].join(", ");
      throw new UnknownArgument(`"${word}" is neither a folder of tests nor one of: ${names}`);
    }
    const named = group.name === word ? group.folder : path;
    paths.set(group, [...paths.get(group) ?? [], named]);
  }
  return {
    stages: rest.includes(STATIC),
    runs: [...paths].map(([group, paths]) => ({ group, paths })),
    filter,
  };
}

/** Prints how long `run` took. @returns its result */
async function timed<T>(run: () => Promise<T>, head: (result: T) => string): Promise<T> {
  const start = performance.now();
  const result = await run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  printLine(`${head(result)} (${seconds} s)`);
  return result;
}

async function runStage(stage: Stage): Promise<Tally> {
  const problems = await timed(
    async () => await stage.run(),
    (problems) => `${stage.name} ... ${problems.length === 0 ? "ok" : "FAILED"}`,
  );
  for (const problem of problems) printLine(`    ${problem}`);
  return problems.length === 0
    ? { ...NOTHING, passed: 1 }
    : { ...NOTHING, failed: 1, failures: [{ name: stage.name, lines: problems }] };
}

/** Runs `deno` in the checkout, with the programs the tests start on PATH and the installed parts listed. */
function denoRunner(temp: string, running: Running) {
  const path = `${Deno.env.get("PATH") ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
  const parts = PART_NAMES.filter(partPresent).join(",");
  const env = { PATH: path, TMPDIR: temp, ORION_TEST_PARTS: parts };
  return (
    args: readonly string[],
    { jobs = 1, ...more }: { onLine?: (line: string) => void; jobs?: number } = {},
  ): Promise<CommandOutcome> =>
    runCommand(
      { command: "deno", args, cwd: ROOT, env: { ...env, DENO_JOBS: `${jobs}` }, ...more },
      running,
    );
}

type DenoRunner = ReturnType<typeof denoRunner>;

async function runGroup(
  deno: DenoRunner,
  { group, paths }: Request["runs"][number],
  filter: string | null,
): Promise<Tally> {
  const flags = ["test", "--quiet", "--no-check", "--permit-no-files"];
  flags.push("--preload=tests/support/system/seed.ts");
  flags.push("--sanitize-ops", "--sanitize-resources", ...group.flags);
  if (filter !== null) flags.push("--filter", filter);
  if (group.without.length > 0) flags.push(`--ignore=${group.without.join(",")}`);
  const { name, jobs } = group;
  if (jobs > 1) flags.push("--parallel");
  printLine(`\n${name}`);
  const tally = await timed(
    async () => tallyOf(name, await deno([...flags, ...paths], { onLine: printLine, jobs })),
    ({ passed, failed }) => `${name}: ${passed} passed, ${failed} failed`,
  );
  const count = tally.passed + tally.failed + tally.ignored.length;
  if (count > 0 || filter !== null) return tally;
  // A path without tests would otherwise pass.
  return {
    ...NOTHING,
    failed: 1,
    failures: [{ name: `${name}: there are no tests in ${paths.join(", ")}`, lines: [] }],
  };
}

function report(tally: Tally): void {
  if (tally.failures.length > 0) {
    printLine("\nfailed:");
    for (const { name, lines } of tally.failures) {
      printLine(`    ${name}`);
      for (const line of lines) printLine(`        ${line}`);
    }
  }
  if (tally.ignored.length > 0) {
    printLine("");
    for (const part of PART_NAMES.filter((part) => !partPresent(part))) {
      printLine(`missing: ${part} (${PARTS[part]})`);
    }
    for (const name of tally.ignored) printLine(`    skipped: ${name}`);
    printLine(`${tally.ignored.length} skipped`);
  }
  printLine(`${tally.passed} passed, ${tally.failed} failed`);
}

async function main(args: readonly string[]): Promise<number> {
  const answer = answerTo(args, USAGE);
  if (answer !== null) {
    printLine(answer);
    return 0;
  }
  Deno.mkdirSync(`${ROOT}/tmp`, { recursive: true });
  const temp = Deno.makeTempDirSync({ dir: `${ROOT}/tmp`, prefix: "test-" });
  const running = new Running();
  const interrupted = () => {
    running.killAll();
    Deno.removeSync(temp, { recursive: true });
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupted);
  Deno.addSignalListener("SIGTERM", interrupted);
  try {
    const groups = testGroups(temp);
    const request = parse(args, groups);
    const deno = denoRunner(temp, running);
    const ci = Deno.env.get("CI") === "true";
    const stages = request.stages ? staticStages((...words) => deno(words), groups, ci) : [];
    let tally = NOTHING;
    for (const stage of stages) tally = sum(tally, await runStage(stage));
    for (const run of request.runs) tally = sum(tally, await runGroup(deno, run, request.filter));
    report(tally);
    return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UnknownArgument)) throw error;
    printLine(`error: ${error.message}`);
    return 2;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupted);
    Deno.removeSignalListener("SIGTERM", interrupted);
    Deno.removeSync(temp, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
