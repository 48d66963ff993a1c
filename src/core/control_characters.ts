/** ASCII control characters: a line break in an external text would inject a line. */

// deno-lint-ignore no-control-regex -- the one place that matches them
const CONTROL = /[\x00-\x1f\x7f]/g;

export function hasControlCharacters(text: string): boolean {
  return text.search(CONTROL) >= 0;
}

/** Replaces each control character by `instead`. */
export function withoutControlCharacters(text: string, instead = ""): string {
  return text.replace(CONTROL, instead);
}
