import { assertNever } from "../core/assert.ts";
import { DEMO_HOST } from "../config/demo.ts";
import { OrionError } from "../core/errors.ts";
import type { PermissionKind } from "../core/missing_grant.ts";

/** What the command line needs of the world around it, so that tests can stand in for it. */
export interface Host {
  /** Orion's own folder: absolute, without a slash at its end. */
  readonly root: string;
  /** Where relative paths start. */
  readonly folder: string;
  env(name: string): string | undefined;
  readText(path: string): string;
  isFile(path: string): boolean;
  modeOf(path: string): number | null;
  /** The first line of standard input, of which at most so many bytes are read. */
  readLine(maxBytes: number): string;
  /** Whether this process has one of Deno's permissions. */
  isGranted(kind: PermissionKind, value: string): boolean;
  /** Whether a port of 127.0.0.1 can be listened on; null where Deno does not let us try. */
  isFree(port: number): boolean | null;
  /** Whether this is a compiled program: its permissions are baked in. */
  readonly isCompiled: boolean;
  /** Standard output: only what was asked for. */
  out(text: string): void;
  /** Standard error: logs and what went wrong. */
  err(text: string): void;
  /** Writes some bytes to standard error without holding up this thread, and says how many. */
  errLater(bytes: Uint8Array): Promise<number>;
  /** Whether standard error is a terminal that may be coloured. */
  readonly colour: boolean;
  /** Calls back with what nobody caught; the process then ends by what the callback does. */
  onUncaught(handle: (error: unknown) => void): void;
  /** Ends the process now. */
  exit(code: number): void;
}

const encoder = new TextEncoder();

/** The machine itself. */
export function systemHost(root: string): Host {
  return {
    root: root.replace(/\/+$/, ""),
    folder: Deno.cwd(),
    env: (name) => Deno.env.get(name),
    readText: (path) => Deno.readTextFileSync(path),
    isFile: (path) => stat(path)?.isFile ?? false,
    modeOf: (path) => stat(path)?.mode ?? null,
    readLine: (maxBytes) => readLine(Deno.stdin, maxBytes),
    isGranted: (kind, value) =>
      Deno.permissions.querySync(descriptorOf(kind, value)).state === "granted",
    isFree,
    isCompiled: Deno.build.standalone,
    out: (text) => writeOut(text),
    err: (text) => writeErr(text),
    errLater: (bytes) => Deno.stderr.write(bytes),
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
    exit: (code) => Deno.exit(code),
  };
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
      // Of which nothing is ever needed.
      return { name };
    default:
      return assertNever(name);
  }
}

/** What is at a path, or null: what may not be looked at is not there for us. */
function stat(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof Deno.errors.NotADirectory) return null;
    if (error instanceof Deno.errors.NotCapable) return null;
    if (error instanceof Deno.errors.PermissionDenied) return null;
    throw error;
  }
}

/** Without its line break; what comes after it may be read and is left out. */
function readLine(
  stream: { readSync(bytes: Uint8Array): number | null },
  maxBytes: number,
): string {
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  while (length < maxBytes && !bytes.subarray(0, length).includes(LINE_FEED)) {
    const read = stream.readSync(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return new TextDecoder().decode(bytes.subarray(0, length)).split(/\r?\n/, 1)[0] ?? "";
}

const LINE_FEED = 0x0a;
/** @throws {OrionError} `OUTPUT`: a full disk, for one */
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

/** Writes to standard error. Where that fails there is no place left to say so. */
function writeErr(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch (_error) {
    // A full disk, a terminal that went away: the exit code still tells.
  }
}

/** Writes a whole text. A reader that went away is no error of ours: what follows is dropped. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = encoder.encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.WouldBlock) return;
    throw error;
  }
}
