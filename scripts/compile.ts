/**
 * `deno task compile`: builds Orion as one program for one target: runtime, workers, models, clip and
 * packages, with its permissions baked in. The machine it runs on needs libav, and nothing else.
 *
 * Writes the licences of its contents to a file beside it. `--config` bakes in what that configuration
 * needs, and no more, as if it were at `--config-at` (/etc/orion/orion.yaml); without it the general set of
 * docs/deploy.md. `--at` is the folder that the program will be installed in (/opt/orion), as `orion`. The
 * runtime is `DENORT_BIN` when that is set; otherwise Deno downloads it.
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../src/config/problems.ts";
import { CONTENTS_FILE, digestOf, formatContents } from "../src/cli/contents_list.ts";
import { BAKED_FLAGS_FILE } from "../src/cli/permissions.ts";
import { denoFlags } from "../src/permissions/grant.ts";
import { bakedGrant, PROGRAM_NAME } from "./lib/baked.ts";
import { type Content, contentProblems, listContents } from "./lib/contents.ts";
import { embeddedProblems } from "./lib/embedded.ts";
import { THIRD_PARTY } from "./lib/licences.ts";
import { runtimeProblem, versionProblem } from "./lib/runtime.ts";
import { commitOf, stage } from "./lib/stage.ts";
import { machineOf, targetNames } from "./lib/targets.ts";
import { printLine } from "./lib/print.ts";
import { runTool, type ToolArgs, ToolError } from "./lib/tool_args.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url)).replace(/\/$/, "");

/** Embedded beside what main.ts imports. */
const INCLUDED = ["src", "workers", "models", "assets", "schema", "LICENSE", "NOTICE", THIRD_PARTY]
  .concat(BAKED_FLAGS_FILE, CONTENTS_FILE);

/** Deno may embed its own configuration in another form. */
const NOT_LISTED = "deno.json";

/** Bound of the program, runtime included. */
const MAX_PROGRAM_BYTES = 190 * 1024 * 1024;

/** A program that is being made. */
interface Making {
  readonly args: ToolArgs;
  /** The folder of the staged files. */
  readonly work: string;
  /** What is written. */
  readonly program: string;
  readonly contents: readonly Content[];
  /** Embedding into Deno itself only shows what is embedded: the result does not run. */
  readonly isTrial: boolean;
}

function compile(args: ToolArgs): number {
  const { target, out } = args;
  const flags = bakedFlags(args);
  const isTrial = checkRuntime(args) === args.with;
  const temp = Deno.makeTempDirSync({ dir: out, prefix: ".compile-" });
  try {
    const [work, made] = [join(temp, "files"), join(temp, "made")];
    for (const folder of [work, made]) Deno.mkdirSync(folder);
    stage({ root: ROOT, into: work, target, commit: commitOf(ROOT) });
    const contents = listContents(work);
    const problems = contentProblems(contents, target);
    if (problems.length > 0) throw new ToolError(problems.join("\nerror: "));
    printLine(`${contents.length} files for ${target.name}: complete, and nothing else`);
    Deno.writeTextFileSync(join(work, BAKED_FLAGS_FILE), `${flags.join("\n")}\n`);
    writeContentsList(work);
    const making = { args, work, program: join(made, PROGRAM_NAME), contents, isTrial };
    embed(making, flags);
    checkProgram(making);
    printLine(isTrial ? "not run: a trial does not run" : runOnce(making));
    const program = join(out, `${PROGRAM_NAME}-${target.name}${isTrial ? ".trial" : ""}`);
    Deno.renameSync(making.program, program);
    Deno.copyFileSync(join(work, THIRD_PARTY), `${program}.${THIRD_PARTY}`);
    printLine(
      isTrial ? `${program}: a trial; set DENORT_BIN to a denort for one that runs` : program,
    );
    return 0;
  } finally {
    Deno.removeSync(temp, { recursive: true });
  }
}

/** Lists every staged file with its size and digest: the program verifies by it what it unpacks. */
function writeContentsList(work: string): void {
  const files = listContents(work).filter(({ path }) => path !== NOT_LISTED)
    .map(({ path, bytes }) => ({ path, bytes, digest: digestOf(join(work, path)) }));
  Deno.writeTextFileSync(join(work, CONTENTS_FILE), formatContents(files));
}

function bakedFlags(args: ToolArgs): string[] {
  try {
    return denoFlags(bakedGrant(args));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ToolError(
      error.problems.map(({ path, message }) => `${path}: ${message}`).join("\n"),
    );
  }
}

/**
 * The runtime that DENORT_BIN names; null when Deno has to download it.
 *
 * @throws {ToolError} when it is for another machine or of another version
 */
function checkRuntime(args: ToolArgs): string | null {
  const given = Deno.env.get("DENORT_BIN") ?? "";
  if (given === "") return null;
  // For a trial, this machine's Deno takes the place of any target's runtime.
  if (given === args.with) return given;
  const bytes = Buffer.from(Deno.readFileSync(given).buffer);
  const problem = runtimeProblem(bytes, args.target, Deno.version.deno);
  if (problem !== null) throw new ToolError(`DENORT_BIN=${given} ${problem}`);
  return given;
}

function embed({ args, work, program }: Making, flags: readonly string[]): void {
  const { target, with: deno } = args;
  const included = INCLUDED.flatMap((name) => ["--include", name]);
  const { success, stderr } = new Deno.Command(deno, {
    cwd: work,
    args: ["compile", "--quiet", "--no-check", "--self-extracting", "--target", target.name]
      .concat("--output", program, flags, included, "main.ts"),
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).outputSync();
  if (success) return;
  const { deno: version } = Deno.version;
  throw new ToolError(
    `deno compile failed:\n${new TextDecoder().decode(stderr).trim()}\n` +
      `  → It downloads its runtime. Where it cannot, get denort-${target.name}.zip of ` +
      `Deno ${version} elsewhere (github.com/denoland/deno/releases), unpack it, and set ` +
      "DENORT_BIN to the file; or use `deno task package`, which needs no other runtime.",
  );
}

function checkProgram({ args, program, isTrial, ...made }: Making): void {
  const { target } = args;
  const bytes = Buffer.from(Deno.readFileSync(program).buffer);
  const problems = embeddedProblems(bytes, { ...made, target, root: ROOT });
  if (!isTrial && machineOf(bytes) !== target.machine) {
    problems.push(`it is not a program for ${target.name}`);
  }
  if (bytes.length > MAX_PROGRAM_BYTES) {
    problems.push(`${bytes.length} bytes are more than the ${MAX_PROGRAM_BYTES} that are allowed`);
  }
  if (problems.length > 0) throw new ToolError(problems.join("; "));
}

/**
 * Runs the program's `--version` where it can run; it unpacks beside itself.
 *
 * @returns what was run, for people
 */
function runOnce({ args, work, program }: Making): string {
  const { arch, name } = args.target;
  if (arch !== Deno.build.arch) return `not run: this machine is ${Deno.build.arch}, not ${name}`;
  // Through the shell: the permission to run it would have to name it in advance.
  const { success, stdout, stderr } = new Deno.Command("sh", {
    args: ["-c", 'exec "$0" --version', program],
    env: { NO_COLOR: "1" },
  }).outputSync();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const { version } = JSON.parse(Deno.readTextFileSync(join(work, "deno.json")));
  const ran = { success, stdout: out ?? "", stderr: err ?? "" };
  const problem = versionProblem(ran, String(version));
  if (problem !== null) throw new ToolError(problem);
  return `ran here: orion ${version}`;
}

const USAGE = `Usage:
  deno task compile [--target TARGET] [--out FOLDER] [--at FOLDER]
                    [--config FILE [--config-at PATH]]

Builds Orion as one program, dist/orion-TARGET, for ${targetNames()}.`;

if (import.meta.main) Deno.exit(runTool(compile, USAGE));
