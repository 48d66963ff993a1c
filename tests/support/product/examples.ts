/** The configurations in `examples/`, as they are and as a test can run them. */
import { ROOT, type TempFolder } from "../system/files.ts";

/** A folder of `examples/` with its configuration. */
export interface Example {
  readonly name: string;
  readonly text: string;
}

/** Every example, by name. */
export function allExamples(): Example[] {
  return [...Deno.readDirSync(`${ROOT}/examples`)].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => ({ name, text: exampleFile(name, "orion.yaml") }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The text of a file of an example. */
export function exampleFile(name: string, file: string): string {
  return Deno.readTextFileSync(`${ROOT}/examples/${name}/${file}`);
}

/** The names of the variables that a configuration refers to, comments aside. */
export function variablesOf(text: string): string[] {
  const values = text.replace(/^\s*#.*$/gm, "");
  return [...new Set([...values.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name))];
}

/**
 * Replaces texts of an example by those of a test.
 * @throws when one does not occur: the example was changed, and the test would try something else
 */
export function placed(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((placed, [from, to]) => {
    if (!placed.includes(from)) throw new Error(`the example has no ${from}`);
    return placed.replaceAll(from, to);
  }, text);
}

/** Writes an example's configuration with changes into a folder. @returns its path */
export function written(
  folder: TempFolder,
  name: string,
  changes: readonly (readonly [string, string])[],
): string {
  return folder.write(`${name}.yaml`, placed(exampleFile(name, "orion.yaml"), changes));
}

/** The variables of an example, each with this value. */
export function environmentOf(name: string, value: string): Record<string, string> {
  const names = variablesOf(exampleFile(name, "orion.yaml"));
  return Object.fromEntries(names.map((variable) => [variable, value]));
}
