/** The rules are those of systemd 254 (`parse_env_file_internal`). */
import assert from "node:assert/strict";
import { parseEnvironmentFile } from "../../../src/config/environment_file.ts";

const CASES: readonly { what: string; text: string; is: Readonly<Record<string, string>> }[] = [
  { what: "plain assignments", text: "A=1\nB=two words\n", is: { A: "1", B: "two words" } },
  { what: "no line break at the end", text: "A=1", is: { A: "1" } },
  { what: "line breaks of other systems", text: "A=1\r\nB=2\r\n", is: { A: "1", B: "2" } },
  { what: "nothing", text: "", is: {} },
  { what: "an empty value", text: "A=\nB= \n", is: { A: "", B: "" } },
  { what: "spaces around names and values", text: " A = x y \t\nB=1", is: { A: "x y", B: "1" } },
  { what: "comments", text: "# A=1\n;B=2\n  # C=3\nD=#4\n", is: { D: "#4" } },
  { what: "lines without an assignment", text: "hello\nA=1\nexport\n", is: { A: "1" } },
  { what: "names that are none", text: "export A=1\n1B=2\nC-D=3\nE=4", is: { E: "4" } },
  { what: "the last of several", text: "A=1\nA=2\n", is: { A: "2" } },
  { what: "dollar signs and percent signs", text: "A=a$B${C}%40`d`", is: { A: "a$B${C}%40`d`" } },
  { what: "equals signs", text: "A=b=c==", is: { A: "b=c==" } },
  { what: "single quotes", text: `A='a "b" \\ $ # '\n`, is: { A: 'a "b" \\ $ # ' } },
  { what: "double quotes", text: `A="a 'b' # "\n`, is: { A: "a 'b' # " } },
  { what: "escapes within quotes", text: 'A="\\"\\\\\\$\\`\\n\\x"', is: { A: '"\\$`\\n\\x' } },
  {
    what: "several lines in quotes",
    text: "A='1\n2'\nB=\"3\n4\\\n5\"",
    is: { A: "1\n2", B: "3\n45" },
  },
  { what: "several parts", text: `A='a' "b"c d\nB="x"'y'`, is: { A: "abc d", B: "xy" } },
  { what: "quotes within a value", text: `A=it's "so"\n`, is: { A: `it's "so"` } },
  { what: "escapes without quotes", text: "A=a\\ b\\\\\\n\nB=c\\  ", is: { A: "a b\\n", B: "c " } },
  { what: "a continued line", text: "A=1 \\\n2\nB=3", is: { A: "1 2", B: "3" } },
  { what: "quotes without an end", text: "A='1\nB=2", is: { A: "1\nB=2" } },
  { what: "a backslash at the end", text: "A=1\\", is: { A: "1" } },
  { what: "characters of several units", text: "A=pä\\ß𝄞 \nB='€'", is: { A: "päß𝄞", B: "€" } },
];

for (const { what, text, is } of CASES) {
  Deno.test(`environment file: ${what}`, () => {
    assert.deepEqual(Object.fromEntries(parseEnvironmentFile(text)), is);
  });
}
