import type { SteadyMs } from "../core/clock.ts";
import { errorData } from "../core/errors.ts";
import { EXIT, exitCode } from "../core/exit.ts";
import { collectPeriodically } from "../core/garbage_collection.ts";
import { forbidTelemetry } from "../core/telemetry.ts";
import type { ServiceOptions } from "./options.ts";
import { Service } from "./service.ts";
import { watchTerminal } from "./terminal.ts";

/**
 * Signals within this time count as one: a terminal and a task runner both pass Ctrl-C on, and `timeout`
 * signals its child and then the whole group.
 */
const ONE_SIGNAL_MS = 500;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs the service until a signal, a command or the supervisor ends it.
 *
 * The first signal begins the orderly shutdown; a second one ends the process at once. SIGHUP is such a signal
 * when the terminal that Orion was started from is gone; otherwise it reads the configuration again.
 * @param exit  ends the process with a code at once
 * @returns the exit code; threads may still hang, so the caller must end the process with it
 */
export async function runService(
  options: ServiceOptions,
  exit: (code: number) => void = Deno.exit,
): Promise<number> {
  const { log, clock } = options;
  forbidTelemetry();
  const service = new Service(options);
  const stopCollecting = collectPeriodically(clock);
  const signalled = Promise.withResolvers<string>();
  let firstAtMs: SteadyMs | null = null;
  const isTerminalGone = watchTerminal();
  // Never removed: one that comes while the process ends would change its exit code.
  for (const signal of SIGNALS) {
    Deno.addSignalListener(signal, () => {
      if (signal === "SIGHUP" && !isTerminalGone()) return service.requestReload();
      firstAtMs ??= clock.nowMs();
      signalled.resolve(signal);
      if (clock.nowMs() - firstAtMs < ONE_SIGNAL_MS) return;
      log.error("service.killed", { signal, remedy: "A second signal ends Orion at once." });
      exit(EXIT.failed);
    });
  }
  if (options.handsOverSignals?.() === true) service.requestReload();
  try {
    const started = service.start();
    const end = await Promise.race([
      signalled.promise.then((reason) => ({ reason, code: EXIT.done })),
      service.ended,
      started.then(() => new Promise<never>(() => undefined)),
    ]);
    started.catch(() => undefined);
    await service.stop(end.reason);
    return end.code;
  } catch (error) {
    const { code, message, remedy } = errorData(error);
    log.error("service.failed", { code, message, remedy });
    await service.stop(code);
    return exitCode(error);
  } finally {
    stopCollecting();
  }
}
