/** Runs one command of the checks, streams its lines, and limits its time. */
import { NO_TELEMETRY } from "../../src/core/telemetry.ts";

/** Limit between two lines of output. */
const SILENCE_MS = 180_000;
/** Limit of the whole run, for a slow and busy machine. */
const LIMIT_MS = 900_000;

/** The outcome of a command. */
export interface CommandOutcome {
  readonly code: number;
  /** The lines of both its streams, in the order they arrived. */
  readonly lines: readonly string[];
  /** Why it was killed, or null when it exited. */
  readonly stopped: string | null;
}

export interface CommandPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
  readonly silenceMs?: number;
  readonly limitMs?: number;
}

/** The running process groups, to be killed when a run is interrupted. */
export class Running {
  readonly #groups = new Set<number>();

  add(pid: number): void {
    this.#groups.add(pid);
  }

  delete(pid: number): void {
    this.#groups.delete(pid);
  }

  killAll(): void {
    for (const pid of this.#groups) killGroup(pid);
  }
}

/** Uses the shell: Deno signals a group only with the permission to run every program. */
function killGroup(pid: number): void {
  new Deno.Command("sh", {
    args: ["-c", `kill -s KILL -- -${pid}`],
    stdout: "null",
    stderr: "null",
  }).outputSync();
}

/**
 * Runs a command in a process group of its own, and kills the group when it prints nothing or runs for
 * too long.
 */
export async function runCommand(plan: CommandPlan, running: Running): Promise<CommandOutcome> {
  const { silenceMs = SILENCE_MS, limitMs = LIMIT_MS } = plan;
  const child = new Deno.Command(plan.command, {
    args: [...plan.args],
    cwd: plan.cwd,
    // Tests load ONNX Runtime directly, without Orion, which switches its telemetry off.
    env: { NO_COLOR: "1", [NO_TELEMETRY]: "1", ...plan.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  running.add(child.pid);
  const lines: string[] = [];
  let stopped: string | null = null;
  const stop = (why: string) => {
    stopped ??= why;
    killGroup(child.pid);
  };
  const limit = setTimeout(() => stop(`took longer than ${limitMs / 1000} s`), limitMs);
  const silent = () => stop(`printed nothing for ${silenceMs / 1000} s`);
  let silence = setTimeout(silent, silenceMs);
  const onLine = (line: string) => {
    clearTimeout(silence);
    silence = setTimeout(silent, silenceMs);
    lines.push(line);
    plan.onLine?.(line);
  };
  try {
    const [status] = await Promise.all([
      child.status,
      eachLine(child.stdout, onLine),
      eachLine(child.stderr, onLine),
    ]);
    return { code: status.code, lines, stopped };
  } finally {
    clearTimeout(limit);
    clearTimeout(silence);
    killGroup(child.pid);
    running.delete(child.pid);
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(part);
  }
  if (rest !== "") onLine(rest);
}
