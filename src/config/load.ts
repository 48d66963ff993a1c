import { resolve } from "node:path";
import { buildSettings } from "./build.ts";
import { crossProblems } from "./checks.ts";
import { DEMO_PORTS, demoConfig, type DemoPorts, demoWarnings } from "./demo.ts";
import { type Expanded, expandEnvironment } from "./environment.ts";
import { parseEnvironmentFile } from "./environment_file.ts";
import { isOpenToOthers, restrictRemedy } from "./file_mode.ts";
import {
  type FileAccess,
  folderOf,
  missingFiles,
  modelProblems,
  namedFiles,
  readCameraAuthorities,
  readSecretFiles,
  reasonOf,
  remedyOf,
} from "./files.ts";
import { type FoundProblem, lookUp, problemsOf } from "./issues.ts";
import { ConfigError, type ConfigPath, type ConfigProblem, pathText } from "./problems.ts";
import { configSchema } from "./schema.ts";
import type { Settings } from "./settings.ts";
import { isShownPart, parseBrokerUrl, parseCameraUrl, querySecrets } from "./urls.ts";
import { MAX_PROBLEMS, parseYaml, type YamlFile } from "./yaml.ts";

/** Sources of the settings. */
export interface LoadOptions extends FileAccess {
  /** The absolute path of the configuration, or null for the demo. */
  readonly path: string | null;
  /** Orion's own folder, with its models and its clip. */
  readonly root: string;
  env(name: string): string | undefined;
  /**
   * Do not read files of secrets and certificates, and take them as empty: to compute permissions
   * before the permission to read them is granted.
   */
  readonly putOffSecrets?: boolean;
  /** The absolute path of a file with further environment variables, or null; it has precedence. */
  readonly environmentFile?: string | null;
  /** The ports of the demo; default: the first of each kind. */
  readonly demoPorts?: DemoPorts;
}

/** The default configuration file. */
export const DEFAULT_CONFIG = "orion.yaml";

/**
 * Chooses the configuration to read: the file of `--config`, else of ORION_CONFIG, else `orion.yaml`
 * in the current folder when it exists, else none (the demo).
 *
 * @returns an absolute path, or null
 */
export function chooseConfig(options: {
  readonly named: string | null;
  readonly env: (name: string) => string | undefined;
  readonly isFile: (path: string) => boolean;
  readonly folder: string;
}): string | null {
  // Asked for only where it counts: it may be a permission that the process lacks.
  const named = options.named ?? (options.env("ORION_CONFIG") || null);
  if (named !== null) return resolve(options.folder, named);
  const byDefault = resolve(options.folder, DEFAULT_CONFIG);
  return options.isFile(byDefault) ? byDefault : null;
}

/**
 * Reads, checks and freezes a configuration.
 *
 * @throws {ConfigError} with every problem
 */
export function loadSettings(options: LoadOptions): Settings {
  const demoPorts = options.demoPorts ?? DEFAULT_DEMO_PORTS;
  const file = options.path === null ? demoFile(demoPorts) : readConfig(options.path, options);
  if (file.problems.length > 0) throw new ConfigError(options.path, file.problems);
  const environment = readEnvironment(options);
  const folder = folderOf(options.path, options.root);
  const places = { root: options.root, folder };
  // A file without a single key is an empty configuration, which lacks its cameras.
  const expanded = expandEnvironment(
    file.value ?? {},
    (name) => environment.variables.get(name) ?? options.env(name),
    (name) => options.isGranted?.("env", name) ?? true,
  );
  const { value } = expanded;
  const putOff = options.putOffSecrets ?? false;
  const secrets = readSecretFiles(value, folder, options, putOff);
  const secretFiles = { ...secrets, paths: [...secrets.paths, ...environment.paths] };
  const authorities = readCameraAuthorities(value, folder, options, putOff);
  const result = configSchema.safeParse(value, { reportInput: false });
  const quotable = (at: ConfigPath) => !expanded.from.has(pathText(at));
  const found: FoundProblem[] = [
    ...(result.success ? [] : problemsOf(result.error.issues, value, quotable)),
    ...crossProblems(value, quotable),
    ...modelProblems(value, places),
    ...missingFiles(value, places, options),
    ...secretFiles.problems,
    ...authorities.problems,
  ];
  const problems = [...expanded.problems, ...firstOfEach(found, expanded.problems)]
    .slice(0, MAX_PROBLEMS);
  if (problems.length > 0 || !result.success) {
    throw new ConfigError(options.path, ordered(problems, file), {
      files: [...namedFiles(value, places).map((named) => named.path), ...secretFiles.paths],
      environment: expanded.names,
    });
  }
  return buildSettings(result.data, {
    ...places,
    path: options.path,
    realPath: (path) => options.realPath?.(path) ?? null,
    secretFiles,
    authorities,
    environment: expanded.names,
    environmentSecrets: environmentSecrets(expanded),
    warnings: [
      ...environment.warnings,
      ...secretFiles.warnings,
      ...openConfigWarnings(file.value, options),
      ...options.path === null ? demoWarnings(demoPorts) : [],
    ],
  });
}

const DEFAULT_DEMO_PORTS: DemoPorts = { broker: DEMO_PORTS.broker[0], http: DEMO_PORTS.http[0] };

function demoFile(ports: DemoPorts): YamlFile {
  return { value: demoConfig(ports), problems: [], lineOf: () => undefined };
}

/** Keys whose values may hold a credential; other values appear in topics, paths and grants anyway. */
const CREDENTIAL_KEYS: readonly unknown[] = ["url", "username", "password", "token"];

/** The values of `${NAME}` that may be credentials; the host of a camera's URL is none. */
function environmentSecrets({ value, filled }: Expanded): string[] {
  return filled.flatMap(({ at, value: part }) => {
    if (!CREDENTIAL_KEYS.includes(at.at(-1))) return [];
    return isShownPart(String(lookUp(value, at)), part) ? [] : [part];
  });
}

function readConfig(path: string, access: FileAccess): YamlFile {
  return parseYaml(
    readNamed(path, access, "Correct --config or ORION_CONFIG, or create the file."),
  );
}

/** Reads a file that the command line names. @throws {ConfigError} when it cannot be read */
function readNamed(path: string, access: FileAccess, remedy: string): string {
  try {
    return access.readText(path);
  } catch (error) {
    const message = `cannot read ${path}: ${reasonOf(error)}`;
    throw new ConfigError(
      path,
      [{ path: "", message, remedy: remedyOf(error, path, remedy) }],
      { files: [path] },
    );
  }
}

/** Variables of a file, beside those of the process. */
interface Environment {
  readonly variables: ReadonlyMap<string, string>;
  readonly paths: readonly string[];
  readonly warnings: readonly string[];
}

function readEnvironment(options: LoadOptions): Environment {
  const path = options.environmentFile ?? null;
  if (path === null) return { variables: new Map(), paths: [], warnings: [] };
  const remedy = "Correct --env-file, or let this user's group read the file.";
  const variables = parseEnvironmentFile(readNamed(path, options, remedy));
  const mode = options.modeOf?.(path) ?? null;
  const isOpen = mode !== null && isOpenToOthers(mode);
  const warnings = isOpen ? [`others may use ${path}; ${restrictRemedy(mode)}`] : [];
  return { variables, paths: [path], warnings };
}

/** The first problem of each path without one: further problems mostly follow from the first. */
function firstOfEach(
  problems: readonly FoundProblem[],
  before: readonly FoundProblem[],
): FoundProblem[] {
  const seen = new Set(before.map(({ at }) => pathText(at)));
  return problems.filter(({ at }) => {
    const path = pathText(at);
    const first = !seen.has(path);
    seen.add(path);
    return first;
  });
}

/** Sorts problems by their lines. */
function ordered(problems: readonly FoundProblem[], file: YamlFile): ConfigProblem[] {
  return problems
    .map(({ at, message, remedy }): ConfigProblem => {
      const line = file.lineOf(at);
      const problem = { path: pathText(at), message, remedy };
      return line === undefined ? problem : { ...problem, line };
    })
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** Warns of a configuration with credentials that others than its owner may access. */
function openConfigWarnings(written: unknown, options: LoadOptions): string[] {
  const mode = options.path === null ? null : options.modeOf?.(options.path) ?? null;
  if (mode === null || !isOpenToOthers(mode) || !holdsCredentials(written)) return [];
  return [
    `${options.path} holds credentials, and others may use it; ${restrictRemedy(mode)}, or take ` +
    "them from the environment",
  ];
}

/** Whether the file itself holds a credential, rather than `${NAME}` or another file. */
function holdsCredentials(written: unknown): boolean {
  const literal = (value: unknown) => typeof value === "string" && !value.includes("${");
  if (literal(lookUp(written, ["mqtt", "password"]))) return true;
  if (literal(lookUp(written, ["health", "token"]))) return true;
  const broker = lookUp(written, ["mqtt", "url"]);
  const parsedBroker = typeof broker === "string" ? parseBrokerUrl(broker) : null;
  if (parsedBroker?.ok && literal(parsedBroker.value.password)) return true;
  const cameras = lookUp(written, ["cameras"]);
  return Array.isArray(cameras) && cameras.some((camera) => {
    const url = lookUp(camera, ["url"]);
    const parsed = typeof url === "string" ? parseCameraUrl(url) : null;
    return parsed?.ok === true &&
      [parsed.value.password, ...querySecrets(String(url))].some(literal);
  });
}
