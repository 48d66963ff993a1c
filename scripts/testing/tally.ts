/** Parses and counts the results that `deno test` prints. */
import type { CommandOutcome } from "./command.ts";

/** Numbers of tests, and the names of those that failed or were skipped. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** The names of the tests that were skipped. */
  readonly ignored: readonly string[];
  /** For the summary at the end. */
  readonly failures: readonly Failure[];
}

/** A test or a run that failed. */
export interface Failure {
  readonly name: string;
  /** Its output, repeated at the end of a run, where a truncated log still shows it. */
  readonly lines: readonly string[];
}

export const NOTHING: Tally = { passed: 0, failed: 0, ignored: [], failures: [] };

/** Adds two tallies. */
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

/** Lines of a failure that are repeated: the first ones, which name the reason, and the last ones. */
const FIRST_LINES = 30;
const LAST_LINES = 15;

/** The failures by the list at the end, or, in a run that did not get there, by the tests' own lines. */
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
  const output = lines.slice(errors < 0 ? list : errors, list);
  return heads.map((head) => ({
    name: LISTED.exec(head)?.[1] ?? head,
    lines: shortened(blockOf(head, output, heads)),
  }));
}

/** The lines below a failure's heading, up to the next heading. */
function blockOf(head: string, output: readonly string[], heads: readonly string[]): string[] {
  const start = output.indexOf(head) + 1;
  if (start === 0) return [];
  const end = output.findIndex((line, at) => at >= start && heads.includes(line));
  return output.slice(start, end < 0 ? output.length : end);
}

function shortened(lines: readonly string[]): string[] {
  const shown = lines.filter((line) => line.trim() !== "");
  if (shown.length <= FIRST_LINES + LAST_LINES) return shown;
  return [...shown.slice(0, FIRST_LINES), "…", ...shown.slice(-LAST_LINES)];
}

function names(lines: readonly string[], pattern: RegExp): string[] {
  return lines.map((line) => pattern.exec(line)?.[1]).filter((name) => name !== undefined);
}

/**
 * Tallies a run of `deno test` by its last summary line. Without one (the run crashed, was killed, or did
 * not compile) counts the tests that were reported, and the run itself as one failure. A run that fails
 * without a failed test is one failure too.
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
        name: `${group}: the run ${why}; its last line: ${last}`,
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
