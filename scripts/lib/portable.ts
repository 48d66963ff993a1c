/** The portable folder: Deno, Orion, its packages, models and clip for one target. */
import { dirname, join } from "node:path";
import { bashCompletion, zshCompletion } from "./completion.ts";
import { type Content, contentProblems, listContents } from "./contents.ts";
import { manualText } from "./manual.ts";
import { versionsIn } from "./runtime.ts";
import { SBOM, sbomText } from "./sbom.ts";
import { commitOf, stage } from "./stage.ts";
import { machineOf, type Target } from "./targets.ts";
import { type ToolArgs, ToolError } from "./tool_args.ts";
import { Buffer } from "node:buffer";

/** What is copied unchanged, and its path in the folder. */
export const EXTRAS: Readonly<Record<string, string>> = {
  "scripts/orion.sh": "scripts/orion.sh",
  "scripts/lib/deno.sh": "scripts/lib/deno.sh",
  "packaging/orion": "orion",
  "packaging/orion.service": "orion.service",
  "packaging/Containerfile": "packaging/Containerfile",
  "packaging/dockerignore": ".dockerignore",
  "packaging/compose.yaml": "packaging/compose.yaml",
  "packaging/container/example/mosquitto.conf": "packaging/container/example/mosquitto.conf",
  "packaging/container/example/orion.yaml": "packaging/container/example/orion.yaml",
  "packaging/container/health.ts": "packaging/container/health.ts",
  "packaging/container/permit.ts": "packaging/container/permit.ts",
  "packaging/container/programs.ts": "packaging/container/programs.ts",
  "packaging/container/root.sh": "packaging/container/root.sh",
  "packaging/container/start.ts": "packaging/container/start.ts",
  "packaging/monitoring/orion.dashboard.json": "packaging/monitoring/orion.dashboard.json",
  "packaging/monitoring/orion.rules.test.yml": "packaging/monitoring/orion.rules.test.yml",
  "packaging/monitoring/orion.rules.yml": "packaging/monitoring/orion.rules.yml",
  "docs/container.md": "docs/container.md",
  "docs/deploy.md": "docs/deploy.md",
  "docs/security.md": "docs/security.md",
};

/** Paths of the manual page and the completions, as below `/usr`. */
export const SHARED = {
  manual: "share/man/man1/orion.1",
  bash: "share/bash-completion/completions/orion",
  zsh: "share/zsh/site-functions/_orion",
} as const;

export interface Portable {
  /** `0.1.0+1a2b3c4d5e`. */
  readonly version: string;
  /** The files of Orion itself. */
  readonly contents: readonly Content[];
}

/**
 * Fills a folder, which must be empty.
 * @throws {ToolError} when something is missing, or does not belong there
 */
export function fillPortable(
  root: string,
  folder: string,
  { target, deno }: Pick<ToolArgs, "target" | "deno">,
): Portable {
  stage({ root, into: folder, target, commit: commitOf(root) });
  const contents = listContents(folder);
  const problems = contentProblems(contents, target);
  if (problems.length > 0) throw new ToolError(problems.join("\nerror: "));
  const { version } = JSON.parse(Deno.readTextFileSync(join(folder, "deno.json")));
  const runtime = addRuntime(deno, folder, target);
  for (const [from, to] of Object.entries(EXTRAS)) {
    Deno.mkdirSync(dirname(join(folder, to)), { recursive: true });
    Deno.copyFileSync(join(root, from), join(folder, to));
  }
  const texts = {
    [SHARED.manual]: manualText(version),
    [SHARED.bash]: bashCompletion(),
    [SHARED.zsh]: zshCompletion(),
    [SBOM]: sbomText(folder, version, runtime),
  };
  for (const [path, text] of Object.entries(texts)) {
    Deno.mkdirSync(dirname(join(folder, path)), { recursive: true });
    Deno.writeTextFileSync(join(folder, path), text);
  }
  return { version: String(version), contents };
}

/** @returns the version of the Deno */
function addRuntime(deno: string, folder: string, target: Target): string {
  const bytes = Deno.readFileSync(deno);
  const [version] = versionsIn(Buffer.from(bytes.buffer));
  if (machineOf(bytes) !== target.machine || version === undefined) {
    throw new ToolError(
      `${deno} is not a Deno for ${target.name}; name one with --deno (npm has it as ` +
        `@deno/linux-${target.onnxruntime}-glibc)`,
    );
  }
  Deno.mkdirSync(join(folder, "bin"));
  Deno.writeFileSync(join(folder, "bin/deno"), bytes, { mode: 0o755 });
  return version;
}
