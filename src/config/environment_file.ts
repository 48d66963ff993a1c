/** Parses environment files as systemd's `EnvironmentFile=` does (systemd.exec(5)). */

import { VARIABLE_NAME } from "./environment.ts";

/** A line whose first character makes it a comment, or one without an assignment. */
const IGNORED = /[ \t\r\n]*(?:[#;][^\r\n]*|[^=\r\n]+(?=[\r\n]|$))/y;

/** A name up to its equals sign. */
const ASSIGNED = /[ \t\r\n]*([^=\r\n]*)=/y;

/** A part of a value: in single quotes, in double quotes, or unquoted up to the end of the line. */
const PART = /[ \t]*(?:'([^']*)'?|"((?:\\[^]|[^"\\])*)"?|((?:\\[^]|[^\\\r\n])+))/y;

/** Parses the text of a file to its variables; of several assignments to one name the last counts. */
export function parseEnvironmentFile(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < text.length) {
    if (next(IGNORED) !== null) continue;
    const assigned = next(ASSIGNED);
    if (assigned === null) break;
    let value = "";
    for (let part = next(PART); part !== null; part = next(PART)) {
      const [, single, double, unquoted] = part;
      value += single ?? (double === undefined ? plainText(unquoted ?? "") : quotedText(double));
      if (unquoted !== undefined) break;
    }
    const name = assigned[1]?.trim() ?? "";
    if (VARIABLE_NAME.test(name)) variables.set(name, value);
  }
  return variables;
}

/** Within double quotes a backslash escapes only these, and a line break, which it removes. */
function quotedText(text: string): string {
  return text.replace(/\\([^])/g, (escape, character: string) => {
    if (character === "\n") return "";
    return '"\\`$'.includes(character) ? character : escape;
  });
}

/** Unquoted, a backslash escapes every character and removes a line break; spaces at the end are dropped. */
function plainText(text: string): string {
  let value = "";
  let length = 0;
  for (const [unit] of text.matchAll(/\\[^]|[^\\]/gu)) {
    const isEscape = unit.startsWith("\\") && unit.length > 1;
    const character = isEscape ? unit.slice(1) : unit;
    if (!isEscape || !/[\r\n]/.test(character)) value += character;
    if (isEscape || !/[ \t]/.test(character)) length = value.length;
  }
  return value.slice(0, length);
}
