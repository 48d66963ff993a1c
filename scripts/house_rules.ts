/**
 * Checks the rules of the house that are about texts: comments, lengths of files, and commands wherever
 * one is written. Those that the syntax tree shows are the linter's: `scripts/lint/house.ts`.
 *
 *     deno run --allow-read=. scripts/house_rules.ts
 */
import { type SourceFile, sourceFiles, textFiles } from "./testing/checkout.ts";
import { lineAt, type Violation, violationText } from "./testing/source.ts";

const FILE_LINES_MAX = 300;
const WORKER_LINES_MAX = 60;

/** A pattern that must not occur in a text. */
interface Ban {
  readonly pattern: RegExp;
  readonly rule: string;
  readonly remedy: string;
  /** Where it may occur all the same. */
  readonly except?: (path: string) => boolean;
}

/** This file and its tests spell out what they ban. */
const spellsOut = (path: string) =>
  path === "scripts/house_rules.ts" || path === "tests/unit/scripts/house_rules_test.ts";

/** What comments of TypeScript must not say. */
const COMMENT_BANS: readonly Ban[] = [
  {
    pattern: /@ts-(?:ignore|nocheck)\b/g,
    rule: "the compiler switched off",
    remedy: "fix the type; in a test of the compiler use @ts-expect-error",
    except: spellsOut,
  },
  {
    pattern: /deno-lint-ignore(?:-file)?(?:[ ,]+(?!--)[\w/-]+)*\s*$/gm,
    rule: "the linter switched off without a reason",
    remedy: "name the rule, and say why after --",
    except: spellsOut,
  },
  {
    // Without a name all rules are switched off.
    pattern: /deno-lint-ignore(?:-file)?(?=\s+--|[^\n]*\bhouse\/)/g,
    rule: "a rule of the house switched off",
    remedy: "follow it, or except the file in scripts/lint/house.ts, with the reason",
    except: spellsOut,
  },
];

/** Tests that look for such a flag where none may be. */
const LOOKS_FOR_FLAGS = new Set([
  "tests/e2e/cli_test.ts",
  "tests/e2e/service_test.ts",
  "tests/unit/cli/cli_test.ts",
  "tests/unit/permissions/manifest_test.ts",
  "tests/unit/scripts/groups_test.ts",
]);

/** What holds in every text: a task, a document, a script, a unit, a comment. */
const FLAG_BANS: readonly Ban[] = [
  {
    pattern:
      /(?<![\w-])(?:-A(?![\w-])|--allow-all(?![\w-])|--allow-(?:read|write|net|run|env|ffi|sys|import)(?![\w=-]))/g,
    rule: "a permission for everything",
    remedy: "name what is needed: --allow-read=PATHS; in a test or benchmark, use the task",
    except: (path) => spellsOut(path) || LOOKS_FOR_FLAGS.has(path),
  },
];

function found({ path, text }: SourceFile, bans: readonly Ban[]): Violation[] {
  return bans.filter((ban) => ban.except?.(path) !== true).flatMap((ban) =>
    [...text.matchAll(ban.pattern)].map((match) => ({
      path,
      line: lineAt(text, match.index),
      rule: ban.rule,
      remedy: ban.remedy,
    }))
  );
}

function tooLong({ path, text }: SourceFile): Violation[] {
  const lines = text.split("\n").length - 1;
  const max = path.startsWith("workers/") ? WORKER_LINES_MAX : FILE_LINES_MAX;
  if (lines <= max) return [];
  const remedy = path.startsWith("workers/")
    ? "a worker entry only composes rooms of src/: move what it does there"
    : "give one of its concerns a file of its own";
  return [{ path, line: max, rule: `${lines} lines, at most ${max}`, remedy }];
}

/** Every rule that a file of TypeScript breaks. */
export function houseViolations(file: SourceFile): Violation[] {
  return [...found(file, [...COMMENT_BANS, ...FLAG_BANS]), ...tooLong(file)];
}

/** The rules that hold in texts other than TypeScript. */
export function textViolations(file: SourceFile): Violation[] {
  return found(file, FLAG_BANS);
}

/** Checks the whole checkout; one text for each violation. */
export function checkHouseRules(
  files: readonly SourceFile[] = sourceFiles(),
  texts: readonly SourceFile[] = textFiles(),
): string[] {
  return [...files.flatMap(houseViolations), ...texts.flatMap(textViolations)].map(violationText);
}

if (import.meta.main) {
  const problems = checkHouseRules();
  for (const problem of problems) Deno.stderr.writeSync(new TextEncoder().encode(`${problem}\n`));
  Deno.exit(problems.length === 0 ? 0 : 1);
}
