/**
 * Checks that rooms import only downwards along the data flow, that no files import one another in a
 * circle, and that each package that reaches outside is imported in its one file.
 *
 *     deno run --allow-read=. scripts/check_imports.ts
 */
import { type SourceFile, sourceFiles } from "./testing/checkout.ts";
import { circleViolations, resolveImport } from "./testing/circles.ts";
import { importsOf, type Violation, violationText } from "./testing/source.ts";

/** What each room of `src/` may import besides itself: rooms, or single files of rooms. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ["core"],
  confinement: ["core"],
  libav: ["core"],
  pacing: ["core"],
  framebus: ["core", "pacing"],
  rtsp: ["core"],
  stream: ["rtsp", "confinement", "libav", "framebus", "pacing", "core"],
  inference: ["core"],
  openvino: [
    "core",
    "libav/library.ts",
    "libav/memory.ts",
    "libav/open_library.ts",
    "libav/pointers.ts",
  ],
  tracking: ["core"],
  presence: ["core", "tracking"],
  mqtt: ["core"],
  permissions: ["core", "config", "libav/locate.ts"],
  health: ["core", "config"],
  dashboard: ["core", "config", "health"],
  service: [
    ...["core", "config", "confinement", "libav", "pacing", "framebus", "rtsp", "stream"],
    ...["inference", "tracking", "presence", "mqtt"],
    ...["permissions", "health", "dashboard"],
  ],
  cli: ["core", "config", "permissions", "service", "libav/locate.ts", "inference/labels.ts"],
};

const ALL_BUT_CLI: readonly string[] = Object.keys(ROOMS).filter((room) => room !== "cli");

/** Packages that one file answers for. */
const ONE_IMPORTER: Readonly<Record<string, string>> = {
  "onnxruntime-node": "src/inference/session.ts",
  mqtt: "src/mqtt/client.ts",
  aedes: "src/mqtt/broker/broker.ts",
};

/** Where the version in `deno.json` is read. */
const VERSION_FILE = "src/core/version.ts";

/** The part of the checkout a file belongs to: a room of `src/`, or a folder, or `main.ts`. */
function partOf(path: string): string {
  const [top, room] = path.split("/");
  return top === "src" ? room ?? "" : top ?? "";
}

/** What a file may import from `src/`, or null when it may import everything. */
function allowedFor(path: string): readonly string[] | null {
  if (path.startsWith("src/")) return ROOMS[partOf(path)] ?? [];
  if (path === "main.ts") return ["cli", "core"];
  if (path.startsWith("workers/")) return ALL_BUT_CLI;
  return null;
}

function wrongDirection(path: string, target: string): string | null {
  const allowed = allowedFor(path);
  if (allowed === null) return null;
  const own = partOf(path);
  if (!target.startsWith("src/")) {
    if (path === VERSION_FILE && target === "deno.json") return null;
    return own === partOf(target) ? null : `${own} imports ${target}, which is no room of src/`;
  }
  const room = partOf(target);
  if (room === own || allowed.includes(room)) return null;
  if (allowed.includes(target.slice("src/".length))) return null;
  return `${own} imports ${target}`;
}

function wrongPackage(path: string, specifier: string): { rule: string; remedy: string } | null {
  if (/^(?:npm|jsr|https?):/.test(specifier)) {
    return {
      rule: `imports ${specifier}`,
      remedy: "add the package to deno.json's imports, pinned, and import it by name",
    };
  }
  const owner = ONE_IMPORTER[specifier];
  if (owner === undefined || owner === path || path.startsWith("tests/")) return null;
  return { rule: `imports ${specifier}`, remedy: `only ${owner} does: use what it exports` };
}

/** Every import of a file that the directions forbid. */
export function importViolations(file: SourceFile): Violation[] {
  const { path, text } = file;
  const violations: Violation[] = [];
  if (path.startsWith("src/") && ROOMS[partOf(path)] === undefined) {
    const remedy = "add it to ROOMS in scripts/check_imports.ts with what it may import";
    violations.push({ path, line: 1, rule: `${partOf(path)} is no known room`, remedy });
  }
  for (const { specifier, line } of importsOf(text)) {
    if (specifier.startsWith(".")) {
      const rule = wrongDirection(path, resolveImport(path, specifier));
      const may = allowedFor(path)?.join(", ") || "nothing but itself";
      const remedy = `it may import ${may}: move what both need to src/core, or hand it in`;
      if (rule !== null) violations.push({ path, line, rule, remedy });
    } else {
      const wrong = wrongPackage(path, specifier);
      if (wrong !== null) violations.push({ path, line, ...wrong });
    }
  }
  return violations;
}

/** Checks the whole checkout; one text for each violation. */
export function checkImports(files: readonly SourceFile[] = sourceFiles()): string[] {
  return [...files.flatMap(importViolations), ...circleViolations(files)].map(violationText);
}

if (import.meta.main) {
  const problems = checkImports();
  for (const problem of problems) Deno.stderr.writeSync(new TextEncoder().encode(`${problem}\n`));
  Deno.exit(problems.length === 0 ? 0 : 1);
}
