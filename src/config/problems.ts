import { OrionError } from "../core/errors.ts";

/** Where in a configuration: keys and indices from the top. */
export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong with a configuration, and what to do about it. */
export interface ConfigProblem {
  /** `cameras[0].url`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
  /** Line in the file, counted from 1. */
  readonly line?: number;
}

/** A configuration that cannot be used: exit code 2. Carries every problem, not only the first. */
export class ConfigError extends OrionError {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];
  /** The file, or null when none was read. */
  readonly file: string | null;
  /** Absolute paths of the other files it names, as far as they could be told. */
  readonly files: readonly string[];
  /** The environment variables it names, as far as they could be told. */
  readonly environment: readonly string[];

  constructor(
    file: string | null,
    problems: readonly ConfigProblem[],
    named: { readonly files?: readonly string[]; readonly environment?: readonly string[] } = {},
  ) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super({
      code: "CONFIG",
      message: `Cannot use the configuration${file === null ? "" : ` ${file}`}: ${count}`,
      retryable: false,
      remedy: "Correct what is listed, then run `check`.",
    });
    this.file = file;
    this.problems = problems;
    this.files = named.files ?? [];
    this.environment = named.environment ?? [];
  }
}

/** `["cameras", 0, "url"]` as people write it: `cameras[0].url`. */
export function pathText(path: ConfigPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? key : `.${key}`;
  }
  return text;
}

/**
 * The name among `known` that was most likely meant, or null.
 *
 * A name counts as near when no more than a third of its letters (and at least one) differ.
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  const wanted = name.toLowerCase().slice(0, MAX_COMPARED_LENGTH);
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase().slice(0, MAX_COMPARED_LENGTH));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** What to do about a name that is not known: the nearest one, else all of them. */
export function suggestName(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  if (nearest !== null) return `Did you mean "${nearest}"?`;
  if (known.length === 0) return "Remove it.";
  return `Use one of: ${known.join(", ")}.`;
}

/** Longer names are compared by their beginnings: the table below is of quadratic size. */
const MAX_COMPARED_LENGTH = 64;

/** Letters to insert, delete, replace, or swap with their neighbour to turn one word into the other. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const replaced = (previous[column - 1] ?? 0) + (same ? 0 : 1);
      const shifted = Math.min(previous[column] ?? 0, current[column - 1] ?? 0) + 1;
      const crossed = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = crossed ? (beforePrevious[column - 2] ?? Infinity) + 1 : Infinity;
      current.push(Math.min(replaced, shifted, swapped));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
