/**
 * `deno task package`: builds the portable folder, as an archive: Deno, Orion, its packages, models and
 * clip for one target. The machine it runs on needs libav, and nothing else.
 *
 *   deno task package [--target T] [--out FOLDER] [--deno FILE]
 *
 * For another architecture `--deno` names that architecture's Deno.
 */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Content, contentProblems, listContents } from "./lib/contents.ts";
import { commitOf, stage } from "./lib/stage.ts";
import { machineOf, type Target } from "./lib/targets.ts";
import { printLine } from "./lib/print.ts";
import { runTool, type ToolArgs, ToolError } from "./lib/tool_args.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url)).replace(/\/$/, "");

/** Copied unchanged. */
const SCRIPTS = ["scripts/orion.sh", "scripts/lib/deno.sh"];
const EXTRAS: Readonly<Record<string, string>> = {
  "packaging/orion": "orion",
  "packaging/orion.service": "orion.service",
  "docs/deploy.md": "docs/deploy.md",
  "docs/security.md": "docs/security.md",
};

/** Bound of the archive. */
const MAX_ARCHIVE_BYTES = 110 * 1024 * 1024;

function pack({ target, deno, out }: ToolArgs): number {
  const work = Deno.makeTempDirSync({ dir: out, prefix: ".package-" });
  try {
    const folder = join(work, "orion");
    Deno.mkdirSync(folder);
    stage({ root: ROOT, into: folder, target, commit: commitOf(ROOT) });
    const contents = listContents(folder);
    const problems = contentProblems(contents, target);
    if (problems.length > 0) throw new ToolError(problems.join("\nerror: "));
    addRuntime(deno, folder, target);
    addLauncher(folder);
    const name = `orion-${versionOf(folder)}-${target.name}`;
    Deno.renameSync(folder, join(work, name));
    const archive = join(out, `${name}.tar.gz`);
    tar(work, name, archive);
    report(contents, archive);
    return 0;
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
}

function addRuntime(deno: string, folder: string, target: Target): void {
  const bytes = Deno.readFileSync(deno);
  if (machineOf(bytes) !== target.machine) {
    throw new ToolError(
      `${deno} is not a Deno for ${target.name}; name one with --deno (npm has it as ` +
        `@deno/linux-${target.onnxruntime}-glibc)`,
    );
  }
  Deno.mkdirSync(join(folder, "bin"));
  Deno.writeFileSync(join(folder, "bin/deno"), bytes, { mode: 0o755 });
}

function addLauncher(folder: string): void {
  for (const name of ["scripts/lib", "docs"]) {
    Deno.mkdirSync(join(folder, name), { recursive: true });
  }
  for (const path of SCRIPTS) Deno.copyFileSync(join(ROOT, path), join(folder, path));
  for (const [from, to] of Object.entries(EXTRAS)) {
    Deno.copyFileSync(join(ROOT, from), join(folder, to));
  }
}

function versionOf(folder: string): string {
  const { version } = JSON.parse(Deno.readTextFileSync(join(folder, "deno.json")));
  return String(version);
}

/** Archives reproducibly: without owners and times, in one order. */
function tar(work: string, name: string, archive: string): void {
  const { success, stderr } = new Deno.Command("tar", {
    args: ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"]
      .concat("--mode=u+rwX,go+rX,go-w", "-C", work, "-I", "gzip -n", "-cf", archive, name),
  }).outputSync();
  if (!success) throw new ToolError(`tar failed: ${new TextDecoder().decode(stderr).trim()}`);
}

function report(contents: readonly Content[], archive: string): void {
  const { size } = Deno.statSync(archive);
  if (size > MAX_ARCHIVE_BYTES) {
    throw new ToolError(`${archive} has ${size} bytes; at most ${MAX_ARCHIVE_BYTES} are allowed`);
  }
  const total = contents.reduce((sum, { bytes }) => sum + bytes, 0);
  printLine(`${contents.length} files of Orion, ${mebibytes(total)}; ${basename(archive)}:`);
  printLine(`  ${archive} ${mebibytes(size)}`);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

if (import.meta.main) Deno.exit(runTool(pack));
