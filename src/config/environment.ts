import { grantRemedy } from "../core/missing_grant.ts";
import { type ConfigPath, type ConfigProblem, pathText } from "./problems.ts";

/** Valid names of environment variables; systemd ignores assignments to others. */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * `$${` is an escaped `${`; `${NAME}` is a reference; a `${` without an end matches alone. The length of a
 * name is bounded: otherwise many `${` without an end take quadratic time.
 */
const REFERENCE = /\$\$\{|\$\{([^}]{0,256})\}|\$\{/g;

/** An address up to the @ behind its user and password. */
const CREDENTIALS = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i;

/** What a user or a password of an address cannot hold: a value with one of them is not encoded yet. */
const UNENCODED = /[@/?# ]/;

/** A configuration with its variables expanded. */
export interface Expanded {
  readonly value: unknown;
  /** Every referenced name once, in order. */
  readonly names: readonly string[];
  readonly problems: readonly (ConfigProblem & { readonly at: ConfigPath })[];
  /** Paths whose value comes, in part, from the environment and is never quoted. */
  readonly from: ReadonlySet<string>;
  /** The inserted values with their paths. */
  readonly filled: readonly { readonly at: ConfigPath; readonly value: string }[];
}

/**
 * Replaces `${NAME}` in every string value of plain data, not in keys. `$${` is a literal `${`. An
 * unset variable is a problem, and its text stays as written. In the user and the password of an address
 * a value is percent-encoded, unless it is already.
 *
 * @param isGranted  whether a variable may be read: Deno reports one that may not as unset
 */
export function expandEnvironment(
  value: unknown,
  env: (name: string) => string | undefined,
  isGranted: (name: string) => boolean = () => true,
): Expanded {
  const names = new Set<string>();
  const problems: (ConfigProblem & { readonly at: ConfigPath })[] = [];
  const from = new Set<string>();
  const filled: { readonly at: ConfigPath; readonly value: string }[] = [];
  const reported = new Set<string>();
  const report = (problem: ConfigProblem & { readonly at: ConfigPath }) => {
    const once = `${problem.path}\n${problem.message}`;
    if (!reported.has(once)) problems.push(problem);
    reported.add(once);
  };

  const text = (raw: string, at: ConfigPath) => {
    const [credentials = ""] = CREDENTIALS.exec(raw) ?? [];
    return raw.replace(REFERENCE, (match: string, name: string | undefined, offset: number) => {
      if (match === "$${") return "${";
      const path = pathText(at);
      if (name === undefined || !VARIABLE_NAME.test(name)) {
        report({
          at,
          path,
          message: "holds a ${ that names no environment variable",
          remedy: "Write ${NAME} with letters, digits and _, or $${ for a literal ${.",
        });
        return match;
      }
      names.add(name);
      from.add(path);
      const found = env(name);
      if (found !== undefined) {
        filled.push({ at, value: found });
        return offset < credentials.length ? encoded(found) : found;
      }
      const what = `the environment variable ${name}`;
      report({
        at,
        path,
        ...isGranted(name)
          ? {
            message: `${what} is not set`,
            remedy: `Set ${name} before starting, or write the value here.`,
          }
          : {
            message: `${what} was not granted, whether it is set or not`,
            remedy: grantRemedy("env", [name]),
          },
      });
      return match;
    });
  };

  const walk = (part: unknown, at: ConfigPath): unknown => {
    if (typeof part === "string") return text(part, at);
    if (Array.isArray(part)) return part.map((item, index) => walk(item, [...at, index]));
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(
      Object.entries(part).map(([key, item]) => [key, walk(item, [...at, key])]),
    );
  };

  return { value: walk(value, []), names: [...names], problems, from, filled };
}

function encoded(value: string): string {
  return UNENCODED.test(value) ? value.replace(/[@/?# %]/g, encodeURIComponent) : value;
}
