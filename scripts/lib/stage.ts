/** Stages the shipped files: the same for the portable folder and the single program. */
import { basename, dirname, join } from "node:path";
import { isLicence, THIRD_PARTY, thirdPartyText } from "./licences.ts";
import { layOut, runtimePackages } from "./modules.ts";
import type { Target } from "./targets.ts";

/** The keys of `deno.json` that are shipped. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly unstable: readonly string[];
  readonly imports: Readonly<Record<string, string>>;
}

/** Orion's own files. */
const OWN = [
  ...["main.ts", "src", "workers", "models", "assets", "LICENSE", "NOTICE"],
  // Named by what `init` prints, for editors.
  "schema/orion.schema.json",
];

/** Files of a package for compilers, debuggers, readers, its own tools and its own tests. */
const NEEDLESS =
  /(\.d\.[cm]?ts|\.map|\.md|\.markdown|\.tsbuildinfo)$|(^|\/)\.[^/]*$|^(tests?|bench|benchmarks?|examples?)\//i;

/** The folder of the addons for every platform. */
const ADDONS = /^bin\/napi-v\d+\//;

export interface StageOptions {
  /** The checkout, with its `node_modules` installed. */
  readonly root: string;
  /** An empty folder. */
  readonly into: string;
  readonly target: Target;
  /** The commit that `--version` prints; null when it is not known. */
  readonly commit: string | null;
}

/** Copies everything into the folder. */
export function stage({ root, into, target, commit }: StageOptions): void {
  for (const name of OWN) copy(join(root, name), join(into, name), () => true);
  const manifest: Manifest = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));
  Deno.writeTextFileSync(join(into, "deno.json"), shippedManifest(manifest, commit));
  const modules = join(root, "node_modules");
  for (const { from, to } of layOut(modules, runtimePackages(manifest.imports))) {
    copy(from, join(into, "node_modules", to), (path) => isShipped(path, target));
  }
  Deno.writeTextFileSync(join(into, THIRD_PARTY), thirdPartyText(into, join(root, "licenses")));
}

/** Deno uses the packages as they are: it resolves, locks and installs nothing. */
function shippedManifest(manifest: Manifest, commit: string | null): string {
  const { name, version, license, unstable, imports } = manifest;
  const packages = runtimePackages(imports);
  const shipped = {
    name,
    version: commit === null ? version : `${version}+${commit}`,
    license,
    exports: "./main.ts",
    nodeModulesDir: "manual",
    lock: false,
    unstable,
    imports: Object.fromEntries(packages.map((key) => [key, imports[key]])),
  };
  return `${JSON.stringify(shipped, null, 2)}\n`;
}

/** @param path  of a file, relative to its package */
function isShipped(path: string, target: Target): boolean {
  if (isLicence(basename(path))) return true;
  if (ADDONS.test(path)) {
    return path.replace(ADDONS, "").startsWith(`linux/${target.onnxruntime}/`);
  }
  return !NEEDLESS.test(path);
}

/** Copies a folder with everything in it. */
export function copyTree(from: string, to: string): void {
  copy(from, to, () => true);
}

function copy(from: string, to: string, wanted: (path: string) => boolean, inside = ""): void {
  const { isDirectory } = Deno.lstatSync(from);
  if (!isDirectory) {
    if (inside !== "" && !wanted(inside)) return;
    Deno.mkdirSync(dirname(to), { recursive: true });
    Deno.copyFileSync(from, to);
    return;
  }
  for (const { name, isSymlink } of Deno.readDirSync(from)) {
    // A link points to another package, which is copied separately.
    if (isSymlink) continue;
    const path = inside === "" ? name : `${inside}/${name}`;
    copy(join(from, name), join(to, name), wanted, path);
  }
}

/** The abbreviated commit that is checked out, with `.dirty` when there are changes; null without git. */
export function commitOf(root: string): string | null {
  try {
    const { success, stdout } = new Deno.Command("git", {
      args: ["-C", root, "describe", "--always", "--abbrev=10", "--exclude=*", "--dirty=.dirty"],
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
