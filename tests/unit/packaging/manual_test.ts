/** The manual page and the completions against the tables that they are made from. */
import assert from "node:assert/strict";
import { bashCompletion, zshCompletion } from "../../../scripts/lib/completion.ts";
import { manualText } from "../../../scripts/lib/manual.ts";
import {
  COMMAND_NAMES,
  COMMANDS,
  COMMON_OPTIONS,
  OPTIONS,
  type OptionSpec,
} from "../../../src/cli/commands.ts";
import { EXIT_MEANINGS } from "../../../src/cli/help.ts";

/** The requests of man(7) that the page uses. */
const REQUESTS = new Set(["TH", "SH", "SS", "B", "I", "RI", "PP", "TP", "RS", "RE"]);

/** As a reader sees it, in one line. */
const shown = manualText("1.2.3+abc-def").replaceAll("\\-", "-").replace(/\\f[BR]/g, "")
  .replace(/\n/g, " ");

/** The options of each command, its own and the common ones. */
const OFFERED = COMMAND_NAMES.map((name) => ({
  name,
  options: [...COMMANDS[name].options, ...COMMON_OPTIONS],
}));

Deno.test("manual: it has every command, option and exit code with its description", () => {
  assert.ok(shown.includes('"orion 1.2.3+abc-def"'));
  for (const { name, options } of OFFERED) {
    assert.ok(shown.includes(`.SS ${name} `), name);
    assert.ok(shown.includes(COMMANDS[name].about.join(" ").replaceAll("`", "")), name);
    for (const [words] of COMMANDS[name].usage) assert.ok(shown.includes(`orion ${words}`), words);
    for (const option of options) {
      const { help, value }: OptionSpec = OPTIONS[option];
      assert.ok(shown.includes(`--${option}${value === undefined ? "" : ` ${value}`}`), option);
      assert.ok(shown.includes(help.join(" ").replaceAll("`", "")), option);
    }
  }
  for (const [code, meaning] of EXIT_MEANINGS) {
    assert.ok(shown.includes(`.B ${code} ${meaning}`), meaning);
  }
});

Deno.test("manual: no line of its text is a request, and no minus sign a hyphen", () => {
  for (const line of manualText("1.2.3").split("\n")) {
    const request = /^[.'](\w*)/.exec(line)?.[1];
    if (request !== undefined) assert.ok(REQUESTS.has(request), line);
    assert.doesNotMatch(line.replaceAll("\\-", ""), /--/, line);
  }
});

for (const [shell, text] of [["bash", bashCompletion()], ["zsh", zshCompletion()]] as const) {
  Deno.test(`completion for ${shell}: each command with all its options and their choices`, () => {
    for (const { name, options } of OFFERED) {
      const part = new RegExp(`\\n    ${name}\\)([^;]*(?:;(?!;)[^;]*)*);;`).exec(text)?.[1];
      assert.ok(part !== undefined, name);
      for (const option of options) assert.ok(part.includes(`--${option}`), `${name} ${option}`);
      for (const other of Object.keys(OPTIONS)) {
        const isOffered = options.some((option) => option === other);
        assert.equal(new RegExp(`--${other}(?![\\w-])`).test(part), isOffered, `${name} ${other}`);
      }
    }
    const all: readonly (readonly [string, OptionSpec])[] = Object.entries(OPTIONS);
    for (const [, { choices }] of all) {
      if (choices !== undefined) assert.ok(text.includes(choices.join(" ")), choices.join());
    }
  });
}
