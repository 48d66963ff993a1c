/**
 * `deno task package`: builds the portable folder, as an archive: Deno, Orion, its packages, models and
 * clip for one target. The machine it runs on needs libav, and nothing else. From the same folder it makes
 * a package of Debian, and an app of Home Assistant.
 *
 * For another architecture `--deno` names that architecture's Deno.
 */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildApp } from "./lib/app.ts";
import type { Content } from "./lib/contents.ts";
import { buildDeb } from "./lib/deb.ts";
import { fillPortable } from "./lib/portable.ts";
import { printLine } from "./lib/print.ts";
import { runCommand } from "./lib/run_command.ts";
import { targetNames } from "./lib/targets.ts";
import { runTool, type ToolArgs, ToolError } from "./lib/tool_args.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url)).replace(/\/$/, "");

/** Bound of what is built. */
const MAX_ARCHIVE_BYTES = 110 * 1024 * 1024;

function pack(args: ToolArgs): number {
  const { target, out, as } = args;
  const work = Deno.makeTempDirSync({ dir: out, prefix: ".package-" });
  try {
    const folder = join(work, "orion");
    Deno.mkdirSync(folder);
    const { version, contents } = fillPortable(ROOT, folder, args);
    if (as === "deb") {
      report(contents, buildDeb({ root: ROOT, folder, work, out, target, version }));
      return 0;
    }
    const name = `orion-${version}-${target.name}`;
    Deno.renameSync(folder, join(work, name));
    const into = as === "archive" ? out : buildApp({ root: ROOT, out, target, version });
    const archive = join(into, `${name}.tar.gz`);
    tar(work, name, archive);
    report(contents, archive);
    return 0;
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
}

/** Archives reproducibly: without owners and times, in one order. */
function tar(work: string, name: string, archive: string): void {
  runCommand(
    "tar",
    ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"]
      .concat("--mode=u+rwX,go+rX,go-w", "-C", work, "-I", "gzip -n", "-cf", archive, name),
  );
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

const USAGE = `Usage:
  deno task package [--as archive|deb|home-assistant] [--target TARGET] [--out FOLDER]
                    [--deno FILE]

Builds a portable folder with Deno's own binary, as an archive or a package, for
${targetNames()}.`;

if (import.meta.main) Deno.exit(runTool(pack, USAGE));
