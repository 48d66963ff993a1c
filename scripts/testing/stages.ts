/** The checks that run no test; each passes or fails as a whole. */
import { checkHouseRules } from "../house_rules.ts";
import { checkImports } from "../check_imports.ts";
import {
  OPTIONAL_PARTS,
  type Part,
  PART_NAMES,
  partPresent,
  PARTS,
} from "../../tests/support/system/parts.ts";
import { ROOT, sourceFiles } from "./checkout.ts";
import type { CommandOutcome } from "./command.ts";
import { type Group, strays } from "./groups.ts";

/** One check. */
export interface Stage {
  readonly name: string;
  /** Returns the problems; none when it passes. */
  readonly run: () => Promise<readonly string[]> | readonly string[];
}

/** Runs `deno` in the checkout. */
export type RunDeno = (...args: readonly string[]) => Promise<CommandOutcome>;

/** Parts that CI must have. No test needs a browser yet. */
const NEEDED_IN_CI: readonly Part[] = PART_NAMES.filter((part) =>
  part !== "chromium" && !OPTIONAL_PARTS.includes(part)
);

/** All checks, from the quickest to the slowest. */
export function staticStages(deno: RunDeno, groups: readonly Group[], ci: boolean): Stage[] {
  const command = (name: string, ...args: readonly string[]): Stage => ({
    name,
    run: async () => {
      const { code, lines, stopped } = await deno(...args);
      if (code === 0 && stopped === null) return [];
      return [...lines, stopped === null ? `it ended with code ${code}` : `it ${stopped}`];
    },
  });
  const roots = ["main.ts", "src", "workers", "scripts", "tests"];
  return [
    ...ci ? [{ name: "parts", run: missingParts }] : [],
    { name: "groups", run: () => strays(groups).map((path) => `${path}: no group runs it`) },
    { name: "imports", run: () => checkImports(sourceFiles()) },
    { name: "house rules", run: () => checkHouseRules(sourceFiles()) },
    command("format", "fmt", "--check"),
    command("lint", "lint", "--quiet"),
    command(
      "schemas",
      "run",
      "--no-prompt",
      `--allow-read=${ROOT}`,
      "scripts/schemas.ts",
      "--check",
    ),
    command("types", "check", "--quiet", ...roots),
  ];
}

function missingParts(): string[] {
  return NEEDED_IN_CI.filter((part) => !partPresent(part))
    .map((part) => `${part} is missing, and CI skips nothing: ${PARTS[part]}`);
}
