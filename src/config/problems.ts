import { type ErrorProblem, OrionError } from "../core/errors.ts";

/** A path within a configuration: keys and indices from the root. */
export type ConfigPath = readonly (string | number)[];

/** One mistake in a configuration, and its remedy. */
export type ConfigProblem = ErrorProblem;

/** A configuration that cannot be used: exit code 2. Carries every problem. */
export class ConfigError extends OrionError {
  override readonly name = "ConfigError";
  /** The file, or null when none was read. */
  readonly file: string | null;
  /** Absolute paths of the other files it names, as far as they are known. */
  readonly files: readonly string[];
  /** The environment variables it names, as far as they are known. */
  readonly environment: readonly string[];

  constructor(
    file: string | null,
    problems: readonly ConfigProblem[],
    named: { readonly files?: readonly string[]; readonly environment?: readonly string[] } = {},
  ) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super({
      code: "CONFIG",
      message: `Cannot use the configuration${file === null ? "" : ` ${file}`}: ${count}`,
      retryable: false,
      remedy: "Correct what is listed, then run `check`.",
      problems,
    });
    this.file = file;
    this.files = named.files ?? [];
    this.environment = named.environment ?? [];
  }
}

/** Formats a path: `["cameras", 0, "url"]` is `cameras[0].url`. */
export function pathText(path: ConfigPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? key : `.${key}`;
  }
  return text;
}
