import type { Settings } from "../../config/settings.ts";
import { errorData, OrionError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Redactor } from "../../core/redact.ts";
import type { MissingPermission } from "../../permissions/missing.ts";
import type { Configuration } from "../control/controller.ts";
import { busy } from "../control/refusals.ts";
import { isSame, type SettingsChange, settingsChange } from "./diff.ts";
import { needsRestart, NO_FILE, notGranted, SHUTTING_DOWN } from "./refusals.ts";
import { type ReloadSummary, summaryOf } from "./summary.ts";
import { keepUdpPorts } from "./udp_ports.ts";

/** A configuration that can be applied: its models are loaded. */
export interface PreparedReload {
  /** Applies it at once. @returns settles when what it removed has stopped */
  commit(): Promise<void>;
  /** Nothing changes. */
  drop(): void;
}

export interface ReloaderParts {
  /** The settings in force, but for what commands have changed. */
  readonly settings: () => Settings;
  /** Loads models. @throws OrionError when one cannot be loaded in time; nothing has changed then */
  readonly prepare: (settings: Settings, change: SettingsChange) => Promise<PreparedReload>;
  /** Reads the configuration. @throws OrionError with every problem */
  readonly read: () => Settings;
  /** The permissions that a configuration needs and the process lacks. */
  readonly missing: (settings: Settings) => readonly MissingPermission[];
  /** Knows the secrets of the configuration in force, and of the one that is read. */
  readonly redactor: Redactor;
  readonly log: Log;
}

/**
 * Reads the configuration again and applies what differs, all of it or nothing. One at a time.
 *
 * Until {@link start} the service is not up, and after {@link stop} it is not any more.
 */
export class Reloader implements Configuration {
  readonly #parts: ReloaderParts;
  #state: "starting" | "ready" | "reading" | "stopped" = "starting";
  /** Whether a signal wants another one when the present one has ended. */
  #isWanted = false;
  /** What excludes it at present. */
  #exclusions = 0;

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
  }

  /** Whether one is in progress. */
  get isReading(): boolean {
    return this.#state === "reading";
  }

  start(): void {
    if (this.#state === "starting") this.#state = "ready";
    if (this.#isWanted) this.request();
  }

  /** From now on nothing is changed. */
  stop(): void {
    this.#state = "stopped";
  }

  /** On a signal: at once, or as soon as the service is up or the present one has ended. Never rejects. */
  request(): void {
    const isReady = this.#state === "ready" && this.#exclusions === 0;
    this.#isWanted = !isReady;
    // Why it was refused is logged.
    if (isReady) this.reload().catch(() => undefined);
  }

  async exclude<T>(act: () => Promise<T>): Promise<T> {
    if (this.isReading) throw new OrionError(busy("the configuration is being read"));
    this.#exclusions += 1;
    try {
      return await act();
    } finally {
      this.#exclusions -= 1;
      if (this.#isWanted) this.request();
    }
  }

  /**
   * Reads and applies it.
   * @returns what has changed
   * @throws OrionError why nothing has: `CONFIG`, `PERMISSIONS`, `RELOAD_NEEDS_RESTART`, `RELOAD_NO_FILE`, the
   *         error of a model, or `CONTROL_BUSY`
   */
  async reload(): Promise<ReloadSummary> {
    if (this.#state === "starting") throw new OrionError(busy("Orion is starting"));
    if (this.#state === "reading") throw new OrionError(busy("the configuration is being read"));
    if (this.#exclusions > 0) throw new OrionError(busy("a model is being loaded"));
    if (this.#state === "stopped") throw new OrionError(SHUTTING_DOWN);
    this.#state = "reading";
    try {
      return await this.#reload();
    } catch (error) {
      this.#refused(error);
      throw error;
    } finally {
      if (this.isReading) this.#state = "ready";
      if (this.#isWanted) this.request();
    }
  }

  async #reload(): Promise<ReloadSummary> {
    const { log } = this.#parts;
    const settings = this.#read();
    const change = settingsChange(this.#parts.settings(), settings);
    if (change.fixed.length > 0) throw needsRestart(change.fixed);
    const missing = this.#parts.missing(settings);
    if (missing.length > 0) throw notGranted(missing);
    const prepared = await this.#parts.prepare(settings, change);
    // Also after a stop in the meantime.
    if (!this.isReading) {
      prepared.drop();
      throw new OrionError(SHUTTING_DOWN);
    }
    for (const warning of settings.warnings) log.warning("config.warned", { warning });
    const stopped = prepared.commit();
    const summary = summaryOf(change);
    log.info("config.reloaded", isSame(change) ? { changed: "nothing" } : { ...summary });
    await stopped;
    return summary;
  }

  #read(): Settings {
    const { read, redactor } = this.#parts;
    const before = this.#parts.settings();
    if (before.path === null) throw new OrionError(NO_FILE);
    const settings = keepUdpPorts(before, read());
    redactor.renew([...before.secrets(), ...settings.secrets()]);
    return settings;
  }

  #refused(error: unknown): void {
    const { log, redactor } = this.#parts;
    const { problems = [], ...data } = redactor.error(errorData(error));
    log.error("config.reload_refused", { ...data });
    for (const problem of problems) log.error("config.problem_found", { ...problem });
  }
}
