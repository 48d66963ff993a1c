/** How much a log line matters. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** From the least to the most important. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warning", "error"];

/** What a log line says beside its event: plain data. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One thing that happened. */
export interface LogRecord {
  readonly level: LogLevel;
  /** A short, stable name: `camera.online`. */
  readonly event: string;
  readonly fields: LogFields;
}

/** Where events go. Handed in everywhere; nobody logs to the console. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warning(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log, with `fields` on every line. */
  child(fields: LogFields): Log;
}

/** A log that hands each record to `write`: a worker posts it, a test collects it. */
export function logTo(write: (record: LogRecord) => void, bound: LogFields = {}): Log {
  const at = (level: LogLevel) => (event: string, fields: LogFields = {}) =>
    write({ level, event, fields: { ...bound, ...fields } });
  return {
    debug: at("debug"),
    info: at("info"),
    warning: at("warning"),
    error: at("error"),
    child: (fields) => logTo(write, { ...bound, ...fields }),
  };
}
