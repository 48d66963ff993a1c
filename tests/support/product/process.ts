/** The product, started as a user starts it, and the events it logs. */
import { Child } from "../system/children.ts";
import { ROOT } from "../system/files.ts";
import { jsonLine, WAIT_TIMEOUT_MS } from "../system/lines.ts";

/** One line of the log, as JSON. */
export type LogEvent = Readonly<Record<string, unknown>>;

/** How to start it. */
export interface OrionOptions {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the root of the checkout. */
  readonly cwd?: string;
}

/** One `sh scripts/orion.sh …`, ended when disposed: `await using orion = startOrion(["run"])`. */
export class OrionProcess extends Child {
  /** Every event logged so far. */
  events(): LogEvent[] {
    return this.stderr.all.map(jsonLine).filter((event) => event !== null);
  }

  /**
   * The first event of that name whose fields pass the test, from the start or from line `since` of the
   * log: an earlier one, or the next.
   * @throws when the process ends or the time runs out first; the error shows the end of the log
   */
  async waitFor(
    name: string,
    test: (event: LogEvent) => boolean = () => true,
    { timeoutMs = WAIT_TIMEOUT_MS, since = 0 } = {},
  ): Promise<LogEvent> {
    const matches = (line: string) => {
      const event = jsonLine(line);
      return event !== null && event["event"] === name && test(event);
    };
    const line = await this.stderr.waitFor(matches, { timeoutMs, since, what: `event ${name}` });
    return jsonLine(line) ?? {};
  }
}

/**
 * Starts the product with its own, computed permissions; JSON logs unless `args` say otherwise.
 * Needs `run` for `sh`.
 */
export function startOrion(args: readonly string[], options: OrionOptions = {}): OrionProcess {
  const format = args.includes("--log-format") ? [] : ["--log-format", "json"];
  return new OrionProcess({
    name: `orion ${args.join(" ")}`,
    command: "sh",
    args: [`${ROOT}/scripts/orion.sh`, ...args, ...format],
    cwd: options.cwd ?? ROOT,
    env: { NO_COLOR: "1", ...options.env },
  });
}

/** The result of a command that ends by itself. */
export interface OrionOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the product to its end: `check`, `permissions`, `--help`, or a start that must fail. */
export async function runOrion(
  args: readonly string[],
  options: OrionOptions & { readonly timeoutMs?: number } = {},
): Promise<OrionOutcome> {
  await using orion = new OrionProcess({
    name: `orion ${args.join(" ")}`,
    command: "sh",
    args: [`${ROOT}/scripts/orion.sh`, ...args],
    cwd: options.cwd ?? ROOT,
    env: { NO_COLOR: "1", ...options.env },
  });
  const { code } = await orion.exit(options.timeoutMs ?? WAIT_TIMEOUT_MS);
  return { code, stdout: orion.stdout.text(), stderr: orion.stderr.text() };
}
