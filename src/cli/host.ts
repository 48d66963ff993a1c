import { assertNever } from "../core/assert.ts";
import { DEMO_HOST } from "../config/demo.ts";
import { LifecycleError, OrionError } from "../core/errors.ts";
import { decodeText, readRegularFileSync } from "../core/regular_file.ts";
import type { FileMode } from "../config/file_mode.ts";
import type { PermissionKind } from "../core/missing_grant.ts";

/** What the command line uses of the operating system; tests replace it. */
export interface Host {
  /** Orion's own folder: absolute, without a trailing slash. */
  readonly root: string;
  /** The folder that relative paths are resolved against. */
  readonly folder: string;
  env(name: string): string | undefined;
  readText(path: string): string;
  isFile(path: string): boolean;
  /** A path with its links resolved; null where there is nothing, or no permission. */
  realPath(path: string): string | null;
  /** The mode and the owner of a file; null where there is none, or no permission. */
  modeOf(path: string): FileMode | null;
  /** The first line of standard input; reads at most `maxBytes`. */
  readLine(maxBytes: number): string;
  /** All of standard input. @returns null where it is larger */
  readInput(maxBytes: number): string | null;
  /** Whether standard input is a terminal, where a person can be asked. */
  readonly isInteractive: boolean;
  /** Whether Deno grants this process a permission. */
  isGranted(kind: PermissionKind, value: string): boolean;
  /** Whether a port of 127.0.0.1 is free; null where Deno does not permit listening on it. */
  isFree(port: number): boolean | null;
  /** Whether this is a compiled program, whose permissions are baked in. */
  readonly isCompiled: boolean;
  /** The absolute path of the running program. */
  readonly program: string;
  /** Gives up the permission to write below a folder. */
  dropWrite(folder: string): void;
  /** Writes a command's result to standard output. */
  out(text: string): void;
  /** Writes errors and warnings to standard error. */
  err(text: string): void;
  /** Writes to standard error without blocking this thread; resolves to the number of bytes written. */
  errAsync(bytes: Uint8Array): Promise<number>;
  /** Whether standard error is a terminal that may be coloured. */
  readonly colour: boolean;
  /** Calls `handle` with each uncaught error; Deno then no longer ends the process. */
  onUncaught(handle: (error: unknown) => void): void;
  /** Errors of this thread have no stack from now on. */
  omitStacks(): void;
  /** Ends the process immediately. */
  exit(code: number): void;
}

/** Bounds the configuration and each file of a secret or certificate that it names. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

const encoder = new TextEncoder();

/** The host that the process runs on. */
export function systemHost(root: string): Host {
  return {
    root: root.replace(/\/+$/, ""),
    folder: Deno.cwd(),
    env: (name) => Deno.env.get(name),
    readText: (path) => decodeText(readRegularFileSync(path, { maxBytes: MAX_TEXT_BYTES })),
    isFile: (path) => stat(path)?.isFile ?? false,
    realPath: (path) => unlessAbsent(() => Deno.realPathSync(path)),
    modeOf: (path) => {
      const { mode = null, uid = null } = stat(path) ?? {};
      return mode === null ? null : { bits: mode, uid };
    },
    readLine: (maxBytes) => readLine(Deno.stdin, maxBytes),
    readInput: (maxBytes) => readInput(Deno.stdin, maxBytes),
    isInteractive: Deno.stdin.isTerminal(),
    isGranted: (kind, value) =>
      Deno.permissions.querySync(descriptorOf(kind, value)).state === "granted",
    isFree,
    isCompiled: Deno.build.standalone,
    program: Deno.execPath(),
    dropWrite,
    out: (text) => writeOut(text),
    err: (text) => writeErr(text),
    errAsync: (bytes) => Deno.stderr.write(bytes),
    colour: Deno.stderr.isTerminal() && !Deno.noColor,
    onUncaught(handle) {
      addEventListener("unhandledrejection", (event) => {
        event.preventDefault();
        handle(event.reason);
      });
      addEventListener("error", (event) => {
        event.preventDefault();
        handle(event.error);
      });
    },
    omitStacks: () => void (Error.stackTraceLimit = 0),
    exit: (code) => Deno.exit(code),
  };
}

/** @throws {LifecycleError} when the permission is still there, granted by another path */
function dropWrite(folder: string): void {
  const { state } = Deno.permissions.revokeSync({ name: "write", path: folder });
  if (state === "granted") throw new LifecycleError(`${folder} may still be written`);
}

function isFree(port: number): boolean | null {
  try {
    Deno.listen({ hostname: DEMO_HOST, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return null;
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

function descriptorOf(name: PermissionKind, value: string): Deno.PermissionDescriptor {
  switch (name) {
    case "read":
    case "write":
    case "ffi":
      return { name, path: value };
    case "net":
      return { name, host: value };
    case "env":
      return { name, variable: value };
    case "run":
      return { name, command: value };
    case "sys":
      // Orion needs no permission of this kind.
      return { name };
    default:
      return assertNever(name);
  }
}

/** The entry at a path; null where there is none, or no permission to read it. */
function stat(path: string): Deno.FileInfo | null {
  return unlessAbsent(() => Deno.statSync(path));
}

function unlessAbsent<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof Deno.errors.NotADirectory) return null;
    if (error instanceof Deno.errors.FilesystemLoop) return null;
    if (error instanceof Deno.errors.NotCapable) return null;
    if (error instanceof Deno.errors.PermissionDenied) return null;
    throw error;
  }
}

interface Input {
  readSync(bytes: Uint8Array): number | null;
}

/** Reads a line without its line break; bytes read beyond it are discarded. */
function readLine(stream: Input, maxBytes: number): string {
  const bytes = readWhile(stream, maxBytes, (read) => !read.includes(LINE_FEED));
  return new TextDecoder().decode(bytes).split(/\r?\n/, 1)[0] ?? "";
}

function readInput(stream: Input, maxBytes: number): string | null {
  const bytes = readWhile(stream, maxBytes + 1, () => true);
  return bytes.length > maxBytes ? null : new TextDecoder().decode(bytes);
}

/** Reads up to `maxBytes`, to the end of the stream, or as long as what was read passes a test. */
function readWhile(
  stream: Input,
  maxBytes: number,
  test: (read: Uint8Array) => boolean,
): Uint8Array {
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  while (length < maxBytes && test(bytes.subarray(0, length))) {
    const read = stream.readSync(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

const LINE_FEED = 0x0a;

/** @throws {OrionError} `OUTPUT` when the write fails, such as on a full disk */
function writeOut(text: string): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OrionError({
      code: "OUTPUT",
      message: `Cannot write to standard output: ${reason}`,
      retryable: true,
      remedy: "Send it somewhere else.",
    }, { cause: error });
  }
}

/** Writes to standard error. A failure cannot be reported anywhere. */
function writeErr(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch (_error) {
    // A full disk or a closed terminal; the exit code still reports the outcome.
  }
}

/** Writes a whole text. Drops the rest without an error when the reader has closed the pipe. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = encoder.encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.WouldBlock) return;
    throw error;
  }
}
