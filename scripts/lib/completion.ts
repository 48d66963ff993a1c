/** Completion for bash and zsh, from the tables that `--help` is made from. */
import {
  COMMAND_NAMES,
  type CommandName,
  COMMANDS,
  COMMON_OPTIONS,
  type OptionName,
  OPTIONS,
  type OptionSpec,
} from "../../src/cli/commands.ts";

/** A value with this name in the help is the path of a file. */
const FILE = "FILE";

/** Every option of a command, its own first. */
function optionsOf(name: CommandName): OptionName[] {
  return [...COMMANDS[name].options, ...COMMON_OPTIONS];
}

/** For `share/bash-completion/completions/orion`. */
export function bashCompletion(): string {
  const all: readonly (readonly [string, OptionSpec])[] = Object.entries(OPTIONS);
  const taking = all.filter(([, { value }]) => value !== undefined);
  const values = taking.map(([name, { choices, value }]) => {
    const words = choices !== undefined
      ? ` COMPREPLY=($(compgen -W '${choices.join(" ")}' -- "$word"));`
      : value === FILE
      ? ` COMPREPLY=($(compgen -f -- "$word"));`
      : "";
    return `    --${name})${words} return ;;`;
  });
  const commands = COMMAND_NAMES.map((name) =>
    `    ${name}) words='${optionsOf(name).map((option) => `--${option}`).join(" ")}' ;;`
  );
  return `# Completion of orion for bash.
# shellcheck shell=bash disable=SC2207
_orion() {
  local word=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words=
  COMPREPLY=()
  case \${COMP_WORDS[COMP_CWORD - 1]} in
${values.join("\n")}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then command=; fi
  case $command in
${commands.join("\n")}
    *) words='${[...COMMAND_NAMES, "--help", "--version"].join(" ")}' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o filenames -F _orion orion
`;
}

/** For `share/zsh/site-functions/_orion`. */
export function zshCompletion(): string {
  const commands = COMMAND_NAMES.map((name) => `    '${name}:${quoted(COMMANDS[name].summary)}'`);
  const cases = COMMAND_NAMES.map((name) =>
    `    ${name})\n      _arguments ${optionsOf(name).map(zshOption).join(" \\\n        ")} ;;`
  );
  return `#compdef orion
# Completion of orion for zsh.
_orion() {
  local -a commands
  commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT -= 1 ))
  case $words[1] in
${cases.join("\n")}
  esac
}
_orion "$@"
`;
}

function zshOption(name: OptionName): string {
  const { value, choices, help }: OptionSpec = OPTIONS[name];
  const meaning = `[${quoted(help.join(" ")).replace(/[[\]]/g, "\\$&")}]`;
  if (value === undefined) return `'--${name}${meaning}'`;
  const action = choices !== undefined ? `(${choices.join(" ")})` : value === FILE ? "_files" : " ";
  return `'--${name}${meaning}:${value.toLowerCase()}:${action}'`;
}

/** Inside single quotes and between colons. */
function quoted(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(":", "\\:");
}
