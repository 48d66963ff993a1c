/** The severity of a log record. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** In ascending severity. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warning", "error"];

/** The fields of a log record: plain data. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One logged event. */
export interface LogRecord {
  readonly level: LogLevel;
  /** A short, stable name: `camera.online`. */
  readonly event: string;
  readonly fields: LogFields;
}

/** The log; injected everywhere, never the console. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warning(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** Returns a log that adds `fields` to every record. */
  child(fields: LogFields): Log;
}

/** Creates a log that passes each record to `write`: a worker posts it, a test collects it. */
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
