import assert from "node:assert/strict";
import { answerTo } from "../../../scripts/lib/asked.ts";
import { VERSION } from "../../../src/core/version.ts";

Deno.test("asked: a task answers --help and --version in any place, and nothing else", () => {
  const cases: readonly (readonly [words: readonly string[], answer: string | null])[] = [
    [["--help"], "usage"],
    [["unit", "-h"], "usage"],
    [["--version", "--help"], "usage"],
    [["--version"], `orion ${VERSION}`],
    [["--target", "aarch64", "-V"], `orion ${VERSION}`],
    [["unit", "--filter", "help"], null],
    [[], null],
  ];
  for (const [words, answer] of cases) assert.equal(answerTo(words, "usage"), answer, words.join());
});
