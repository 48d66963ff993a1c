/**
 * The files that a compiled program unpacks: verified at each start, and tidied by `--unpack`.
 *
 * Deno's runtime unpacks them before any code of ours runs, into `.NAME/HASH` beside the program NAME, and
 * takes them for complete where that folder has a file `.done`. So damaged files are unpacked again at the
 * next start once that file is removed.
 */
import { basename, dirname, join } from "node:path";
import { OrionError } from "../core/errors.ts";
import { shortList } from "../core/short_list.ts";
import { CONTENTS_FILE, digestOf, type ListedFile, parseContents } from "./contents_list.ts";
import type { Host } from "./host.ts";

/** What this needs of the host. */
export type UnpackHost = Pick<Host, "root" | "program" | "isGranted" | "dropWrite" | "out">;

/** Exists once Deno's runtime has unpacked everything. */
const DONE_FILE = ".done";

/** Everyone may read files and enter folders: the service runs as another user than the installer. */
const READABLE = 0o444;
const ENTERABLE = 0o555;

/** The unpacked files cannot be used as they are. */
export class UnpackError extends OrionError {
  override readonly name = "UnpackError";
}

/**
 * Locks and verifies the unpacked files, and gives up the permission to write them.
 *
 * @returns the lock: while it is held, `--unpack` of another version keeps these files
 * @throws {UnpackError} when they are damaged, or in a folder that this process may not read
 */
export function openUnpacked(host: UnpackHost): Disposable {
  requirePlace(host);
  const lock = lockFolder(host.root, false);
  if (lock === null) throw busy(host, "are being repaired or removed", "Start it again.");
  const damaged = damagedFiles(host.root);
  if (damaged.length > 0) {
    lock.close();
    throw repair(host, damaged);
  }
  host.dropWrite(dirname(host.root));
  return lock;
}

/**
 * Carries out `--unpack`: makes the unpacked files readable for every user, verifies them, and removes those
 * of earlier versions.
 */
export function unpack(host: UnpackHost): void {
  requirePlace(host);
  const versions = dirname(host.root);
  if (!host.isGranted("write", versions)) {
    throw new UnpackError({
      code: "UNPACK_PLACE",
      message:
        `Cannot tidy ${versions}: the program was compiled under another name or for another folder`,
      retryable: false,
      remedy: "Install it as `orion` in the folder that was given as --at when it was compiled.",
    });
  }
  addMode(versions, ENTERABLE);
  makeReadable(host.root);
  const damaged = damagedFiles(host.root);
  if (damaged.length > 0) throw repair(host, damaged);
  const { length } = readList(host.root) ?? [];
  host.out(`${host.root}: ${length} files: complete\n`);
  for (const line of removeEarlier(host.root)) host.out(`${line}\n`);
}

/** @throws {UnpackError} unless the files were unpacked beside the program, where it may read them */
export function requirePlace({ root, program, isGranted }: UnpackHost): void {
  if (isGranted("read", root)) return;
  const isBeside = dirname(dirname(root)) === dirname(program);
  throw new UnpackError({
    code: "UNPACK_PLACE",
    message: isBeside
      ? `${program} may not read the files it unpacked into ${root}: it was compiled for another folder`
      : `${program} may not read the files it unpacked into ${root}: it could not write beside itself`,
    retryable: false,
    remedy: isBeside
      ? "Install it in the folder that was given as --at when it was compiled."
      : `Unpack it once as a user who may write there: sudo ${program} --unpack`,
  });
}

/** The list of the unpacked files; null when it is missing or damaged itself. */
function readList(root: string): ListedFile[] | null {
  try {
    return parseContents(Deno.readTextFileSync(join(root, CONTENTS_FILE)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The paths of unpacked files that are missing, or of another size or digest than listed. */
export function damagedFiles(root: string): string[] {
  const files = readList(root);
  if (files === null) return [CONTENTS_FILE];
  return files.filter((file) => !isIntact(join(root, file.path), file)).map(({ path }) => path);
}

function isIntact(path: string, { bytes, digest }: ListedFile): boolean {
  try {
    const { isFile, size } = Deno.lstatSync(path);
    return isFile && size === bytes && digestOf(path) === digest;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.NotADirectory) return false;
    if (error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}

/**
 * Has damaged files unpacked again at the next start. A file that another process has mapped is not
 * written: that would end the other process.
 *
 * @returns the error that ends this start
 */
function repair(host: UnpackHost, damaged: readonly string[]): UnpackError {
  const { root, program } = host;
  const named = shortList(damaged);
  const what =
    `${damaged.length} of the unpacked files in ${root} are damaged or missing (${named})`;
  using lock = lockFolder(root, true);
  if (lock === null) {
    const remedy = `Stop it, then run: sudo ${program} --unpack`;
    return busy(host, `are damaged (${named}), and in use by another process`, remedy);
  }
  try {
    Deno.removeSync(join(root, DONE_FILE));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      const reason = error instanceof Error ? error.message : String(error);
      const remedy = `Repair them as a user who may write there: sudo ${program} --unpack`;
      const data = {
        code: "UNPACK_DAMAGED",
        message: `${what}: ${reason}`,
        retryable: false,
        remedy,
      };
      return new UnpackError(data, { cause: error });
    }
  }
  const remedy = "Start it again: the next start unpacks them again.";
  return new UnpackError({ code: "UNPACK_AGAIN", message: what, retryable: true, remedy });
}

function busy({ root }: UnpackHost, state: string, remedy: string): UnpackError {
  const message = `The unpacked files in ${root} ${state}`;
  return new UnpackError({ code: "UNPACK_BUSY", message, retryable: true, remedy });
}

/**
 * Locks a folder of unpacked files, for use or (`exclusive`) to change it; null while another process
 * prevents it. The lock ends with the process at the latest.
 */
function lockFolder(folder: string, exclusive: boolean): Deno.FsFile | null {
  const handle = Deno.openSync(folder);
  if (handle.tryLockSync(exclusive)) return handle;
  handle.close();
  return null;
}

/** Lets every user read what a folder holds, whatever the umask was at unpacking. */
function makeReadable(folder: string): void {
  addMode(folder, ENTERABLE);
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    if (isDirectory) makeReadable(join(folder, name));
    if (isFile) addMode(join(folder, name), READABLE);
  }
}

function addMode(path: string, bits: number): void {
  const { mode } = Deno.lstatSync(path);
  if (mode !== null && (mode & bits) !== bits) Deno.chmodSync(path, (mode & 0o777) | bits);
}

/** One unpacked version beside this one. */
interface Version {
  readonly folder: string;
  readonly unpackedAtMs: number;
  readonly isComplete: boolean;
}

/**
 * Removes the files of earlier versions, except the newest, to which one may return, and those that a
 * running program uses.
 *
 * @returns what was done, line by line
 */
function removeEarlier(root: string): string[] {
  const parent = dirname(root);
  const others = [...Deno.readDirSync(parent)]
    .filter(({ name, isDirectory }) => isDirectory && name !== basename(root))
    .map(({ name }) => versionIn(join(parent, name)))
    .sort((a, b) => b.unpackedAtMs - a.unpackedAtMs);
  const previous = others.find(({ isComplete }) => isComplete);
  return others.map((version) => {
    const { folder } = version;
    if (version === previous) return `${folder}: kept, the version before`;
    using lock = lockFolder(folder, true);
    if (lock === null) return `${folder}: kept, a running program uses it`;
    Deno.removeSync(folder, { recursive: true });
    return `${folder}: removed`;
  });
}

function versionIn(folder: string): Version {
  try {
    const { mtime } = Deno.lstatSync(join(folder, DONE_FILE));
    return { folder, unpackedAtMs: mtime?.getTime() ?? 0, isComplete: true };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { folder, unpackedAtMs: 0, isComplete: false };
  }
}
