/** Finds the files of the checkout for the checks. */
import { fileURLToPath } from "node:url";

/** The root of the checkout, absolute, without a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** The folders of our own TypeScript. */
export const SOURCE_FOLDERS: readonly string[] = [
  "src",
  "workers",
  "scripts",
  "tests",
  "packaging",
];

/** One of our own files. */
export interface SourceFile {
  /** Relative to the root of the checkout, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file of our own, sorted by path. */
export function sourceFiles(root: string = ROOT): SourceFile[] {
  const paths = SOURCE_FOLDERS.flatMap((folder) => [...walk(root, folder)]);
  if (isFile(`${root}/main.ts`)) paths.push("main.ts");
  return paths.filter((path) => path.endsWith(".ts")).sort()
    .map((path) => ({ path, text: Deno.readTextFileSync(`${root}/${path}`) }));
}

/** Folders whose texts may hold a command. */
const TEXT_FOLDERS: readonly string[] = [
  ...["docs", "examples", "packaging", "scripts", "tests", ".ci", ".github"],
];
const TEXT_FILES: readonly string[] = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "deno.json"],
  ...["models/README.md", "assets/README.md", "licenses/README.md"],
];

/** Files that are code or no text: clips and pictures. */
const NO_TEXT = /\.(ts|mp4|png|jpg)$/;

/** Every other text of our own that may hold a command: tasks, documents, scripts, units. */
export function textFiles(root: string = ROOT): SourceFile[] {
  const inside = TEXT_FOLDERS.flatMap((folder) => [...walk(root, folder)]);
  const single = TEXT_FILES.filter((path) => isFile(`${root}/${path}`));
  return [...inside, ...single].filter((path) => !NO_TEXT.test(path)).sort()
    .map((path) => ({ path, text: Deno.readTextFileSync(`${root}/${path}`) }));
}

/** The paths of all files below a folder, relative to the root; empty when it does not exist. */
export function* walk(root: string, folder: string): Generator<string> {
  const path = `${root}/${folder}`;
  if (!isFolder(path)) return;
  for (const entry of Deno.readDirSync(path)) {
    if (entry.isDirectory) yield* walk(root, `${folder}/${entry.name}`);
    else if (entry.isFile) yield `${folder}/${entry.name}`;
  }
}

/** Whether a path is a file. */
function isFile(path: string): boolean {
  return stat(path)?.isFile ?? false;
}

/** Whether a path is a folder. */
export function isFolder(path: string): boolean {
  return stat(path)?.isDirectory ?? false;
}

function stat(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
