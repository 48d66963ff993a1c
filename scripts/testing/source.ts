/** What the checks read of a TypeScript file without its syntax tree, and how they report. */

/** Something a file has at a line; lines count from 1. */
export interface Place {
  readonly line: number;
}

/** `import … from`, `export … from`, `import "…"` and `import("…")`. */
export interface Import extends Place {
  readonly specifier: string;
}

/** A broken rule, and what to do about it. */
export interface Violation extends Place {
  /** Relative to the root of the checkout. */
  readonly path: string;
  readonly rule: string;
  readonly remedy: string;
}

/** `path:line: rule; remedy`. */
export function violationText({ path, line, rule, remedy }: Violation): string {
  return `${path}:${line}: ${rule}; ${remedy}`;
}

/** The line of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** A statement begins its line, since the formatter sees to it; a call may be anywhere but in a comment. */
const IMPORT =
  /(?:^(?:(?:import|export)\b[^;"'`()=]*?\bfrom\s*|import\s*)|(?<!^\s*(?:\/[/*]|\*).*)\bimport\(\s*)(["'])([^"'\n]+)\1/gm;

/** Every import of a formatted file, in order. */
export function importsOf(text: string): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => ({
    specifier: match[2] ?? "",
    line: lineAt(text, match.index),
  }));
}
