import { grantRemedy } from "../core/missing_grant.ts";
import { type ConfigPath, type ConfigProblem, pathText } from "./problems.ts";

/** What an environment variable may be called. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `$${` stands for itself; `${` up to `}` names a variable; a `${` without an end is caught alone. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/g;

/** A configuration with its variables filled in. */
export interface Expanded {
  readonly value: unknown;
  /** Every name that is used, once, in order. */
  readonly names: readonly string[];
  readonly problems: readonly (ConfigProblem & { readonly at: ConfigPath })[];
  /** The places whose value came, in part, from the environment: never quote it. */
  readonly from: ReadonlySet<string>;
  /** The values that were filled in, each with its place. */
  readonly filled: readonly { readonly at: ConfigPath; readonly value: string }[];
}

/**
 * Replaces `${NAME}` in every string value of plain data; keys stay as they are. `$${` stands for a
 * literal `${`. A name that is not set is a problem, and the text stays as it was written.
 *
 * @param isGranted  whether a variable may be read: one that may not be looks as if it were not set
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

  const text = (raw: string, at: ConfigPath) =>
    raw.replace(REFERENCE, (match: string, name: string | undefined) => {
      if (match === "$${") return "${";
      const path = pathText(at);
      if (name === undefined || !NAME.test(name)) {
        problems.push({
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
        return found;
      }
      const what = `the environment variable ${name}`;
      problems.push({
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
