/**
 * Reads files whose paths come from a configuration or a command: regular files alone, of bounded size.
 * Kind and size are those of the open file, whatever its path has become meanwhile, and opening never
 * waits, as it would for the writer of a FIFO.
 */
import { closeSync, constants, fstatSync, openSync, promises, readSync } from "node:fs";

/** Bytes that are read at once. */
const CHUNK_BYTES = 16 * 1024 * 1024;

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** Why a file is not read. */
export type FileRefusal = "kind" | "size" | "replaced";

/** A file that exists and is not read. Its message is a clause without the path: "it is a folder". */
export class FileRefused extends Error {
  override readonly name = "FileRefused";
  readonly why: FileRefusal;

  constructor(why: FileRefusal, message: string) {
    super(message);
    this.why = why;
  }
}

/** How a file may be read. */
export interface ReadOptions {
  readonly maxBytes: number;
  /** The path with its links resolved, as it was earlier; a file elsewhere is refused. */
  readonly resolvedPath?: string | null;
}

/** An open file, as `fstat` describes it. */
interface Opened {
  readonly size: number;
  readonly dev: number;
  readonly ino: number;
  isFile(): boolean;
}

/**
 * Reads a regular file.
 * @throws {FileRefused} when it is none, is too large, or changed
 * @throws the error of Deno when it cannot be opened or read
 */
export async function readRegularFile(
  path: string,
  { maxBytes, resolvedPath = null }: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  // Before it is opened: opening a device can have effects.
  checkKind(await Deno.stat(path));
  const file = await promises.open(path, OPEN_FLAGS);
  try {
    const opened = await file.stat();
    const bytes = bufferFor(opened, maxBytes);
    if (resolvedPath !== null) await checkPlace(path, resolvedPath, opened);
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(CHUNK_BYTES, bytes.length - at);
      const { bytesRead } = await file.read(bytes, at, length, null);
      if (bytesRead === 0) throw truncated();
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** As {@link readRegularFile}, blocking this thread. */
export function readRegularFileSync(
  path: string,
  { maxBytes }: Pick<ReadOptions, "maxBytes">,
): Uint8Array<ArrayBuffer> {
  checkKind(Deno.statSync(path));
  const file = openSync(path, OPEN_FLAGS);
  try {
    const bytes = bufferFor(fstatSync(file), maxBytes);
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(CHUNK_BYTES, bytes.length - at);
      const bytesRead = readSync(file, bytes, at, length, null);
      if (bytesRead === 0) throw truncated();
      at += bytesRead;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** Decodes a file that was read; a byte order mark is kept. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function checkKind(found: Deno.FileInfo): void {
  if (found.isFile) return;
  const kind = found.isDirectory
    ? "a folder"
    : found.isFifo === true
    ? "a pipe"
    : found.isSocket === true
    ? "a socket"
    : "a device";
  throw new FileRefused("kind", `it is ${kind}`);
}

function bufferFor(opened: Opened, maxBytes: number): Uint8Array<ArrayBuffer> {
  if (!opened.isFile()) throw new FileRefused("kind", "it is not a regular file");
  const { size } = opened;
  if (size <= maxBytes) return new Uint8Array(size);
  throw new FileRefused("size", `it has ${size} bytes and at most ${maxBytes} are read`);
}

/** Deno's permissions are for a path, and follow its links wherever they lead. */
async function checkPlace(path: string, resolvedPath: string, opened: Opened): Promise<void> {
  const leadsTo = await Deno.realPath(path);
  if (leadsTo !== resolvedPath) {
    throw new FileRefused("replaced", `it was ${resolvedPath}, and is ${leadsTo} now`);
  }
  const { dev, ino } = await Deno.stat(path);
  if (dev === opened.dev && ino === opened.ino) return;
  throw new FileRefused("replaced", "it was replaced while it was opened");
}

function truncated(): FileRefused {
  return new FileRefused("replaced", "it became shorter while it was read");
}
