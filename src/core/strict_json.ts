/**
 * A parser for JSON from untrusted senders: refuses what lenient parsers interpret differently, so that no
 * two readers see different values in one text.
 */

/** Why a text was refused. */
export type JsonProblem = "not-json" | "too-deep" | "duplicate-key" | "forbidden-key";

export type StrictJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: JsonProblem; readonly value: unknown };

/** Property names with a meaning to JavaScript objects. */
const FORBIDDEN_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

/**
 * Parses one JSON text.
 * @param maxDepth  the deepest nesting of objects and arrays
 * @returns beside a problem other than the syntax, the value that `JSON.parse` returns
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

/** Scans a text that is known to be JSON. */
function problemOf(text: string, maxDepth: number): JsonProblem | null {
  /** For every open object the keys so far, for every open array null. */
  const open: (Set<string> | null)[] = [];
  let keyNext = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "{":
      case "[":
        keyNext = text[at] === "{";
        open.push(keyNext ? new Set() : null);
        if (open.length > maxDepth) return "too-deep";
        break;
      case "}":
      case "]":
        open.pop();
        keyNext = false;
        break;
      case ",":
        keyNext = open.at(-1) instanceof Set;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (keyNext) {
          const problem = keyProblem(JSON.parse(text.slice(at, end + 1)), open.at(-1) ?? null);
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

/** Checks a key, and adds it to the keys of its object. */
function keyProblem(key: string, keys: Set<string> | null): JsonProblem | null {
  if (FORBIDDEN_KEYS.includes(key)) return "forbidden-key";
  if (keys?.has(key)) return "duplicate-key";
  keys?.add(key);
  return null;
}

/** Finds the closing quotation mark of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

/** Whether a parsed value is an object, not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
