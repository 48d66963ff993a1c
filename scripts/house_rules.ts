/**
 * Checks the rules of the house that neither the compiler nor the linter knows.
 *
 *     deno run --allow-read=. scripts/house_rules.ts
 */
import { type SourceFile, sourceFiles, textFiles } from "./testing/checkout.ts";
import { blanked, functionsOf, lineAt, type Violation, violationText } from "./testing/source.ts";

const FILE_LINES_MAX = 300;
const WORKER_LINES_MAX = 60;
const FUNCTION_LINES_MAX = 70;

/** A pattern that must not occur in code (comments and strings don't count). */
interface Ban {
  readonly pattern: RegExp;
  readonly rule: string;
  readonly remedy: string;
  /** Where it may occur all the same. */
  readonly except?: (path: string) => boolean;
}

const BANS: readonly Ban[] = [
  {
    pattern: /\bDeno\s*\.\s*dlopen\b/g,
    rule: "Deno.dlopen outside src/libav",
    remedy: "native libraries are opened in that room alone: use what it exports",
    except: (path) => path.startsWith("src/libav/") || path.startsWith("tests/"),
  },
  {
    pattern: /\bconsole\s*[.[]/g,
    rule: "console",
    remedy: "log through the Log that is handed in; a script writes to Deno.stdout",
  },
  {
    pattern: /\bas\s+unknown\s+as\b/g,
    rule: "a cast through unknown",
    remedy: "check the value with a type guard, or fix the type it comes from",
    // One cast brands the pointers of all symbols: at run time they are the same functions.
    except: (path) => path === "src/libav/open_library.ts",
  },
  {
    pattern: /\bsteadyMs\s*\(|\bas\s+(?:\w+\s*&\s*)?(?:Steady|Wall)Ms\b/g,
    rule: "an instant made of a number",
    remedy: "move one that a clock gave, with plusMs; what comes from outside is a wallMs",
    except: (path) => path === "src/core/clock.ts" || !path.startsWith("src/"),
  },
  {
    pattern: /\bDate\s*\.\s*now\b|\bperformance\s*\.\s*(?:now|timeOrigin)\b/g,
    rule: "the time, read beside the clock",
    remedy: "read it from the Clock that is handed in, so that a test can hold it",
    except: (path) => path === "src/core/clock.ts" || !/^(src|workers)\//.test(path),
  },
  {
    pattern: /\bthrow\s+(?=["'`])/g,
    rule: "a thrown string",
    remedy: "throw an OrionError with a code and a remedy",
  },
];

/** This file and its tests spell out what they ban. */
const spellsOut = (path: string) =>
  path === "scripts/house_rules.ts" || path === "tests/unit/scripts/house_rules_test.ts";

/** Patterns that are about comments, or that a comment makes good. */
const TEXT_BANS: readonly Ban[] = [
  {
    pattern: /\bcatch\s*(?:\((?:\([^)]*\)\s*=>\s*|[^(){}]*\)\s*))?\{\s*\}/g,
    rule: "a swallowed error",
    remedy: "handle it, or say in the block why nothing needs to be done",
    except: spellsOut,
  },
  {
    pattern: /@ts-(?:ignore|nocheck)\b/g,
    rule: "the compiler switched off",
    remedy: "fix the type; in a test of the compiler use @ts-expect-error",
    except: spellsOut,
  },
  {
    pattern: /deno-lint-ignore(?:-file)?(?:\s+(?!--)[\w-]+)*\s*$/gm,
    rule: "the linter switched off without a reason",
    remedy: "name the rule, and say why after --",
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

/** What holds in every text, be it a task, a document, a script, a unit or a comment. */
const FLAG_BANS: readonly Ban[] = [
  {
    pattern:
      /(?<![\w-])(?:-A(?![\w-])|--allow-all(?![\w-])|--allow-(?:read|write|net|run|env|ffi|sys|import)(?![\w=-]))/g,
    rule: "a permission for everything",
    remedy: "name what is needed: --allow-read=PATHS; in a test or benchmark, use the task",
    except: (path) => spellsOut(path) || LOOKS_FOR_FLAGS.has(path),
  },
];

function found(path: string, code: string, bans: readonly Ban[]): Violation[] {
  return bans.filter((ban) => ban.except?.(path) !== true).flatMap((ban) =>
    [...code.matchAll(ban.pattern)].map((match) => ({
      path,
      line: lineAt(code, match.index),
      rule: ban.rule,
      remedy: ban.remedy,
    }))
  );
}

function tooLong({ path, text }: SourceFile): Violation[] {
  const lines = text.split("\n").length - 1;
  const max = path.startsWith("workers/") ? WORKER_LINES_MAX : FILE_LINES_MAX;
  const violations: Violation[] = [];
  if (lines > max) {
    const remedy = path.startsWith("workers/")
      ? "a worker entry only composes rooms of src/: move what it does there"
      : "give one of its concerns a file of its own";
    violations.push({ path, line: max, rule: `${lines} lines, at most ${max}`, remedy });
  }
  for (const body of functionsOf(text)) {
    if (body.lines <= FUNCTION_LINES_MAX) continue;
    const rule = `a function of ${body.lines} lines, at most ${FUNCTION_LINES_MAX}`;
    violations.push({ path, line: body.line, rule, remedy: "give its steps names of their own" });
  }
  return violations;
}

/** Every rule that a file breaks. */
export function houseViolations(file: SourceFile): Violation[] {
  const { path, text } = file;
  const code = blanked(text, "comments-and-strings");
  return [
    ...found(path, code, BANS),
    ...found(path, text, [...TEXT_BANS, ...FLAG_BANS]),
    ...tooLong(file),
  ];
}

/** The rules that hold in texts other than TypeScript. */
export function textViolations({ path, text }: SourceFile): Violation[] {
  return found(path, text, FLAG_BANS);
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
