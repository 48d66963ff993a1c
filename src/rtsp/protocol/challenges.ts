import { MAX_CHALLENGE_CHARS, MAX_CHALLENGES } from "../limits.ts";

/** A parameter's value as written between the quotes, and unescaped. */
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

/** Words without `=` that begin a challenge; others are parameters without a value. */
const SCHEMES = ["basic", "digest", "bearer", "negotiate", "ntlm"];

/**
 * Parses all challenges of all `WWW-Authenticate` headers, in order.
 *
 * Tolerates common errors of cameras: values without quotes, unterminated quotes, missing commas, spaces
 * around `=`, stray words.
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
      const { parsed, next } = parseValue(text, at);
      at = next;
      const { parameters } = challenges.at(-1) ?? { parameters: null };
      if (parameters !== null && !parameters.has(name)) parameters.set(name, parsed);
    } else if (challenges.length === 0 || SCHEMES.includes(name)) {
      challenges.push({ scheme: name, parameters: new Map() });
    }
  }
  return challenges;
}

function parseValue(text: string, start: number): { parsed: ChallengeValue; next: number } {
  if (text[start] !== '"') {
    const end = /[,;]/.exec(text.slice(start))?.index ?? text.length - start;
    const rest = text.slice(start, start + end);
    // The comma before the next parameter may be missing.
    const value = rest.slice(0, /\s[\w-]+\s*=/.exec(rest)?.index ?? rest.length).trimEnd();
    const raw = value.replace(/["\\]/g, "\\$&");
    return { parsed: { raw, value }, next: start + value.length };
  }
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  const raw = text.slice(start + 1, end);
  // Unescapes quotes and backslashes only: some cameras do not escape a literal backslash.
  return { parsed: { raw, value: raw.replace(/\\(["\\])/g, "$1") }, next: end + 1 };
}
