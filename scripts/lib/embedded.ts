/** Whether a compiled program holds what was put together, told by its bytes alone. */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { type Content, requiredPaths, runtimeFolder } from "./contents.ts";
import { type Target, TARGETS } from "./targets.ts";

/** How much of a file's middle is looked for: long enough to be in no other file. */
const SAMPLE_BYTES = 256;

/** Where the files are that were put together, and those that were not. */
export interface Made {
  readonly contents: readonly Content[];
  /** The folder they were put together in. */
  readonly work: string;
  readonly target: Target;
  /** The checkout: it has the libraries of every platform. */
  readonly root: string;
}

/** What is missing from the program, or does not belong into it; none when all is well. */
export function embeddedProblems(program: Buffer, made: Made): string[] {
  const { contents, work, target, root } = made;
  // Deno reads its own configuration when it compiles, and embeds it in a form of its own.
  const wanted = new Set(requiredPaths(target).filter((path) => path !== "deno.json"));
  const missing = contents.filter(({ path }) => wanted.has(path))
    .filter(({ path }) => !program.includes(sample(join(work, path))))
    .map(({ path }) => `${path} was not embedded`);
  const foreign = TARGETS.filter(({ name }) => name !== target.name)
    .map((other) => `${runtimeFolder(other)}/libonnxruntime.so.1`)
    .filter((path) => program.includes(sample(join(root, path))))
    .map((path) => `${path} was embedded and belongs elsewhere`);
  return [...missing, ...foreign];
}

/** The middle of a file. */
function sample(path: string): Buffer {
  const bytes = Deno.readFileSync(path);
  const start = Math.max(0, Math.floor((bytes.length - SAMPLE_BYTES) / 2));
  return Buffer.from(bytes.subarray(start, start + SAMPLE_BYTES));
}
