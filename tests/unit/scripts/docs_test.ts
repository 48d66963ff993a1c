/** The documents against the checkout: paths, file names, tasks, links, and the words of the code. */
import assert from "node:assert/strict";
import { anchorOf } from "../../../scripts/lib/markdown.ts";
import { ROOT, sourceFiles, walk } from "../../../scripts/testing/checkout.ts";
import { lineAt } from "../../../scripts/testing/source.ts";

/** Words that the field has a better term for: docs/glossary.md. */
const FORBIDDEN = /\b(?:nobody|somebody|whoever|told|tells?|gather|taker|fate|left +out)\b/gi;

/** Folders whose files documents refer to by path. */
const FOLDERS: readonly string[] = [
  ...["src", "workers", "scripts", "tests", "docs", "packaging", "schema", "assets", "examples"],
];

/** A path within those folders; `…`, `*` and a slash at the end stand for what is below. */
const PATH = new RegExp(`(?<![\\w/.:-])(?:${FOLDERS.join("|")})/[\\w./*…-]*`, "g");

/** A file named without its folder. */
const FILE_NAME = /`([\w-]+\.(?:ts|sh|py))`/g;

const TASK = /\bdeno task (?:--quiet )?([a-z][\w-]*)/g;

/** `[text](target)`, or the target of `[text]: target`. */
const LINK = /\]\(([^()\s]+)\)|^\[[^\]]+\]:\s+(\S+)/gm;

interface Document {
  readonly path: string;
  readonly text: string;
}

/** Every document that is ours, by its path. */
const DOCUMENTS: ReadonlyMap<string, Document> = new Map(
  [
    ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md"],
    ...["assets/README.md", "licenses/README.md", "models/README.md"],
    ...[...walk(ROOT, "docs"), ...walk(ROOT, "examples")]
      .filter((path) => path.endsWith(".md")).sort(),
  ].map((path) => [path, { path, text: Deno.readTextFileSync(`${ROOT}/${path}`) }]),
);

/** Those that describe the present; the changelog names what used to be. */
const PRESENT = [...DOCUMENTS.values()].filter(({ path }) => path !== "CHANGELOG.md");

const FILES: readonly string[] = FOLDERS.flatMap((folder) => [...walk(ROOT, folder)]);

/** Everything there is to refer to: files, and folders without a slash at the end. */
const KNOWN: ReadonlySet<string> = new Set(
  FILES.flatMap((path) => path.split("/").map((_, index, parts) => parts.slice(0, index + 1)))
    .map((parts) => parts.join("/")),
);

const FILE_NAMES: ReadonlySet<string> = new Set(FILES.map((path) => path.split("/").at(-1) ?? ""));

function exists(named: string): boolean {
  const path = named.replace(/[.\/-]+$/, "");
  if (!/[*…]/.test(path)) return KNOWN.has(path);
  const pattern = path.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, "[^/]*");
  const whole = new RegExp(`^${pattern.replace(/…/g, ".*")}$`);
  return FILES.some((file) => whole.test(file));
}

/** The groups of each match that fail the test, with their places. */
function wrong(
  { path, text }: Document,
  pattern: RegExp,
  isRight: (found: string) => boolean,
): string[] {
  return [...text.matchAll(pattern)]
    .map((match) => ({ found: match[1] ?? match[2] ?? match[0], at: match.index }))
    .filter(({ found }) => !isRight(found))
    .map(({ found, at }) => `${path}:${lineAt(text, at)}: ${found}`);
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf({ text }: Document): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = anchorOf(heading);
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The text with its code blocks blanked, so that places stay where they are. */
function withoutBlocks(text: string): string {
  return text.replace(/^```.*?^```/gms, (block) => block.replace(/[^\n]/g, " "));
}

/** Whether what a link leads to is there. */
function resolves(from: string, target: string): boolean {
  if (/^[a-z][a-z+.-]*:/.test(target)) return true;
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? from : join(from, file);
  if (anchor === undefined) return KNOWN.has(path) || isAtRoot(path) || DOCUMENTS.has(path);
  const document = DOCUMENTS.get(path);
  return document !== undefined && anchorsOf(document).has(anchor);
}

function isAtRoot(path: string): boolean {
  return [...Deno.readDirSync(ROOT)].some(({ name }) => name === path);
}

/** The path that a link of `from` leads to, relative to the root. */
function join(from: string, file: string): string {
  return new URL(file, `file:///${from}`).pathname.replace(/^\/|\/$/g, "");
}

Deno.test("docs: every path that they name is in the checkout", () => {
  assert.deepEqual(PRESENT.flatMap((each) => wrong(each, PATH, exists)), []);
});

Deno.test("docs: every file that they name without its folder is in the checkout", () => {
  const found = PRESENT.flatMap((each) => wrong(each, FILE_NAME, (name) => isFileName(name)));
  assert.deepEqual(found, []);
});

function isFileName(name: string): boolean {
  return FILE_NAMES.has(name) || isAtRoot(name);
}

Deno.test("docs: every task that they name is in deno.json", () => {
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(`${ROOT}/deno.json`),
  );
  const found = PRESENT.flatMap((each) => wrong(each, TASK, (name) => Object.hasOwn(tasks, name)));
  assert.deepEqual(found, []);
});

Deno.test("docs: every relative link leads to a file, and its anchor to a heading", () => {
  const found = [...DOCUMENTS.values()].flatMap(({ path, text }) =>
    wrong({ path, text: withoutBlocks(text) }, LINK, (target) => resolves(path, target))
  );
  assert.deepEqual(found, []);
});

Deno.test("docs: the index leads to every page", () => {
  const pages = [...DOCUMENTS.keys()].filter((path) => /^docs\/[\w-]+\.md$/.test(path));
  const index = DOCUMENTS.get("docs/README.md")?.text ?? "";
  const linked = [...index.matchAll(LINK)].map(([, target = ""]) => join("docs/README.md", target));
  const missing = pages.filter((path) => path !== "docs/README.md" && !linked.includes(path));
  assert.deepEqual(missing, []);
});

Deno.test("docs: what is named and missing is found, with its place", () => {
  const text =
    "# A\n\n`src/core/none.ts`, `src/core/…`, `schema/orion.*.1.schema.json`, `none.ts`\n";
  const document = { path: "docs/a.md", text };
  assert.deepEqual(wrong(document, PATH, exists), ["docs/a.md:3: src/core/none.ts"]);
  assert.deepEqual(wrong(document, FILE_NAME, isFileName), ["docs/a.md:3: none.ts"]);
  assert.deepEqual([...anchorsOf({ path: "", text: "# A `b`, c\n## A b c\n## A b c\n" })], [
    ...["a-b-c", "a-b-c-1", "a-b-c-2"],
  ]);
  assert.equal(resolves("docs/decisions/README.md", "../security.md"), true);
  assert.equal(resolves("docs/security.md", "decisions/none.md"), false);
  assert.equal(resolves("README.md", "docs/security.md#no-such-heading"), false);
});

/** Of ONNX, whose specification names it so. */
const OPERATOR = '"Gather"';

/** Joins the lines of each comment, so that a term of two words is found across a line break. */
function joined(text: string): string {
  return text.replaceAll(OPERATOR, " ".repeat(OPERATOR.length)).replace(
    /\n\s*(?:\*(?!\/)|\/\/)/g,
    (end) => " ".repeat(end.length),
  );
}

Deno.test("words: the code uses the words of docs/glossary.md", () => {
  const found = sourceFiles().filter(({ path }) => /^(?:src|workers)\//.test(path))
    .flatMap(({ path, text }) =>
      [...joined(text).matchAll(FORBIDDEN)].map(({ 0: word, index }) =>
        `${path}:${lineAt(text, index)}: ${word.replace(/\s+/g, " ")}`
      )
    );
  assert.deepEqual(found, []);
});
