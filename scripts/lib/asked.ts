/** `--help` and `--version` of the tasks that only a checkout has. */
import { VERSION } from "../../src/core/version.ts";

/**
 * The answer to a command line that asks for the help or the version.
 * @param words  those that may be such an option
 * @param usage  the help
 * @returns null where they ask for neither
 */
export function answerTo(words: readonly string[], usage: string): string | null {
  if (words.includes("--help") || words.includes("-h")) return usage;
  if (words.includes("--version") || words.includes("-V")) return `orion ${VERSION}`;
  return null;
}
