import {
  COMMAND_NAMES,
  type CommandName,
  COMMANDS,
  COMMON_OPTIONS,
  type OptionName,
  OPTIONS,
  type OptionSpec,
} from "./commands.ts";
import { EXIT } from "../core/exit.ts";

/** Where the descriptions of commands and options begin. */
const COLUMN = 24;
/** Where the meanings of a command's forms begin. */
const USAGE_COLUMN = 44;

const HEAD = `Orion: cameras in, detections out.

Usage: orion COMMAND [OPTIONS]     (in a checkout: deno task COMMAND [OPTIONS])
`;

/** Every exit code of the process, and what it means. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.done, "done"],
  [EXIT.failed, "failed at run time"],
  [EXIT.usage, "bad usage, configuration or permissions"],
  [EXIT.gaveUp, "the watchdog gave up (start it again)"],
];

function exitCodes(): string {
  const [last = "", ...others] = EXIT_MEANINGS.map((words) => words.join(" ")).reverse();
  return `\nExit codes: ${others.reverse().join(", ")},\n${last}.\n`;
}

/** The text of `--help`: for one command, or for Orion where `topic` is null. */
export function helpText(topic: CommandName | null): string {
  const common = `\n${COMMON_OPTIONS.map(optionText).join("")}${exitCodes()}`;
  if (topic === null) {
    return `${HEAD}\n${
      COMMAND_NAMES.map(commandText).join("")
    }\nOptions of every command:\n${common}`;
  }
  const { about, options } = COMMANDS[topic];
  const own = options.length === 0 ? "" : `\n${options.map(optionText).join("")}`;
  return `${usageText(topic)}\n${about.join("\n")}\n${own}${common}`;
}

/** A command's line in the list of commands. */
function commandText(name: CommandName): string {
  const { argument, summary } = COMMANDS[name];
  return row(argument === undefined ? name : `${name} ${argument}`, [summary]);
}

/** The forms of a command line, one a line. */
function usageText(name: CommandName): string {
  return COMMANDS[name].usage.map(([words, meaning], index) => {
    const head = index === 0 ? "Usage: orion " : "       orion ";
    return meaning === undefined
      ? `${head}${words}\n`
      : `${head}${words.padEnd(USAGE_COLUMN - head.length)}${meaning}\n`;
  }).join("");
}

function optionText(name: OptionName): string {
  return row(optionForms(name), OPTIONS[name].help);
}

/** How an option is written: `-h, --help`, `--config FILE`. */
export function optionForms(name: OptionName): string {
  const { short, value }: OptionSpec = OPTIONS[name];
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

/** A name with its description beside it. */
function row(name: string, meaning: readonly string[]): string {
  return meaning.map((line, index) => `${(index === 0 ? `  ${name}` : "").padEnd(COLUMN)}${line}\n`)
    .join("");
}
