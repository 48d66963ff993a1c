/** Control characters of ASCII: a line break in a text from outside would begin a line of its own. */

// deno-lint-ignore no-control-regex -- the one place that looks for them
const CONTROL = /[\x00-\x1f\x7f]/g;

export function hasControlCharacters(text: string): boolean {
  return text.search(CONTROL) >= 0;
}

/** The text with `instead` for each of them. */
export function withoutControlCharacters(text: string, instead = ""): string {
  return text.replace(CONTROL, instead);
}
