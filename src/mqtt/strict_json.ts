/**
 * JSON from somebody who may be hostile: what a lenient parser would interpret in a way of its own is
 * refused, so that two readers never see two different things in one text.
 */

/** Why a text was refused. */
export type JsonProblem = "not-json" | "too-deep" | "duplicate-key" | "forbidden-key";

export type StrictJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: JsonProblem; readonly value: unknown };

/** Names that mean something to JavaScript's objects. */
const FORBIDDEN_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

/**
 * Parses one JSON text.
 * @param maxDepth  how many objects and arrays may be within one another
 * @returns with a problem that is not about the syntax, what a lenient parser makes of it
 */
export function parseStrictJson(text: string, maxDepth: number): StrictJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, problem: "not-json", value: undefined };
    throw error;
  }
  const problem = problemOf(text, maxDepth);
  return problem === null ? { ok: true, value } : { ok: false, problem, value };
}

/** Walks through a text that is known to be JSON. */
function problemOf(text: string, maxDepth: number): JsonProblem | null {
  /** For every object and array we are within: the keys so far, or null for an array. */
  const within: (Set<string> | null)[] = [];
  let keyNext = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "{":
      case "[":
        keyNext = text[at] === "{";
        within.push(keyNext ? new Set() : null);
        if (within.length > maxDepth) return "too-deep";
        break;
      case "}":
      case "]":
        within.pop();
        keyNext = false;
        break;
      case ",":
        keyNext = within.at(-1) instanceof Set;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (keyNext) {
          const problem = keyProblem(JSON.parse(text.slice(at, end + 1)), within.at(-1) ?? null);
          if (problem !== null) return problem;
          keyNext = false;
        }
        at = end;
        break;
      }
    }
  }
  return null;
}

/** Remembers a key. */
function keyProblem(key: string, keys: Set<string> | null): JsonProblem | null {
  if (FORBIDDEN_KEYS.includes(key)) return "forbidden-key";
  if (keys?.has(key)) return "duplicate-key";
  keys?.add(key);
  return null;
}

/** The place of the quotation mark that ends the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}
