import {
  isCollection,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  YAMLMap,
} from "yaml";
import type { Document, Node, YAMLError } from "yaml";
import type { ConfigPath, ConfigProblem } from "./problems.ts";

/**
 * Bounds the size of a configuration file: 64 cameras with 4 KiB each. The parser takes up to a kilobyte of
 * memory for each character, as for one opening bracket after another.
 */
export const MAX_CONFIG_BYTES = 256 * 1024;

/** Bounds what is reported of one file. */
export const MAX_PROBLEMS = 100;

/** Bounds the aliases of a file, and their expansion. */
const MAX_ALIASES = 100;

/** Bounds the nesting of lists and maps; a configuration needs seven levels. */
const MAX_DEPTH = 32;

const WRITE_OUT =
  "Write the values out instead of using aliases, and quote a value that begins with *.";

/** A parsed file: plain data, and the lines of its parts. */
export interface YamlFile {
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** The line of a key, of its nearest ancestor when it is missing, or undefined. */
  lineOf(path: ConfigPath): number | undefined;
}

/** Parses YAML 1.2. Syntax errors are problems with their line; nothing is thrown. */
export function parseYaml(text: string): YamlFile {
  if (text.length > MAX_CONFIG_BYTES) {
    return broken({
      path: "",
      message: `the file is larger than ${MAX_CONFIG_BYTES} bytes`,
      remedy: "Name the configuration, not another file.",
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Takes quadratic time; `structureProblem` finds keys that occur twice.
    uniqueKeys: false,
  });
  const lineOf = (path: ConfigPath) => {
    const offset = offsetOf(document, path);
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  const problems = [...document.errors, ...document.warnings].slice(0, MAX_PROBLEMS)
    .map((error) => syntaxProblem(error, lines));
  if (problems.length > 0) return { value: undefined, problems, lineOf };
  try {
    const problem = structureProblem(document, lines);
    if (problem !== null) return broken(problem);
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), problems, lineOf };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return broken({
      path: "",
      message: `not valid YAML: ${withoutSource(error.message)}`,
      remedy: WRITE_OUT,
    });
  }
}

/** Messages in place of those of the library that quote the file, which may hold a password there. */
const MESSAGES: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  BAD_COLLECTION_TYPE: "a value begins with !, which makes it a tag",
  BAD_DIRECTIVE: "a line begins with %, and is no directive",
  BAD_DQ_ESCAPE: 'a text in " has an unknown escape; write \\\\ for one \\',
  MULTIPLE_DOCS: "it holds more than one document: --- begins another",
  RESOURCE_EXHAUSTION: "it is nested too deeply",
  TAG_RESOLVE_FAILED: "a value begins with !, which makes it a tag",
};

function syntaxProblem({ code, message, pos }: YAMLError, lines: LineCounter): ConfigProblem {
  return {
    path: "",
    message: `not valid YAML: ${MESSAGES[code] ?? withoutSource(message)}`,
    remedy:
      "Correct the indentation or the punctuation here; quote values that hold : # { } [ ] or ,.",
    line: lines.linePos(pos[0]).line,
  };
}

/** The first line of a message of the library, without what it quotes of the file after a colon. */
function withoutSource(message: string): string {
  return lowerFirst((message.split("\n")[0] ?? "").replace(/(?<=[\w)]): .*$/, ""));
}

/**
 * Finds what the library leaves unchecked, or would take much time for: a key that occurs twice, too many
 * aliases, one within its own anchor, too deep a nesting.
 */
function structureProblem(document: Document, lines: LineCounter): ConfigProblem | null {
  const found: ConfigProblem[] = [];
  let aliases = 0;
  const refuse = (node: Node, message: string, remedy: string) => {
    const problem = { path: "", message, remedy };
    const offset = node.range?.[0];
    found.push(offset === undefined ? problem : { ...problem, line: lines.linePos(offset).line });
    return visit.BREAK;
  };
  const tooDeep = (node: Node, path: readonly unknown[]) =>
    // The path holds the document, and the pairs of maps as well.
    path.length <= 2 * MAX_DEPTH ? undefined : refuse(
      node,
      `the file is nested deeper than ${MAX_DEPTH} levels`,
      "Correct the punctuation here.",
    );
  visit(document, {
    Pair: (_key, { key }) =>
      isCollection(key)
        ? refuse(key, "a list or a map cannot be a key", "Quote a value that begins with { or [.")
        : undefined,
    Seq: (_key, node, path) => tooDeep(node, path),
    Map(_key, node, path) {
      const keys = node.items.map(({ key }) => key).filter((key) => isScalar(key));
      const seen = new Set<unknown>();
      const second = keys.find(({ value }) => seen.size === seen.add(value).size);
      if (second === undefined) return tooDeep(node, path);
      return refuse(second, "not valid YAML: map keys must be unique", "Remove one of the two.");
    },
    Alias(_key, node, path) {
      aliases++;
      if (aliases > MAX_ALIASES) {
        return refuse(node, `the file holds more than ${MAX_ALIASES} aliases`, WRITE_OUT);
      }
      const isWithin = path.some((part) => isCollection(part) && part.anchor === node.source);
      return isWithin ? refuse(node, "an alias is within its own anchor", WRITE_OUT) : undefined;
    },
  });
  return found[0] ?? null;
}

function broken(problem: ConfigProblem): YamlFile {
  return { value: undefined, problems: [problem], lineOf: () => undefined };
}

/** The offset of the deepest existing part of a path. */
function offsetOf(document: Document, path: ConfigPath): number | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const parent: unknown = depth === 1
      ? document.contents
      : document.getIn(path.slice(0, depth - 1), true);
    const key = path[depth - 1];
    if (parent instanceof YAMLMap) {
      const pair: unknown = parent.items.find((item) =>
        isPair(item) && isScalar(item.key) && item.key.value === key
      );
      if (isPair(pair) && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node: unknown = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
