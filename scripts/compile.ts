/**
 * `deno task compile`: builds Orion as one program for one target: runtime, workers, models, clip and
 * packages, with its permissions baked in. The machine it runs on needs libav, and nothing else.
 *
 *   deno task compile [--target T] [--config FILE] [--at FOLDER] [--out FOLDER]
 *
 * Writes the licences of its contents to a file beside it. `--config` bakes in what that configuration
 * needs, and no more; without it the general set of docs/deploy.md. `--at` is the folder that the program
 * will be installed in (/opt/orion). The runtime is `DENORT_BIN` when that is set; otherwise Deno
 * downloads it.
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../src/config/problems.ts";
import { BAKED_FLAGS_FILE } from "../src/cli/permissions.ts";
import { denoFlags } from "../src/permissions/grant.ts";
import { bakedGrant } from "./lib/baked.ts";
import { type Content, contentProblems, listContents } from "./lib/contents.ts";
import { embeddedProblems } from "./lib/embedded.ts";
import { THIRD_PARTY } from "./lib/licences.ts";
import { commitOf, stage } from "./lib/stage.ts";
import { machineOf, type Target } from "./lib/targets.ts";
import { printLine, runTool, type ToolArgs, ToolError } from "./lib/tool_args.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url)).replace(/\/$/, "");

/** Embedded beside what main.ts imports. */
const INCLUDED = ["workers", "models", "assets", "LICENSE", "NOTICE", THIRD_PARTY]
  .concat(BAKED_FLAGS_FILE);

/** Bound of the program, runtime included. */
const MAX_PROGRAM_BYTES = 190 * 1024 * 1024;

function compile(args: ToolArgs): number {
  const { target, out } = args;
  const flags = bakedFlags(args);
  const work = Deno.makeTempDirSync({ dir: out, prefix: ".compile-" });
  try {
    stage({ root: ROOT, into: work, target, commit: commitOf(ROOT) });
    const contents = listContents(work);
    const problems = contentProblems(contents, target);
    if (problems.length > 0) throw new ToolError(problems.join("\nerror: "));
    printLine(`${contents.length} files for ${target.name}: complete, and nothing else`);
    const runtime = givenRuntime(args);
    // Embedding into Deno itself only shows what is embedded: the result does not run.
    const trial = runtime !== null && runtime === args.with;
    const program = join(out, `orion-${target.name}${trial ? ".trial" : ""}`);
    Deno.writeTextFileSync(join(work, BAKED_FLAGS_FILE), `${flags.join("\n")}\n`);
    embed(args, { work, flags, program });
    checkProgram(program, { contents, work, target, trial });
    Deno.copyFileSync(join(work, THIRD_PARTY), `${program}.${THIRD_PARTY}`);
    printLine(
      trial ? `${program}: a trial; set DENORT_BIN to a denort for one that runs` : program,
    );
    return 0;
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
}

function bakedFlags({ target, at, config }: ToolArgs): string[] {
  try {
    return denoFlags(bakedGrant({ target, at, config }));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ToolError(
      error.problems.map(({ path, message }) => `${path}: ${message}`).join("\n"),
    );
  }
}

/** The file that DENORT_BIN names, if it is for the target; null when Deno has to download the runtime. */
function givenRuntime(args: ToolArgs): string | null {
  const given = Deno.env.get("DENORT_BIN") ?? "";
  if (given === "") return null;
  const machine = machineOf(Deno.readFileSync(given));
  if (machine !== args.target.machine && given !== args.with) {
    throw new ToolError(`DENORT_BIN=${given} is not a runtime for ${args.target.name}`);
  }
  return given;
}

function embed(
  { target, with: deno }: ToolArgs,
  { work, flags, program }: { work: string; flags: readonly string[]; program: string },
): void {
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

function checkProgram(
  program: string,
  made: { contents: readonly Content[]; work: string; target: Target; trial: boolean },
): void {
  const bytes = Buffer.from(Deno.readFileSync(program).buffer);
  const problems = embeddedProblems(bytes, { ...made, root: ROOT });
  if (!made.trial && machineOf(bytes) !== made.target.machine) {
    problems.push(`it is not a program for ${made.target.name}`);
  }
  if (bytes.length > MAX_PROGRAM_BYTES) {
    problems.push(`${bytes.length} bytes are more than the ${MAX_PROGRAM_BYTES} that are allowed`);
  }
  if (problems.length === 0) return;
  Deno.removeSync(program);
  throw new ToolError(`${program}: ${problems.join("; ")}`);
}

if (import.meta.main) Deno.exit(runTool(compile));
