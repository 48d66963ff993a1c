/** Runs a command line and returns its exit code. */
import { systemClock } from "../core/clock.ts";
import { assertNever } from "../core/assert.ts";
import { UsageError } from "../core/errors.ts";
import { Redactor } from "../core/redact.ts";
import { VERSION } from "../core/version.ts";
import { permissionManifest } from "../permissions/manifest.ts";
import { type Invocation, parseCommandLine } from "./args.ts";
import { checkHttp } from "../service/http_check.ts";
import {
  checkConfinement,
  checkConnections,
  checkModels,
  type Finding,
  findingOf,
  findingText,
} from "./check.ts";
import { EXIT, exitCode } from "../core/exit.ts";
import { failureText, logFailure } from "./failure.ts";
import type { FirstSignals } from "./first_signals.ts";
import { helpText } from "./help.ts";
import type { Host } from "./host.ts";
import { LineQueue } from "./line_queue.ts";
import { runInit } from "./init/init.ts";
import { createLog } from "./logging.ts";
import { printPermissions } from "./permissions.ts";
import { runProbe } from "./probe.ts";
import { locatePlaces, readSettings, requirePermissions } from "./prepare.ts";
import { openUnpacked, requirePlace, unpack } from "./unpacked.ts";

/** How long an orderly and an immediate exit wait for the reader of the log. */
const FLUSH_MS = 1000;
const HURRIED_FLUSH_MS = 200;

/**
 * Runs a command line. Errors are printed to standard error without a stack and without credentials.
 *
 * @param args     without the program's name
 * @param signals  handles them until a service does; null: nothing does
 * @returns the exit code
 */
export async function runCli(
  args: readonly string[],
  host: Host,
  signals: FirstSignals | null = null,
): Promise<number> {
  let invocation: Invocation | null = null;
  try {
    invocation = parseCommandLine(args);
    using _lock = host.isCompiled ? openFiles(invocation, host) : null;
    return await execute(invocation, host, signals);
  } catch (error) {
    reportFailure(error, invocation, host);
    return exitCode(error);
  }
}

/** Prints an error, or logs it where `run` is to log JSON. */
function reportFailure(error: unknown, invocation: Invocation | null, host: Host): void {
  const redactor = new Redactor();
  const debug = invocation !== null && "logLevel" in invocation && invocation.logLevel === "debug";
  if (invocation?.command !== "run" || invocation.logFormat !== "json") {
    return host.err(failureText(error, redactor, debug));
  }
  const write = (line: string) => host.err(line);
  logFailure(createLog({ format: "json", level: "error", redactor, write }), error, debug);
}

/** Verifies what a compiled program has unpacked, as far as the command uses it; returns the lock on it. */
function openFiles({ command }: Invocation, host: Host): Disposable | null {
  switch (command) {
    case "help":
    case "version":
    case "unpack":
      return null;
    case "permissions":
      requirePlace(host);
      return null;
    case "run":
    case "check":
    case "probe":
    case "init":
      return openUnpacked(host);
  }
}

async function execute(
  invocation: Invocation,
  host: Host,
  signals: FirstSignals | null,
): Promise<number> {
  switch (invocation.command) {
    case "help":
      host.out(helpText(invocation.topic));
      return EXIT.done;
    case "version":
      host.out(`orion ${VERSION}\n`);
      return EXIT.done;
    case "unpack":
      if (!host.isCompiled) {
        const remedy = "Leave it out: this Orion runs from its own folder.";
        throw new UsageError("--unpack is for the compiled program", remedy);
      }
      unpack(host);
      return EXIT.done;
    case "permissions":
      printPermissions(invocation, host);
      return EXIT.done;
    case "check":
      return await check(invocation, host);
    case "probe":
      return await runProbe(invocation, host);
    case "init":
      return await runInit(invocation, host);
    case "run":
      return await run(invocation, host, signals);
    default:
      return assertNever(invocation);
  }
}

async function run(
  args: Extract<Invocation, { command: "run" }>,
  host: Host,
  signals: FirstSignals | null,
): Promise<number> {
  const settings = readSettings(args, host);
  const redactor = new Redactor(settings.secrets());
  const lines = new LineQueue({
    write: (bytes) => host.errAsync(bytes),
    clock: systemClock,
    onGap: (count) => log.warning("log.dropped", { lines: count }),
  });
  const log = createLog({
    format: args.logFormat,
    level: args.logLevel,
    redactor,
    write: (line) => lines.push(line),
    colour: host.colour,
  });
  const fail = (error: unknown) => {
    const debug = args.logLevel === "debug";
    if (args.logFormat === "json") logFailure(log, error, debug);
    else lines.push(failureText(error, redactor, debug));
  };
  // For a stack Deno reads and parses sources, and without free descriptors that ends the process.
  if (args.logLevel !== "debug") host.omitStacks();
  const exit = (code: number) => void lines.flush(HURRIED_FLUSH_MS).then(() => host.exit(code));
  try {
    requirePermissions(settings, host);
    for (const warning of settings.warnings) log.warning("config.warned", { warning });
    const places = locatePlaces(host.root);
    host.onUncaught((error) => {
      fail(error);
      exit(EXIT.failed);
    });
    const { runService } = await import("../service/run.ts");
    const { WORKER_ENTRIES } = await import("../service/workers/entries.ts");
    return await runService({
      settings,
      manifestOf: (other) => permissionManifest(other, places),
      places,
      entries: WORKER_ENTRIES,
      isGranted: (kind, value) => host.isGranted(kind, value),
      isCompiled: host.isCompiled,
      log,
      clock: systemClock,
      version: VERSION,
      readSettings: () => readSettings({ ...args, config: settings.path }, host),
      redactor,
      droppedLogLines: () => lines.dropped,
      handsOverSignals: () => signals?.release() ?? false,
    }, exit);
  } catch (error) {
    fail(error);
    return exitCode(error);
  } finally {
    await lines.flush(FLUSH_MS);
  }
}

async function check(
  args: Extract<Invocation, { command: "check" }>,
  host: Host,
): Promise<number> {
  const settings = readSettings(args, host);
  requirePermissions(settings, host);
  const redactor = new Redactor(settings.secrets());
  const libav = await findingOf("libav", () => locatePlaces(host.root).libav.avformat);
  const findings: Finding[] = [
    { subject: "configuration", detail: settings.path ?? "none: the demo", problem: null },
    libav,
    await findingOf("http", () => checkHttp({ ...settings, clock: systemClock })),
  ];
  if (libav.problem === null) {
    const places = locatePlaces(host.root);
    const manifest = permissionManifest(settings, places);
    const context = { settings, places, manifest };
    findings.push(await checkConfinement(context));
    findings.push(...await checkModels(context));
    if (args.connect) findings.push(...await checkConnections(context));
  }
  for (const warning of settings.warnings) host.err(redactor.text(`warning: ${warning}\n`));
  for (const finding of findings) {
    const text = redactor.text(findingText(finding));
    if (finding.problem === null) host.out(text);
    else host.err(text);
  }
  return findings.some(({ problem }) => problem !== null) ? EXIT.usage : EXIT.done;
}
