import assert from "node:assert/strict";
import { parseCommandLine } from "../../../src/cli/args.ts";
import {
  COMMAND_NAMES,
  COMMANDS,
  COMMON_OPTIONS,
  type OptionName,
  OPTIONS,
  type OptionSpec,
} from "../../../src/cli/commands.ts";
import { helpText } from "../../../src/cli/help.ts";
import { UsageError } from "../../../src/core/errors.ts";

/** Every option, with a value that it takes. */
const GIVEN: Readonly<Record<OptionName, readonly string[]>> = {
  config: ["--config", "a.yaml"],
  "log-format": ["--log-format", "json"],
  "log-level": ["--log-level", "debug"],
  help: ["--help"],
  version: ["--version"],
  unpack: ["--unpack"],
  "env-file": ["--env-file", "environment"],
  connect: ["--connect"],
  env: ["--env", "CAMERA"],
  transport: ["--transport", "udp"],
  demuxer: ["--demuxer", "libav"],
  track: ["--track", "1"],
  fingerprint: ["--fingerprint", `sha256:${"0".repeat(64)}`],
  insecure: ["--insecure"],
  json: ["--json"],
  offline: ["--offline"],
  "from-frigate": ["--from-frigate", "config.yml"],
  flags: ["--flags"],
};

const NAMES = new Set([
  ...COMMON_OPTIONS,
  ...COMMAND_NAMES.flatMap((name) => COMMANDS[name].options),
]);

Deno.test("help: a command's text is its usage, description, own options and common options", () => {
  assert.equal(
    helpText("check"),
    `Usage: orion check [OPTIONS]

Validates the configuration, the address for HTTP and the models, and lists every problem with its
place and remedy.

  --connect             also opens each camera and the broker once
  --env-file FILE       variables for the configuration, as in systemd's EnvironmentFile=

  --config FILE         configuration; default: what ORION_CONFIG names, else ./orion.yaml,
                        else the demo: bundled clip, bundled model, embedded broker
  --log-format FORMAT   text (default) or json; logs go to standard error
  --log-level LEVEL     debug, info (default), warning or error
  -h, --help            prints this text
  -V, --version         prints the version
  --unpack              verifies a compiled program's unpacked files, makes them readable for all
                        users, and removes those of earlier versions

Exit codes: 0 done, 1 failed at run time, 2 bad usage, configuration or permissions,
70 the watchdog gave up (start it again).
`,
  );
});

for (const command of COMMAND_NAMES) {
  Deno.test(`help: the text of ${command} names the options that the parser accepts, and no other`, () => {
    const text = helpText(command);
    const address = command === "probe" ? ["demo:"] : [];
    for (const name of NAMES) {
      const words = name === "env"
        ? [command, ...GIVEN.env]
        : [command, ...address, ...GIVEN[name]];
      const isOwn = COMMON_OPTIONS.includes(name) || COMMANDS[command].options.includes(name);
      assert.equal(new RegExp(`^  .*--${name}(?![\\w-])`, "m").test(text), isOwn, `--${name}`);
      if (isOwn) parseCommandLine(words);
      else assert.throws(() => parseCommandLine(words), UsageError);
    }
  });
}

Deno.test("help: each choice of an option is named, and the default is marked", () => {
  for (const [name, { choices, preset, help }] of Object.entries<OptionSpec>(OPTIONS)) {
    assert.equal(choices === undefined, preset === undefined, name);
    for (const choice of choices ?? []) {
      const wanted = choice === preset ? `\\b${choice} \\(default\\)` : `\\b${choice}\\b(?! \\()`;
      assert.match(help.join(" "), new RegExp(wanted), `--${name}`);
    }
  }
});

Deno.test("help: every option belongs to a command, or to all", () => {
  assert.deepEqual([...NAMES].sort(), Object.keys(OPTIONS).sort());
});

Deno.test("help: the text without a command lists every command, and no text is too wide", () => {
  for (const name of COMMAND_NAMES) {
    assert.ok(helpText(null).includes(`\n  ${name} `), name);
    assert.ok(helpText(null).includes(COMMANDS[name].summary), name);
  }
  for (const topic of [null, ...COMMAND_NAMES]) {
    const tooWide = helpText(topic).split("\n").filter((line) => line.length > 100);
    assert.deepEqual(tooWide, []);
  }
});
