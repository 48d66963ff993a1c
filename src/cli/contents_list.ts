/** The list of a compiled program's files, by which it verifies what it unpacked. */
import { createHash } from "node:crypto";

/** Name of the list, in the folder of the unpacked files. */
export const CONTENTS_FILE = "contents.txt";

/** Bytes that are read at a time to compute a digest. */
const CHUNK_BYTES = 1024 * 1024;

/** One file that the program unpacks. */
export interface ListedFile {
  /** Relative to the folder of the unpacked files. */
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal SHA-256. */
  readonly digest: string;
}

/** A digest, a number and a path; the last line has the digest of all lines before it, and their number. */
const LINE = /^([0-9a-f]{64}) (\d+) (.+)$/;
const END = ".";

/** Formats the list; {@link parseContents} reads it. */
export function formatContents(files: readonly ListedFile[]): string {
  const lines = files.map(({ digest, bytes, path }) => `${digest} ${bytes} ${path}\n`).join("");
  return `${lines}${digestOfText(lines)} ${files.length} ${END}\n`;
}

/** Reads the list; null when it is cut off or altered. */
export function parseContents(text: string): ListedFile[] | null {
  const lines = text.split("\n");
  const files = lines.slice(0, -2).map(parseLine).filter((file) => file !== null);
  const end = parseLine(lines.at(-2) ?? "");
  const above = text.slice(0, text.lastIndexOf("\n", text.length - 2) + 1);
  const isWhole = end !== null && lines.at(-1) === "" && end.path === END &&
    end.bytes === files.length && end.digest === digestOfText(above);
  return isWhole ? files : null;
}

function parseLine(line: string): ListedFile | null {
  const [, digest, bytes, path] = LINE.exec(line) ?? [];
  if (digest === undefined || bytes === undefined || path === undefined) return null;
  return { digest, bytes: Number(bytes), path };
}

function digestOfText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The hexadecimal SHA-256 of a file, read in parts. */
export function digestOf(path: string): string {
  using file = Deno.openSync(path);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let read = file.readSync(buffer); read !== null; read = file.readSync(buffer)) {
    hash.update(buffer.subarray(0, read));
  }
  return hash.digest("hex");
}
