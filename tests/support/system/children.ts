/** Child processes that end with their test. */
import { Lines, PATIENCE, WAIT_TIMEOUT_MS } from "./lines.ts";

/** How long a child may take to end after SIGTERM before it is killed. */
const GRACE_MS = 10_000 * PATIENCE;

/** How long zombies of a process group may wait to be reaped. */
const REAP_MS = 3_000 * PATIENCE;
const REAP_STEP_MS = 20;

/** What to start. */
export interface ChildPlan {
  /** Its name in failure messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * One child process in a process group of its own.
 *
 * Disposing it ends it: SIGTERM, then after a while SIGKILL to its whole group.
 */
export class Child implements AsyncDisposable {
  readonly stdout: Lines;
  readonly stderr: Lines;
  readonly pid: number;
  readonly name: string;
  /** How it ended. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  #running = true;
  #closed: Promise<void> | null = null;

  /** Starts it; needs the permission `run` for its command and for `sh`. */
  constructor(plan: ChildPlan) {
    this.#process = new Deno.Command(plan.command, {
      args: [...plan.args],
      ...(plan.cwd === undefined ? {} : { cwd: plan.cwd }),
      env: { ...plan.env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    this.name = plan.name;
    this.pid = this.#process.pid;
    this.#stdin = this.#process.stdin.getWriter();
    this.stdout = new Lines(`${plan.name}, standard output`, this.#process.stdout);
    this.stderr = new Lines(`${plan.name}, standard error`, this.#process.stderr);
    this.status = this.#process.status.then((status) => {
      this.#running = false;
      return status;
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** Sends a signal to the child itself, unless it has ended. */
  signal(signal: Deno.Signal): void {
    if (this.#running) this.#process.kill(signal);
  }

  /** Writes one line to its standard input. */
  async say(line: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${line}\n`));
  }

  /**
   * Waits until it ends by itself.
   * @throws after `timeoutMs`
   */
  async exit(timeoutMs = WAIT_TIMEOUT_MS): Promise<Deno.CommandStatus> {
    if (!await this.#endsWithin(timeoutMs)) {
      throw new Error(`${this.name} did not end within ${timeoutMs} ms`);
    }
    await Promise.all([this.stdout.ended, this.stderr.ended]);
    return await this.status;
  }

  /**
   * Whether a process of its group is alive or not yet reaped, itself included. False after a clean
   * end: leaving children behind is a bug.
   */
  groupAlive(): Promise<boolean> {
    return this.#signalGroup("0");
  }

  /** Ends it and everything it started. Harmless when called twice. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // A stopped process does not handle SIGTERM until it is continued.
    this.signal("SIGCONT");
    this.signal("SIGTERM");
    await this.#endsWithin(GRACE_MS);
    await this.#signalGroup("KILL");
    await this.status;
    await Promise.all([this.stdout.ended, this.stderr.ended]);
    await this.#stdin.abort().catch(() => {
      // The pipe was closed with the child.
    });
    const until = performance.now() + REAP_MS;
    while (await this.groupAlive()) {
      if (performance.now() > until) throw new Error(`${this.name} left processes that won't die`);
      await new Promise((resolve) => setTimeout(resolve, REAP_STEP_MS));
    }
  }

  async #endsWithin(timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const ended = this.status.then(() => true);
    try {
      return await Promise.race([ended, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Through the shell, since Deno signals a group only with the permission to run everything. */
  async #signalGroup(signal: "0" | "KILL"): Promise<boolean> {
    const { success } = await new Deno.Command("sh", {
      args: ["-c", `kill -s ${signal} -- -${this.pid}`],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  }
}
