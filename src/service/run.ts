import type { SteadyMs } from "../core/clock.ts";
import { errorData } from "../core/errors.ts";
import { EXIT, exitCode } from "../core/exit.ts";
import { collectPeriodically } from "../core/garbage_collection.ts";
import { forbidTelemetry } from "../core/telemetry.ts";
import type { ServiceOptions } from "./options.ts";
import { Service } from "./service.ts";

/**
 * Signals that follow one another faster than a person's second thought are one: a terminal and a
 * task runner both pass Ctrl-C on, and `timeout` signals its child and then the whole group.
 */
const ONE_SIGNAL_MS = 500;

/** A hangup is the end of whoever would have read the log, or asks for a reload that there is not. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs the service until a signal ends it, or until a worker failed more often than it may.
 *
 * The first signal shuts down in order; a second one ends the process at once.
 * @param exit  ends the process with a code, without waiting for anything of it
 * @returns the exit code; threads that hang may be left behind, so the caller ends the process with it
 */
export async function runService(
  options: ServiceOptions,
  exit: (code: number) => void = Deno.exit,
): Promise<number> {
  const { log, clock } = options;
  forbidTelemetry();
  const service = new Service(options);
  const endCollection = collectPeriodically(clock);
  const asked = Promise.withResolvers<string>();
  let firstAtMs: SteadyMs | null = null;
  const listeners = SIGNALS.map((signal) => {
    const listener = () => {
      firstAtMs ??= clock.nowMs();
      asked.resolve(signal);
      if (clock.nowMs() - firstAtMs < ONE_SIGNAL_MS) return;
      log.error("service.killed", { signal, remedy: "A second signal ends Orion at once." });
      exit(EXIT.failed);
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  try {
    const started = service.start();
    const end = await Promise.race([
      asked.promise.then((reason) => ({ reason, code: EXIT.done })),
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
    endCollection();
    for (const remove of listeners) remove();
  }
}
