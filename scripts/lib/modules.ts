/** Selects the npm packages that Orion needs at run time, and lays them out without links. */
import { dirname, join } from "node:path";

/** Packages that only checks and tests import. */
const FOR_TESTS = new Set(["ajv", "axe-core", "fast-check", "playwright-core"]);

/** Packages that others need to install themselves, not at run time. */
const NOT_RUN = new Set(["adm-zip", "global-agent"]);

/** The packages of the import map that Orion itself imports. */
export function runtimePackages(imports: Readonly<Record<string, string>>): string[] {
  return Object.keys(imports).filter((name) => !FOR_TESTS.has(name)).sort();
}

/** Source and destination of a package. */
export interface Placed {
  readonly from: string;
  /** Relative to `node_modules`. */
  readonly to: string;
}

/**
 * Lays packages out flat: each at the top level, or below its dependent where the top level has another
 * version of it.
 *
 * @param modules   the installed `node_modules` in Deno's layout: each package in a folder of its own
 *                  under `.deno`, beside links to its dependencies
 * @param packages  the names of the direct dependencies
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
    for (const [name, from] of dependenciesOf(next.from)) place(name, from, next.to);
  }
  return placed;
}

/** The dependencies of a package: the links beside it in its folder under `.deno`. */
function dependenciesOf(folder: string): [string, string][] {
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
