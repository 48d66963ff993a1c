import { parseArgs } from "node:util";
import { UsageError } from "../core/errors.ts";
import { LOG_LEVELS, type LogLevel } from "../core/log.ts";
import { parseFingerprint } from "../config/fingerprint.ts";
import { suggestName } from "../core/nearest.ts";

export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = typeof LOG_FORMATS[number];

/** What every command that reads the configuration understands. */
export interface CommonArgs {
  /** What `--config` names, as given; null without one. */
  readonly config: string | null;
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
}

/** How `probe` opens a camera: as the configuration's keys of these names. */
export interface ProbeOptions {
  readonly transport: "tcp" | "udp" | "auto";
  readonly demuxer: "orion" | "libav";
  /** The place of the wanted track among all media sections; null: the largest that sends. */
  readonly track: number | null;
  /** SHA-256 of the one certificate that is accepted, 64 hexadecimal digits, or null. */
  readonly fingerprint: string | null;
  readonly insecure: boolean;
}

/** The address of a stream: as an argument, or where no list of processes shows it. */
export type ProbeAddress =
  | { readonly from: "argument"; readonly url: string }
  | { readonly from: "stdin" }
  | { readonly from: "variable"; readonly name: string };

/** A command line, understood. */
export type Invocation =
  | { readonly command: "help"; readonly topic: CommandName | null }
  | { readonly command: "version" }
  | { readonly command: "run" } & CommonArgs
  | { readonly command: "check"; readonly connect: boolean } & CommonArgs
  | {
    readonly command: "probe";
    /** Where the address is: it may hold credentials, and is never printed. */
    readonly address: ProbeAddress;
    readonly json: boolean;
  }
    & ProbeOptions
    & CommonArgs
  | {
    readonly command: "permissions";
    readonly as: "table" | "json" | "flags";
    /** With `--flags`: the command line whose flags are wanted. */
    readonly of: readonly string[];
  } & CommonArgs;

export const COMMANDS = ["run", "check", "probe", "permissions"] as const;
export type CommandName = typeof COMMANDS[number];

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The last of the tracks that can be named. */
const MAX_TRACK = 31;

const COMMON = {
  config: { type: "string" },
  "log-format": { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
} as const;

const OPTIONS = {
  ...COMMON,
  connect: { type: "boolean" },
  env: { type: "string" },
  transport: { type: "string" },
  demuxer: { type: "string" },
  track: { type: "string" },
  fingerprint: { type: "string" },
  insecure: { type: "boolean" },
  json: { type: "boolean" },
  flags: { type: "boolean" },
} as const;

type OptionName = keyof typeof OPTIONS;

/** Which options each command takes beside the common ones. */
const OWN_OPTIONS: Readonly<Record<CommandName, readonly OptionName[]>> = {
  run: [],
  check: ["connect"],
  probe: ["json", "env", "transport", "demuxer", "track", "fingerprint", "insecure"],
  permissions: ["json", "flags"],
};

/**
 * Understands a command line.
 *
 * @throws {UsageError} that names the word and the remedy
 */
export function parseCommandLine(args: readonly string[]): Invocation {
  const end = args.indexOf("--");
  const before = end === -1 ? args : args.slice(0, end);
  const after = end === -1 ? [] : args.slice(end + 1);
  const { values, words } = scan(before);
  const command = commandOf(words[0]);
  if (values.help === true) return { command: "help", topic: command };
  if (values.version === true) return { command: "version" };
  if (command === null) {
    throw new UsageError("No command was given", `Use one of: ${COMMANDS.join(", ")}; or --help.`);
  }
  const [, word, ...more] = words;
  if (command === "probe" ? more.length > 0 : word !== undefined) {
    const number = command === "probe" ? "one argument" : "no argument";
    // An address may hold a password.
    const given = command === "probe" ? `${words.length - 1} were` : `"${word}" was`;
    throw new UsageError(`${command} takes ${number}, but ${given} given`);
  }
  for (const name of Object.keys(values)) checkBelongs(command, name);
  const common = commonArgs(values);
  if (command !== "permissions" && after.length > 0) {
    throw new UsageError(`${command} takes nothing after --`);
  }
  switch (command) {
    case "run":
      return { command, ...common };
    case "check":
      return { command, connect: values.connect === true, ...common };
    case "probe": {
      const json = values.json === true;
      const address = probeAddress(word, values.env);
      return { command, address, json, ...probeOptions(values), ...common };
    }
    case "permissions": {
      const as = values.flags === true ? "flags" : values.json === true ? "json" : "table";
      if (values.flags === true && values.json === true) {
        throw new UsageError("--flags and --json exclude each other", "Use one of them.");
      }
      return { command, as, of: after.length === 0 ? ["run"] : after, ...common };
    }
  }
}

interface Values {
  readonly [name: string]: unknown;
  readonly config?: string;
  readonly "log-format"?: string;
  readonly "log-level"?: string;
  readonly help?: boolean;
  readonly version?: boolean;
  readonly connect?: boolean;
  readonly env?: string;
  readonly transport?: string;
  readonly demuxer?: string;
  readonly track?: string;
  readonly fingerprint?: string;
  readonly insecure?: boolean;
  readonly json?: boolean;
  readonly flags?: boolean;
}

function scan(args: readonly string[]): { values: Values; words: readonly string[] } {
  const known = Object.keys(OPTIONS).map((name) => `--${name}`);
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    if (!isOption(token.name)) {
      throw new UsageError(`Unknown option ${token.rawName}`, suggestName(token.rawName, known));
    }
    const wantsValue = OPTIONS[token.name].type === "string";
    const value = token.value;
    if (wantsValue && (value === undefined || value === "" || startsLikeOption(token))) {
      throw new UsageError(`${token.rawName} needs a value`, `Write ${token.rawName} VALUE.`);
    }
    if (!wantsValue && value !== undefined) {
      throw new UsageError(`${token.rawName} takes no value`, `Write ${token.rawName} alone.`);
    }
  }
  const { values, positionals } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  return { values, words: positionals };
}

/** `--config --json`: what follows is the next option, not a value. */
function startsLikeOption(token: { readonly value?: string | undefined; inlineValue?: unknown }) {
  return token.inlineValue !== true && token.value?.startsWith("-") === true;
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function commandOf(word: string | undefined): CommandName | null {
  if (word === undefined) return null;
  const command = COMMANDS.find((name) => name === word);
  if (command === undefined) {
    throw new UsageError(`Unknown command "${word}"`, suggestName(word, COMMANDS));
  }
  return command;
}

function checkBelongs(command: CommandName, name: string): void {
  if (Object.hasOwn(COMMON, name)) return;
  const own = OWN_OPTIONS[command];
  if (own.some((option) => option === name)) return;
  throw new UsageError(`${command} takes no option --${name}`);
}

function commonArgs(values: Values): CommonArgs {
  return {
    config: values.config ?? null,
    logFormat: choice("--log-format", values["log-format"], LOG_FORMATS, "text"),
    logLevel: choice("--log-level", values["log-level"], LOG_LEVELS, "info"),
  };
}

function probeAddress(word: string | undefined, name: string | undefined): ProbeAddress {
  if (word !== undefined && name !== undefined) {
    throw new UsageError("probe takes an address or --env, not both", "Leave one of them out.");
  }
  if (name !== undefined) {
    if (VARIABLE_NAME.test(name)) return { from: "variable", name };
    // The value is not quoted: it may be the address itself.
    throw new UsageError("--env is not the name of a variable", "Write --env NAME, without a $.");
  }
  if (word === undefined) {
    const remedy = "Write probe URL, probe - to read it from standard input, or probe --env NAME.";
    throw new UsageError("probe needs the address of a stream", remedy);
  }
  return word === "-" ? { from: "stdin" } : { from: "argument", url: word };
}

function probeOptions(values: Values): ProbeOptions {
  return {
    transport: choice("--transport", values.transport, ["tcp", "udp", "auto"] as const, "tcp"),
    demuxer: choice("--demuxer", values.demuxer, ["orion", "libav"] as const, "orion"),
    track: trackOf(values.track),
    fingerprint: fingerprintOf(values.fingerprint),
    insecure: values.insecure === true,
  };
}

function trackOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^\d{1,2}$/.test(text) && Number(text) <= MAX_TRACK) return Number(text);
  const remedy = `Write a whole number within 0 and ${MAX_TRACK}.`;
  throw new UsageError(`--track cannot be "${text}"`, remedy);
}

function fingerprintOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const parsed = parseFingerprint(text);
  if (parsed.ok) return parsed.value;
  throw new UsageError(`--fingerprint ${parsed.message}`, parsed.remedy);
}

function choice<T extends string>(
  option: string,
  value: string | undefined,
  known: readonly T[],
  usual: T,
): T {
  if (value === undefined) return usual;
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw new UsageError(`${option} cannot be "${value}"`, suggestName(value, known));
}
