import { MAX_CHALLENGE_CHARS, MAX_CHALLENGES } from "../limits.ts";

/** A parameter's value as it is written between quotes, and as it is meant. */
export interface ChallengeValue {
  readonly raw: string;
  readonly value: string;
}

/** One challenge of a `WWW-Authenticate` header (RFC 7235 4.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By name in lower case; the first of those that repeat. */
  readonly parameters: ReadonlyMap<string, ChallengeValue>;
}

/** Bare words that begin a challenge; others are parameters that lack a value. */
const SCHEMES = ["basic", "digest", "bearer", "negotiate", "ntlm"];

/**
 * Reads all challenges of all `WWW-Authenticate` headers, in order.
 *
 * Tolerates what cameras get wrong: values without quotes, quotes that never end, missing commas, spaces
 * around `=`, words that are no parameters.
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap(parseHeader).slice(0, MAX_CHALLENGES);
}

interface OpenChallenge extends Challenge {
  readonly parameters: Map<string, ChallengeValue>;
}

function parseHeader(header: string): Challenge[] {
  const text = header.slice(0, MAX_CHALLENGE_CHARS);
  const challenges: OpenChallenge[] = [];
  const word = /[\s,;]*([^\s,;="]+)[ \t]*(=?)[ \t]*/y;
  for (let at = 0; at < text.length;) {
    word.lastIndex = at;
    const match = word.exec(text);
    if (match === null) {
      at++;
      continue;
    }
    at = word.lastIndex;
    const name = (match[1] ?? "").toLowerCase();
    if (match[2] === "=") {
      const { found, next } = readValue(text, at);
      at = next;
      const { parameters } = challenges.at(-1) ?? { parameters: null };
      if (parameters !== null && !parameters.has(name)) parameters.set(name, found);
    } else if (challenges.length === 0 || SCHEMES.includes(name)) {
      challenges.push({ scheme: name, parameters: new Map() });
    }
  }
  return challenges;
}

function readValue(text: string, start: number): { found: ChallengeValue; next: number } {
  if (text[start] !== '"') {
    const end = /[,;]/.exec(text.slice(start))?.index ?? text.length - start;
    const rest = text.slice(start, start + end);
    // A comma may be missing before the next parameter.
    const value = rest.slice(0, /\s[\w-]+\s*=/.exec(rest)?.index ?? rest.length).trimEnd();
    const raw = value.replace(/["\\]/g, "\\$&");
    return { found: { raw, value }, next: start + value.length };
  }
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  const raw = text.slice(start + 1, end);
  // Only quotes and backslashes are escaped: others mean themselves where a camera does not escape.
  return { found: { raw, value: raw.replace(/\\(["\\])/g, "$1") }, next: end + 1 };
}
