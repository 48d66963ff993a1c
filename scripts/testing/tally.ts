/** Counting what `deno test` reports. */
import type { CommandOutcome } from "./command.ts";

/** How many tests there were, and which ones say something. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** The names of the tests that were left out. */
  readonly ignored: readonly string[];
  /** What failed, for the summary. */
  readonly failures: readonly string[];
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

/** What failed: the list at the end, or, in a run that did not get there, the tests' own lines. */
function failuresOf(lines: readonly string[]): string[] {
  const list = lines.findLastIndex((line) => line.trim() === "FAILURES");
  if (list >= 0) return names(lines.slice(list), LISTED);
  return [...names(lines, FAILED), ...names(lines, UNCAUGHT)];
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
  const failures = failuresOf(lines).map((name) => `${group}: ${name}`);
  const summary = lines.map((line) => SUMMARY.exec(line)).findLast((match) => match !== null);
  if (summary === undefined || summary === null || stopped !== null) {
    const last = lines.findLast((line) => line.trim() !== "") ?? "nothing";
    const why = stopped ?? `ended with code ${code} before its summary`;
    return {
      passed: names(lines, PASSED).length,
      failed: failures.length + 1,
      ignored,
      failures: [...failures, `${group}: the run ${why}; it said last: ${last}`],
    };
  }
  const passed = Number(summary[1]);
  const failed = Number(summary[2]);
  if (failed === 0 && code !== 0) {
    const failure = `${group}: the run ended with code ${code}`;
    return { passed, failed: 1, ignored, failures: [...failures, failure] };
  }
  return { passed, failed, ignored, failures };
}
