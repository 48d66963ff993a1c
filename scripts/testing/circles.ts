/** Finds circles of imports: files that depend on one another, type imports included. */
import type { SourceFile } from "./checkout.ts";
import { importsOf, type Violation } from "./source.ts";

/** Circles that remain to be opened: the path of their first file, and what to split. */
export const KNOWN_CIRCLES: Readonly<Record<string, string>> = {};

/** One circle: each file imports the next, and the last one the first. */
type Circle = readonly [first: ImportEdge, ...rest: ImportEdge[]];

interface ImportEdge {
  readonly from: string;
  readonly line: number;
}

/** Resolves `./` and `../` against the folder of `from`; both relative to the root of the checkout. */
export function resolveImport(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/**
 * Reports one circle for each group of files that import one another, at the first of its paths.
 * @param known  circles that are not reported; an entry without a circle is reported instead
 */
export function circleViolations(
  files: readonly SourceFile[],
  known: Readonly<Record<string, string>> = KNOWN_CIRCLES,
): Violation[] {
  const circles = findCircles(files);
  const firsts = new Set(circles.map(([first]) => first.from));
  const stale = Object.keys(known).filter((path) => !firsts.has(path)).map((path) => ({
    path,
    line: 1,
    rule: "is in KNOWN_CIRCLES of scripts/testing/circles.ts, but begins no circle",
    remedy: "remove it there",
  }));
  const found = circles.filter(([first]) => known[first.from] === undefined).map((circle) => {
    const [{ from, line }] = circle;
    const route = [...circle.map((edge) => edge.from), from].join(" → ");
    return {
      path: from,
      line,
      rule: `a circle of imports: ${route}`,
      remedy: "move what both sides need to a file of its own, or hand it in",
    };
  });
  return [...stale, ...found];
}

function findCircles(files: readonly SourceFile[]): Circle[] {
  const paths = new Set(files.map(({ path }) => path));
  const graph = new Map(files.map(({ path, text }) => [path, importedFiles(path, text, paths)]));
  const circles: Circle[] = [];
  const grouped = new Set<string>();
  for (const path of [...paths].sort()) {
    if (grouped.has(path)) continue;
    const circle = shortestCircle(graph, path);
    if (circle === null) continue;
    circles.push(circle);
    // Every other file of the group is reported with this one.
    const after = reachable(graph, path);
    for (const other of after) if (reachable(graph, other).has(path)) grouped.add(other);
  }
  return circles;
}

/** The files a file imports, with the line of the first import of each. */
function importedFiles(
  path: string,
  text: string,
  paths: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const { specifier, line } of importsOf(text)) {
    if (!specifier.startsWith(".")) continue;
    const target = resolveImport(path, specifier);
    if (paths.has(target) && !lines.has(target)) lines.set(target, line);
  }
  return lines;
}

type Graph = ReadonlyMap<string, ReadonlyMap<string, number>>;

function reachable(graph: Graph, start: string): Set<string> {
  const seen = new Set<string>();
  const queue = [start];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    for (const target of graph.get(path)?.keys() ?? []) {
      if (seen.has(target)) continue;
      seen.add(target);
      queue.push(target);
    }
  }
  return seen;
}

/** Breadth first from `start` back to itself, or null. */
function shortestCircle(graph: Graph, start: string): Circle | null {
  const cameFrom = new Map<string, ImportEdge>();
  const queue = [start];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const [target, line] of graph.get(path) ?? []) {
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, { from: path, line });
      if (target === start) return circleTo(start, cameFrom);
      queue.push(target);
    }
  }
  return null;
}

function circleTo(start: string, cameFrom: ReadonlyMap<string, ImportEdge>): Circle | null {
  const edges: ImportEdge[] = [];
  let at = start;
  do {
    const edge = cameFrom.get(at);
    if (edge === undefined) return null;
    edges.unshift(edge);
    at = edge.from;
  } while (at !== start);
  const [first, ...rest] = edges;
  return first === undefined ? null : [first, ...rest];
}
