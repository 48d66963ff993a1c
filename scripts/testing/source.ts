/** Just enough reading of TypeScript to check the house's own rules: no parser, no dependency. */

/** Something a file has at a line; lines count from 1. */
export interface Place {
  readonly line: number;
}

/** `import … from`, `export … from`, `import "…"` and `import("…")`. */
export interface Import extends Place {
  readonly specifier: string;
}

/** A function body and how long it is, from its opening brace to the closing one. */
export interface FunctionBody extends Place {
  readonly lines: number;
}

/** A broken rule, and what to do about it. */
export interface Violation extends Place {
  /** Relative to the root of the checkout. */
  readonly path: string;
  readonly rule: string;
  readonly remedy: string;
}

/** `path:line: rule; remedy`. */
export function violationText({ path, line, rule, remedy }: Violation): string {
  return `${path}:${line}: ${rule}; ${remedy}`;
}

const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|of|in))\s*$/;
const REGEX_LITERAL = /^\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//;

/** What is blanked out; line ends stay, so that places stay. */
type Blank = "comments" | "comments-and-strings";

/**
 * The text with its comments (and the insides of strings) replaced by spaces: of the same length, with
 * the same lines. Code inside `${…}` of a template stays.
 */
export function blanked(text: string, blank: Blank): string {
  const out: string[] = [];
  const spaces = (part: string) => part.replace(/[^\n]/g, " ");
  const string = (part: string) =>
    blank === "comments" || part.length < 2
      ? part
      : `${part.slice(0, 1)}${spaces(part.slice(1, -1))}${part.slice(-1)}`;
  // For each template we are inside of: how many braces of its `${…}` are open.
  const templates: number[] = [];
  let at = 0;
  const take = (part: string, keep: (part: string) => string) => {
    out.push(keep(part));
    at += part.length;
  };
  const same = (part: string) => part;
  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    const char = rest.charAt(0);
    const depth = templates.at(-1);
    if (rest === "//") take(upTo(text, at, "\n"), spaces);
    else if (rest === "/*") take(upTo(text, at + 2, "*/", "/*"), spaces);
    else if (char === '"' || char === "'") take(quoted(text, at), string);
    else if (char === "`") {
      const part = templatePart(text, at);
      if (part.endsWith("${")) templates.push(0);
      take(part, string);
    } else if (char === "{" && depth !== undefined) {
      templates[templates.length - 1] = depth + 1;
      take(char, same);
    } else if (char === "}" && depth === 0) {
      templates.pop();
      const part = templatePart(text, at);
      if (part.endsWith("${")) templates.push(0);
      take(part, string);
    } else if (char === "}" && depth !== undefined) {
      templates[templates.length - 1] = depth - 1;
      take(char, same);
    } else if (char === "/") {
      take(regexOrSlash(text, at, out), string);
    } else take(char, same);
  }
  return out.join("");
}

/** From `at` up to but without a line end, or up to and with another end. */
function upTo(text: string, at: number, end: string, opening = ""): string {
  const found = text.indexOf(end, at);
  const stop = found < 0 ? text.length : found + (end === "\n" ? 0 : end.length);
  return opening + text.slice(at, stop);
}

function quoted(text: string, at: number): string {
  const end = text.charAt(at);
  let to = at + 1;
  while (to < text.length && text.charAt(to) !== end) to += text.charAt(to) === "\\" ? 2 : 1;
  return text.slice(at, to + 1);
}

/** From a backtick, or the brace that ends `${…}`, to the next `${` or the closing backtick. */
function templatePart(text: string, at: number): string {
  let to = at + 1;
  while (to < text.length) {
    if (text.charAt(to) === "\\") to += 2;
    else if (text.charAt(to) === "`") return text.slice(at, to + 1);
    else if (text.startsWith("${", to)) return text.slice(at, to + 2);
    else to += 1;
  }
  return text.slice(at);
}

function regexOrSlash(text: string, at: number, out: readonly string[]): string {
  const before = out.slice(-20).join("");
  const literal = BEFORE_REGEX.test(before) ? REGEX_LITERAL.exec(text.slice(at, at + 400)) : null;
  return literal?.[0] ?? "/";
}

/** The line of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

const IMPORT =
  /(?:\b(?:import|export)\b[^;"'`()=]*?\bfrom\s*|\bimport\s*\(\s*|\bimport\s*)(["'])([^"'\n]+)\1/g;

/** Every import of a file, in order. */
export function importsOf(text: string): Import[] {
  const code = blanked(text, "comments");
  return [...code.matchAll(IMPORT)].map((match) => ({
    specifier: match[2] ?? "",
    line: lineAt(code, match.index),
  }));
}

const CONTROL = /\b(?:if|for|while|switch|catch|with)(?:\s+await)?\s*$/;

/** Every function body of a file: functions, methods and arrow functions with braces. */
export function functionsOf(text: string): FunctionBody[] {
  const code = blanked(text, "comments-and-strings");
  const open: number[] = [];
  const bodies: FunctionBody[] = [];
  for (let at = 0; at < code.length; at += 1) {
    const char = code.charAt(at);
    if (char === "{") open.push(at);
    if (char !== "}") continue;
    const start = open.pop();
    if (start === undefined || !opensFunction(code.slice(Math.max(0, start - 2000), start))) {
      continue;
    }
    const line = lineAt(code, start);
    bodies.push({ line, lines: lineAt(code, at) - line + 1 });
  }
  return bodies;
}

/** Whether the brace after `before` opens the body of a function. */
function opensFunction(before: string): boolean {
  if (/=>\s*$/.test(before)) return true;
  if (/\b(?:class|interface|enum|namespace)\s[^{};]*$/.test(before)) return false;
  const parameters = /\)\s*$/.exec(before);
  if (parameters !== null) return !CONTROL.test(beforeParenthesis(before, parameters.index));
  // A return type stands between: the nearest `): type` whose brackets are closed.
  for (let at = before.lastIndexOf(")"); at >= 0; at = before.lastIndexOf(")", at - 1)) {
    const type = /^\)\s*:\s*(\S[^]*)$/.exec(before.slice(at))?.[1];
    if (type !== undefined && balanced(type)) return true;
    if (at === 0) break;
  }
  return false;
}

/** What stands before the parenthesis that the one at `close` closes. */
function beforeParenthesis(text: string, close: number): string {
  let depth = 0;
  for (let at = close; at >= 0; at -= 1) {
    if (text.charAt(at) === ")") depth += 1;
    if (text.charAt(at) === "(") depth -= 1;
    if (depth === 0) return text.slice(0, at);
  }
  return "";
}

/** Whether every bracket of a type is closed, and it is one type and not the code after it. */
function balanced(type: string): boolean {
  let depth = 0;
  for (const char of type) {
    if ("([{".includes(char)) depth += 1;
    if (")]}".includes(char)) depth -= 1;
    if (depth < 0 || (depth === 0 && (char === ";" || char === "="))) return false;
  }
  return depth === 0;
}
