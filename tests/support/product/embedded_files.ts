/** Reads what `deno compile` has embedded into a program (Deno 2.9, `cli/rt/binary.rs`). */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";

/** Begins and ends the section. */
const MAGIC = "d3n0l4nd";

/** Lengths are 64 bits wide, counts 32. */
const LENGTH_BYTES = 8;
const COUNT_BYTES = 4;

/** Bound of the metadata, to distinguish the section from the same word in the runtime's own code. */
const MAX_METADATA_BYTES = 1024 * 1024;

/** The embedded files of a program. */
export interface Embedded {
  /** Name of the folder that they are unpacked into. */
  readonly hash: string;
  /** The bytes of each file by its path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** An entry of the embedded file system: a file has an offset and a length, a folder has entries. */
interface Entry {
  readonly Dir?: { readonly n: string; readonly e: readonly Entry[] };
  readonly File?: { readonly n: string; readonly o: readonly [number, number] };
}

/** Reads the embedded files of a program made with `--self-extracting`. */
export function readEmbedded(program: string): Embedded {
  const bytes = Buffer.from(Deno.readFileSync(program).buffer);
  let at = sectionOf(bytes);
  const next = (): Buffer => {
    const start = at + LENGTH_BYTES;
    at = start + Number(bytes.readBigUInt64LE(at));
    return bytes.subarray(start, at);
  };
  const metadata: { readonly self_extracting: string } = JSON.parse(next().toString());
  assert.equal(next().length, 0, "no packages by their names: they are files");
  // No module, redirect or remote module has an entry of its own: all of them are files.
  for (let list = 0; list < 3; list++) {
    assert.equal(bytes.readUInt32LE(at), 0);
    at += COUNT_BYTES;
  }
  const root: readonly Entry[] = JSON.parse(next().toString());
  const data = next();
  assert.equal(bytes.toString("latin1", at, at + MAGIC.length), MAGIC, "the end of the section");
  return { hash: metadata.self_extracting, files: new Map(filesIn(root, "", data)) };
}

/** Where the metadata begin. */
function sectionOf(bytes: Buffer): number {
  for (let at = bytes.indexOf(MAGIC); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    const start = at + MAGIC.length;
    if (start + LENGTH_BYTES >= bytes.length) break;
    const length = bytes.readBigUInt64LE(start);
    if (length < MAX_METADATA_BYTES && bytes[start + LENGTH_BYTES] === 0x7b) return start;
  }
  return assert.fail("nothing is embedded");
}

function* filesIn(
  entries: readonly Entry[],
  folder: string,
  data: Uint8Array,
): Generator<[string, Uint8Array]> {
  for (const { Dir, File } of entries) {
    if (Dir !== undefined) yield* filesIn(Dir.e, `${folder}${Dir.n}/`, data);
    else if (File === undefined) assert.fail(`a link in ${folder}`);
    else yield [`${folder}${File.n}`, data.subarray(File.o[0], File.o[0] + File.o[1])];
  }
}
