/** The commands and their options: the table from which both the parser and the help are made. */
import { LOG_LEVELS } from "../core/log.ts";

/** One option. */
export interface OptionSpec {
  /** One letter that stands for it. */
  readonly short?: string;
  /** Name of its value in the help; absent for a switch, which takes none. */
  readonly value?: string;
  /** The values it accepts, where they can be listed. */
  readonly choices?: readonly string[];
  /** The choice that applies without the option. */
  readonly preset?: string;
  /** Its description, line by line. */
  readonly help: readonly string[];
}

export const OPTIONS = {
  config: {
    value: "FILE",
    help: [
      "configuration; default: what ORION_CONFIG names, else ./orion.yaml,",
      "else the demo: bundled clip, bundled model, embedded broker",
    ],
  },
  "log-format": {
    value: "FORMAT",
    choices: ["text", "json"],
    preset: "text",
    help: ["text (default) or json; logs go to standard error"],
  },
  "log-level": {
    value: "LEVEL",
    choices: LOG_LEVELS,
    preset: "info",
    help: ["debug, info (default), warning or error"],
  },
  help: { short: "h", help: ["prints this text"] },
  version: { short: "V", help: ["prints the version"] },
  unpack: {
    help: [
      "verifies a compiled program's unpacked files, makes them readable for all",
      "users, and removes those of earlier versions",
    ],
  },
  "env-file": {
    value: "FILE",
    help: ["variables for the configuration, as in systemd's EnvironmentFile="],
  },
  connect: { help: ["also opens each camera and the broker once"] },
  env: { value: "NAME", help: ["reads the URL from this environment variable"] },
  transport: {
    value: "NAME",
    choices: ["tcp", "udp", "auto"],
    preset: "tcp",
    help: ["tcp (default), udp, or auto: udp where the camera refuses tcp"],
  },
  demuxer: {
    value: "NAME",
    choices: ["orion", "libav"],
    preset: "orion",
    help: ["orion (default), or libav: FFmpeg's own RTSP, which Deno does not limit"],
  },
  track: {
    value: "NUMBER",
    help: ["index of the track in the session, from 0; default: the largest that sends"],
  },
  fingerprint: {
    value: "TEXT",
    help: ["rtsps: the one certificate to accept, sha256: and 64 hexadecimal digits"],
  },
  insecure: { help: ["rtsps: accepts any certificate, from any host"] },
  json: { help: ["prints JSON, for programs"] },
  offline: { help: ["opens no camera"] },
  "from-frigate": {
    value: "FILE",
    help: ["makes the configuration from this one of Frigate's, and opens no camera"],
  },
  flags: { help: ["prints only the flags, one a line, that COMMAND needs; default: run"] },
} as const satisfies Readonly<Record<string, OptionSpec>>;

type Options = typeof OPTIONS;
export type OptionName = keyof Options;
/** Options that take a value. */
export type ValueOption = {
  [N in OptionName]: Options[N] extends { readonly value: string } ? N : never;
}[OptionName];
/** Options without a value. */
export type Switch = Exclude<OptionName, ValueOption>;

/** Options of every command. */
export const COMMON_OPTIONS: readonly OptionName[] = [
  "config",
  "log-format",
  "log-level",
  "help",
  "version",
  "unpack",
];

export const COMMAND_NAMES = ["run", "check", "probe", "init", "permissions"] as const;
export type CommandName = typeof COMMAND_NAMES[number];

/** One command. */
export interface CommandSpec {
  /** Name of its argument in the list of commands. */
  readonly argument?: string;
  /** Its description in the list of commands. */
  readonly summary: string;
  /** Each form of its command line, and what that form means where there are several. */
  readonly usage: readonly (readonly [words: string, meaning?: string])[];
  /** Its description in its own help, line by line. */
  readonly about: readonly string[];
  /** Its options beside the common ones, in the order of its help. */
  readonly options: readonly OptionName[];
}

export const COMMANDS: Readonly<Record<CommandName, CommandSpec>> = {
  run: {
    summary: "the service, in the foreground, until SIGINT or SIGTERM",
    usage: [["run [OPTIONS]"]],
    about: [
      "Runs the service in the foreground. SIGINT and SIGTERM shut it down in order; SIGHUP reads the",
      "configuration again.",
    ],
    options: ["env-file"],
  },
  check: {
    summary: "validates the configuration and the models",
    usage: [["check [OPTIONS]"]],
    about: [
      "Validates the configuration, the address for HTTP and the models, and lists every problem with its",
      "place and remedy.",
    ],
    options: ["connect", "env-file"],
  },
  probe: {
    argument: "URL",
    summary: "opens one stream and prints its properties",
    usage: [
      ["probe URL [OPTIONS]"],
      ["probe - [OPTIONS]", "reads the URL from standard input"],
      ["probe --env NAME [OPTIONS]", "reads it from an environment variable"],
    ],
    about: [
      "Opens one stream and prints its codec, size, frame rate, keyframe interval and the decoders for it;",
      "of a camera also its tracks, and over TLS the fingerprint of its certificate.",
      "URL is what a camera's `url` would be: rtsp://, rtsps://, file:PATH or demo:. Every user who can",
      "list processes can read an argument: pass a URL with a password on standard input or in a variable.",
    ],
    options: ["env", "transport", "track", "fingerprint", "insecure", "demuxer", "json"],
  },
  init: {
    argument: "[URL…]",
    summary: "prints a commented configuration for these cameras",
    usage: [
      ["init [URL…] [OPTIONS]"],
      ["init - [OPTIONS]", "reads the URLs from standard input, one a line"],
      ["init --from-frigate FILE", "converts a configuration of Frigate"],
    ],
    about: [
      "Opens each camera once and prints a configuration with what it found, as comments. Writes no file.",
      "A URL may have the camera's id in front: gate=rtsp://192.0.2.10/stream1.",
      "Without a URL it asks for them on a terminal, and prints an example elsewhere. No credential is",
      "printed: passwords become ${NAME}, and a comment says what to set. In a URL between single quotes",
      "${NAME} is a variable of the environment, so that no password is in the list of processes.",
    ],
    options: ["offline", "from-frigate"],
  },
  permissions: {
    summary: "what the process and each worker may do",
    usage: [["permissions [OPTIONS] [-- COMMAND [OPTIONS]]"]],
    about: [
      "Prints what the process and each worker may do under the configuration, and Deno's flags for it.",
    ],
    options: ["env-file", "json", "flags"],
  },
};
