/** Runs one command of the checks: its lines as they come, and no end without an end. */
import { NO_TELEMETRY } from "../../src/core/telemetry.ts";

/** How long a command may say nothing. */
const SILENCE_MS = 180_000;
/** How long a command may take in all, on a machine that is slow and busy. */
const LIMIT_MS = 900_000;

/** What a command did. */
export interface CommandOutcome {
  readonly code: number;
  /** Both of its streams, a line at a time, in the order they came. */
  readonly lines: readonly string[];
  /** Why it was ended, or null when it ended by itself. */
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

/** Process groups that are running: an interrupted run must not leave them behind. */
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

/** Deno signals a group only with the right to run everything; the shell needs no more than itself. */
function killGroup(pid: number): void {
  new Deno.Command("sh", {
    args: ["-c", `kill -s KILL -- -${pid}`],
    stdout: "null",
    stderr: "null",
  }).outputSync();
}

/**
 * Runs a command in a process group of its own, and ends the whole group when it falls silent or takes
 * too long.
 */
export async function runCommand(plan: CommandPlan, running: Running): Promise<CommandOutcome> {
  const { silenceMs = SILENCE_MS, limitMs = LIMIT_MS } = plan;
  const child = new Deno.Command(plan.command, {
    args: [...plan.args],
    cwd: plan.cwd,
    // Tests load ONNX Runtime without Orion around it, which keeps it from reporting.
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
  const silent = () => stop(`said nothing for ${silenceMs / 1000} s`);
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
