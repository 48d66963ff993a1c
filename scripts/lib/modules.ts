/** The npm packages that Orion runs with, copied without links and without what only builds need. */
import { dirname, join } from "node:path";

/** Packages that only checks and tests import. */
const FOR_TESTS = new Set(["ajv", "fast-check"]);

/** What is imported to install a package, or for its types, and never when it runs. */
const NOT_RUN = new Set(["adm-zip", "global-agent"]);

/** The packages of the import map that the product imports. */
export function runtimePackages(imports: Readonly<Record<string, string>>): string[] {
  return Object.keys(imports).filter((name) => !FOR_TESTS.has(name)).sort();
}

/** Where a package goes, by the folder it comes from. */
export interface Placed {
  readonly from: string;
  /** Relative to `node_modules`. */
  readonly to: string;
}

/**
 * Lays packages out flat: each at the top, and below its user only where another version of it has
 * taken the top.
 *
 * @param modules   the installed `node_modules`, as Deno makes it: each package in a folder of its own
 *                  under `.deno`, beside links to what it imports
 * @param packages  the names to begin with
 */
export function layOut(modules: string, packages: readonly string[]): Placed[] {
  const top = new Map<string, string>();
  const placed: Placed[] = [];
  const waiting: { readonly from: string; readonly to: string }[] = [];
  const place = (name: string, from: string, below: string | null) => {
    const at = top.get(name);
    if (at === from) return;
    const to = at === undefined ? name : `${below}/node_modules/${name}`;
    if (at === undefined) top.set(name, from);
    placed.push({ from, to });
    waiting.push({ from, to });
  };
  for (const name of packages) place(name, Deno.realPathSync(join(modules, name)), null);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    for (const [name, from] of importsOf(next.from)) place(name, from, next.to);
  }
  return placed;
}

/** What stands beside a package in its own folder under `.deno`, by name. */
function importsOf(folder: string): [string, string][] {
  const inScope = dirname(folder).split("/").at(-1)?.startsWith("@") ?? false;
  const beside = inScope ? dirname(dirname(folder)) : dirname(folder);
  return namesIn(beside)
    .filter((name) => !NOT_RUN.has(name) && !name.startsWith("@types/"))
    .map((name): [string, string] => [name, Deno.realPathSync(join(beside, name))])
    .filter(([, from]) => from !== folder);
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name }) =>
    name.startsWith("@")
      ? [...Deno.readDirSync(join(folder, name))].map((entry) => `${name}/${entry.name}`)
      : [name]
  ).sort();
}
