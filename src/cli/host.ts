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
  /** Standard output: only what was asked for. */
  out(text: string): void;
  /** Standard error: logs and what went wrong. */
  err(text: string): void;
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
    out: (text) => writeAll(Deno.stdout, text),
    err: (text) => writeAll(Deno.stderr, text),
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
