import { isNode, isPair, isScalar, LineCounter, parseDocument, YAMLMap } from "yaml";
import type { Document } from "yaml";
import type { ConfigPath, ConfigProblem } from "./problems.ts";

/** Bounds the size of a configuration file. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

/** Bounds the expansion of aliases. */
const MAX_ALIASES = 100;

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
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings].map((error): ConfigProblem => ({
    path: "",
    // Only the first line: the rest of the library's message quotes the file.
    message: `not valid YAML: ${lowerFirst(error.message.split("\n")[0] ?? error.code)}`,
    remedy: error.code === "DUPLICATE_KEY"
      ? "Remove one of the two."
      : "Correct the indentation or the punctuation here; quote values that hold : # { } [ ] or ,.",
    line: lines.linePos(error.pos[0]).line,
  }));
  const lineOf = (path: ConfigPath) => {
    const offset = offsetOf(document, path);
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  if (problems.length > 0) return { value: undefined, problems, lineOf };
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), problems, lineOf };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return broken({
      path: "",
      message: `not valid YAML: ${lowerFirst(message)}`,
      remedy: "Write the values out instead of using aliases.",
    });
  }
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
