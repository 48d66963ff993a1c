import { parseArgs } from "node:util";
import { UsageError } from "../core/errors.ts";
import type { LogLevel } from "../core/log.ts";
import { VARIABLE_NAME } from "../config/environment.ts";
import { parseFingerprint } from "../config/fingerprint.ts";
import { suggestName } from "../core/nearest.ts";
import {
  COMMAND_NAMES,
  type CommandName,
  COMMANDS,
  COMMON_OPTIONS,
  type OptionName,
  OPTIONS,
  type OptionSpec,
  type Switch,
  type ValueOption,
} from "./commands.ts";

export type LogFormat = typeof OPTIONS["log-format"]["choices"][number];

/** The options of every command. */
export interface CommonArgs {
  /** What `--config` names, as given; null without one. */
  readonly config: string | null;
  /** What `--env-file` names, as given; null without one. */
  readonly envFile: string | null;
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
}

/** How `probe` opens a camera; each option means what the configuration's key of that name does. */
export interface ProbeOptions {
  readonly transport: typeof OPTIONS["transport"]["choices"][number];
  readonly demuxer: typeof OPTIONS["demuxer"]["choices"][number];
  /** Index of the track among the media sections; null: the largest that sends. */
  readonly track: number | null;
  /** SHA-256 of the one certificate that is accepted, 64 hexadecimal digits, or null. */
  readonly fingerprint: string | null;
  readonly insecure: boolean;
}

/** Where the address of a stream comes from. Only an argument shows in a list of processes. */
export type ProbeAddress =
  | { readonly from: "argument"; readonly url: string }
  | { readonly from: "stdin" }
  | { readonly from: "variable"; readonly name: string };

/** What `init` makes a configuration of. The addresses may hold credentials, and are never printed. */
export type InitSource =
  | { readonly kind: "arguments"; readonly urls: readonly string[] }
  | { readonly kind: "stdin" }
  | { readonly kind: "frigate"; readonly file: string };

/** A parsed command line. */
export type Invocation =
  | { readonly command: "help"; readonly topic: CommandName | null }
  | { readonly command: "version" }
  | { readonly command: "unpack" }
  | { readonly command: "run" } & CommonArgs
  | { readonly command: "check"; readonly connect: boolean } & CommonArgs
  | {
    readonly command: "probe";
    /** It may hold credentials, and is never printed. */
    readonly address: ProbeAddress;
    readonly json: boolean;
  }
    & ProbeOptions
    & CommonArgs
  | {
    readonly command: "init";
    readonly from: InitSource;
    readonly offline: boolean;
  } & CommonArgs
  | {
    readonly command: "permissions";
    readonly as: "table" | "json" | "flags";
    /** With `--flags`: the command line that needs them. */
    readonly of: readonly string[];
  } & CommonArgs;

/** The highest index that `--track` takes. */
const MAX_TRACK = 31;

/**
 * Parses a command line.
 *
 * @throws {UsageError} that names the word and the remedy
 */
export function parseCommandLine(args: readonly string[]): Invocation {
  const end = args.indexOf("--");
  const before = end === -1 ? args : args.slice(0, end);
  const after = end === -1 ? [] : args.slice(end + 1);
  const words = scan(before);
  const command = commandOf(words.positional[0]);
  if (words.has("help")) return { command: "help", topic: command };
  if (words.has("version")) return { command: "version" };
  if (words.has("unpack")) return { command: "unpack" };
  if (command === null) {
    const names = COMMAND_NAMES.join(", ");
    throw new UsageError("No command was given", `Use one of: ${names}; or --help.`);
  }
  const [, word, ...more] = words.positional;
  if (command !== "init" && (command === "probe" ? more.length > 0 : word !== undefined)) {
    const number = command === "probe" ? "one argument" : "no argument";
    // An address may hold a password.
    const given = command === "probe" ? `${more.length + 1} were` : `"${word}" was`;
    throw new UsageError(`${command} takes ${number}, but ${given} given`);
  }
  for (const name of words.names) checkBelongs(command, name);
  const common = commonArgs(words);
  if (command !== "permissions" && after.length > 0) {
    throw new UsageError(`${command} takes nothing after --`);
  }
  switch (command) {
    case "run":
      return { command, ...common };
    case "check":
      return { command, connect: words.has("connect"), ...common };
    case "probe": {
      const json = words.has("json");
      const address = probeAddress(word, words.value("env"));
      return { command, address, json, ...probeOptions(words), ...common };
    }
    case "init": {
      const from = initSource(words.positional.slice(1), words.value("from-frigate"));
      return { command, from, offline: words.has("offline"), ...common };
    }
    case "permissions": {
      if (words.has("flags") && words.has("json")) {
        throw new UsageError("--flags and --json exclude each other", "Use one of them.");
      }
      const as = words.has("flags") ? "flags" : words.has("json") ? "json" : "table";
      return { command, as, of: after.length === 0 ? ["run"] : after, ...common };
    }
  }
}

/** The options and positional words of a command line. */
class Words {
  readonly positional: string[] = [];
  /** The value of every option given; `null` for a switch. */
  readonly #given = new Map<OptionName, string | null>();

  add(name: OptionName, value: string | null): void {
    this.#given.set(name, value);
  }

  get names(): OptionName[] {
    return [...this.#given.keys()];
  }

  value(name: ValueOption): string | null {
    return this.#given.get(name) ?? null;
  }

  has(name: Switch): boolean {
    return this.#given.has(name);
  }
}

/** The options in the form `parseArgs` takes. */
const PARSED = Object.fromEntries(
  Object.entries(OPTIONS).map(([name, { short, value }]: [string, OptionSpec]) => [name, {
    type: value === undefined ? "boolean" as const : "string" as const,
    ...(short === undefined ? {} : { short }),
  }]),
);

/** @throws {UsageError} for an unknown option, a missing value, or a value of a switch */
function scan(args: readonly string[]): Words {
  const known = Object.keys(OPTIONS).map((name) => `--${name}`);
  const { tokens } = parseArgs({ args: [...args], options: PARSED, strict: false, tokens: true });
  const words = new Words();
  for (const token of tokens) {
    if (token.kind === "positional") words.positional.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (!isOption(name)) {
      throw new UsageError(`Unknown option ${rawName}`, suggestName(rawName, known));
    }
    if (!("value" in OPTIONS[name])) {
      if (value === undefined) words.add(name, null);
      else throw new UsageError(`${rawName} takes no value`, `Write ${rawName} alone.`);
    } else if (value === undefined || value === "" || startsLikeOption(token)) {
      throw new UsageError(`${rawName} needs a value`, `Write ${rawName} VALUE.`);
    } else words.add(name, value);
  }
  return words;
}

/** `--config --json`: the next word is an option, not a value. */
function startsLikeOption(token: { readonly value?: string | undefined; inlineValue?: unknown }) {
  return token.inlineValue !== true && token.value?.startsWith("-") === true;
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function commandOf(word: string | undefined): CommandName | null {
  if (word === undefined) return null;
  const command = COMMAND_NAMES.find((name) => name === word);
  if (command === undefined) {
    throw new UsageError(`Unknown command "${word}"`, suggestName(word, COMMAND_NAMES));
  }
  return command;
}

function checkBelongs(command: CommandName, name: OptionName): void {
  if (COMMON_OPTIONS.includes(name) || COMMANDS[command].options.includes(name)) return;
  throw new UsageError(`${command} takes no option --${name}`);
}

function commonArgs(words: Words): CommonArgs {
  return {
    config: words.value("config"),
    envFile: words.value("env-file"),
    logFormat: choice(words, "log-format", OPTIONS["log-format"]),
    logLevel: choice(words, "log-level", OPTIONS["log-level"]),
  };
}

function probeAddress(word: string | undefined, name: string | null): ProbeAddress {
  if (word !== undefined && name !== null) {
    throw new UsageError("probe takes an address or --env, not both", "Remove one of them.");
  }
  if (name !== null) {
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

function initSource(urls: readonly string[], frigate: string | null): InitSource {
  if (frigate !== null) {
    if (urls.length === 0) return { kind: "frigate", file: frigate };
    throw new UsageError("init takes addresses or --from-frigate, not both", "Remove one of them.");
  }
  if (!urls.includes("-")) return { kind: "arguments", urls };
  if (urls.length === 1) return { kind: "stdin" };
  throw new UsageError(
    "init takes - or addresses, not both",
    "Write all addresses to standard input, one a line.",
  );
}

function probeOptions(words: Words): ProbeOptions {
  return {
    transport: choice(words, "transport", OPTIONS.transport),
    demuxer: choice(words, "demuxer", OPTIONS.demuxer),
    track: trackOf(words.value("track")),
    fingerprint: fingerprintOf(words.value("fingerprint")),
    insecure: words.has("insecure"),
  };
}

function trackOf(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{1,2}$/.test(text) && Number(text) <= MAX_TRACK) return Number(text);
  const remedy = `Write a whole number within 0 and ${MAX_TRACK}.`;
  throw new UsageError(`--track cannot be "${text}"`, remedy);
}

function fingerprintOf(text: string | null): string | null {
  if (text === null) return null;
  const parsed = parseFingerprint(text);
  if (parsed.ok) return parsed.value;
  throw new UsageError(`--fingerprint ${parsed.message}`, parsed.remedy);
}

function choice<T extends string>(
  words: Words,
  name: ValueOption,
  { choices, preset }: { readonly choices: readonly T[]; readonly preset: NoInfer<T> },
): T {
  const value = words.value(name);
  if (value === null) return preset;
  const found = choices.find((one) => one === value);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} cannot be "${value}"`, suggestName(value, choices));
}
