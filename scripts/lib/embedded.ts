/** Checks by its bytes that a compiled program holds the staged files. */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { type Content, requiredPaths, runtimeFolder } from "./contents.ts";
import { type Target, TARGETS } from "./targets.ts";

/** Length of the sample from a file's middle that is searched for: long enough to be unique. */
const SAMPLE_BYTES = 256;

/** The staged files, and the checkout with the others. */
export interface Made {
  readonly contents: readonly Content[];
  /** The folder they were staged in. */
  readonly work: string;
  readonly target: Target;
  /** The checkout, which has the libraries of every platform. */
  readonly root: string;
}

/** Lists what is missing from the program, and what does not belong in it. */
export function embeddedProblems(program: Buffer, made: Made): string[] {
  const { contents, work, target, root } = made;
  // Deno embeds its own configuration in another form.
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
