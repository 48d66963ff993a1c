/** Counting what `deno test` reports. */
import type { CommandOutcome } from "./command.ts";

/** How many tests there were, and which ones say something. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** The names of the tests that were left out. */
  readonly ignored: readonly string[];
  /** What failed, for the summary. */
  readonly failures: readonly Failure[];
}

/** Something that failed. */
export interface Failure {
  readonly name: string;
  /** What was said of it: at the end of a run again, where a log that was cut still shows it. */
  readonly lines: readonly string[];
}

export const NOTHING: Tally = { passed: 0, failed: 0, ignored: [], failures: [] };

/** Both together. */
export function sum(one: Tally, other: Tally): Tally {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    ignored: [...one.ignored, ...other.ignored],
    failures: [...one.failures, ...other.failures],
  };
}

const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed/;
const PASSED = /^(\S.*) \.\.\. ok \([^)]*\)$/;
const FAILED = /^(\S.*) \.\.\. FAILED \(.*\)$/;
const UNCAUGHT = /^Uncaught error from (\S+) FAILED$/;
const IGNORED = /^(\S.*) \.\.\. ignored \([^)]*\)$/;

const LISTED = /^(\S.*) (?:=> \S+:\d+:\d+|\(uncaught error\))$/;

/** Of a failure so many lines are said again: the first, which name the reason, and the last. */
const FIRST_LINES = 30;
const LAST_LINES = 15;

/** What failed: the list at the end, or, in a run that did not get there, the tests' own lines. */
function failuresOf(lines: readonly string[]): Failure[] {
  const list = lines.findLastIndex((line) => line.trim() === "FAILURES");
  if (list < 0) {
    return [...names(lines, FAILED), ...names(lines, UNCAUGHT)].map((name) => ({
      name,
      lines: [],
    }));
  }
  const errors = lines.findLastIndex((line, at) => at < list && line.trim() === "ERRORS");
  const heads = lines.slice(list).filter((line) => LISTED.test(line));
  const said = lines.slice(errors < 0 ? list : errors, list);
  return heads.map((head) => ({
    name: LISTED.exec(head)?.[1] ?? head,
    lines: shortened(blockOf(head, said, heads)),
  }));
}

/** What stands below a failure's heading among the errors, up to the next one's. */
function blockOf(head: string, said: readonly string[], heads: readonly string[]): string[] {
  const start = said.indexOf(head) + 1;
  if (start === 0) return [];
  const end = said.findIndex((line, at) => at >= start && heads.includes(line));
  return said.slice(start, end < 0 ? said.length : end);
}

function shortened(lines: readonly string[]): string[] {
  const told = lines.filter((line) => line.trim() !== "");
  if (told.length <= FIRST_LINES + LAST_LINES) return told;
  return [...told.slice(0, FIRST_LINES), "…", ...told.slice(-LAST_LINES)];
}

function names(lines: readonly string[], pattern: RegExp): string[] {
  return lines.map((line) => pattern.exec(line)?.[1]).filter((name) => name !== undefined);
}

/**
 * What a run of `deno test` amounts to. The last summary line counts; without one (the run crashed, was
 * ended, or did not compile) the tests that were reported count, and the run itself as one failure.
 * A run that fails without a failed test counts as one failure too: nothing passes by accident.
 */
export function tallyOf(group: string, { lines, code, stopped }: CommandOutcome): Tally {
  const ignored = names(lines, IGNORED);
  const failures = failuresOf(lines).map((failure) => ({
    ...failure,
    name: `${group}: ${failure.name}`,
  }));
  const summary = lines.map((line) => SUMMARY.exec(line)).findLast((match) => match !== null);
  if (summary === undefined || summary === null || stopped !== null) {
    const last = lines.findLast((line) => line.trim() !== "") ?? "nothing";
    const why = stopped ?? `ended with code ${code} before its summary`;
    return {
      passed: names(lines, PASSED).length,
      failed: failures.length + 1,
      ignored,
      failures: [...failures, {
        name: `${group}: the run ${why}; it said last: ${last}`,
        lines: shortened(lines.slice(-LAST_LINES)),
      }],
    };
  }
  const passed = Number(summary[1]);
  const failed = Number(summary[2]);
  if (failed === 0 && code !== 0) {
    const name = `${group}: the run ended with code ${code}`;
    const last = shortened(lines.slice(-LAST_LINES));
    return { passed, failed: 1, ignored, failures: [...failures, { name, lines: last }] };
  }
  return { passed, failed, ignored, failures };
}
