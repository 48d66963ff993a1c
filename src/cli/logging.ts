/** The one place where events become lines: formatted, redacted, written. */
import { configureSync, getLogger, type LogRecord as TapeRecord } from "@logtape/logtape";
import { isoTime, wallMs } from "../core/clock.ts";
import { type Log, type LogFields, type LogLevel, logTo } from "../core/log.ts";
import type { Redactor } from "../core/redact.ts";
import type { LogFormat } from "./args.ts";

export interface LogOptions {
  readonly format: LogFormat;
  /** The least important level that is written. */
  readonly level: LogLevel;
  readonly redactor: Redactor;
  /** Takes one line, line break included. */
  readonly write: (line: string) => void;
  /** Colours for a terminal; never with `json`. */
  readonly colour?: boolean;
}

const COLOURS: Readonly<Record<LogLevel, string>> = {
  debug: "\x1b[2m",
  info: "\x1b[32m",
  warning: "\x1b[33m",
  error: "\x1b[31m",
};
const PLAIN = "\x1b[0m";

/** A line longer than this is cut: a log is no dump. */
const MAX_LINE_LENGTH = 16_384;

/**
 * The log of the process. LogTape's configuration belongs to the thread, so the newest log replaces
 * the one before: make one, and hand it on.
 */
export function createLog(options: LogOptions): Log {
  const sink = (record: TapeRecord) => options.write(formatRecord(record, options));
  configureSync({
    reset: true,
    sinks: { out: sink },
    loggers: [
      { category: CATEGORY, sinks: ["out"], lowestLevel: options.level },
      { category: ["logtape", "meta"], sinks: ["out"], lowestLevel: "error" },
    ],
  });
  const logger = getLogger(CATEGORY);
  return logTo(({ level, event, fields }) => {
    // Braces would make LogTape look for values to fill in; an event's name has none.
    const name = event.replace(/[{}]/g, "");
    switch (level) {
      case "debug":
        return logger.debug(name, { ...fields });
      case "info":
        return logger.info(name, { ...fields });
      case "warning":
        return logger.warning(name, { ...fields });
      case "error":
        return logger.error(name, { ...fields });
    }
  });
}

const CATEGORY = ["orion"];

/** Names that every line has itself; a field of that name gets a `_`. */
const RESERVED = new Set(["time", "level", "event"]);

interface Line {
  readonly time: string;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

function formatRecord(record: TapeRecord, options: LogOptions): string {
  const line: Line = {
    time: isoTime(wallMs(record.timestamp)),
    level: levelOf(record.level),
    event: options.redactor.text(record.message.map(String).join("")),
    fields: safeFields(record.properties, options.redactor),
  };
  const text = formatLine(line, options);
  if (text.length <= MAX_LINE_LENGTH) return `${text}\n`;
  return `${formatLine({ ...line, fields: { cut: text.length } }, options)}\n`;
}

function formatLine(line: Line, options: LogOptions): string {
  const { time, level, event, fields } = line;
  if (options.format === "json") return JSON.stringify({ time, level, event, ...fields });
  const label = level.toUpperCase();
  const shown = options.colour === true ? `${COLOURS[level]}${label}${PLAIN}` : label;
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${textValue(value)}`);
  return `${time} ${shown} ${event}${pairs.join("")}`;
}

/** The fields without secrets, without `undefined`, and without names a line has itself. */
function safeFields(fields: LogFields, redactor: Redactor): LogFields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [RESERVED.has(key) ? `${key}_` : key, redactor.value(value)]),
  );
}

/** Plain words as they are; everything else as JSON, so that a value never breaks its line. */
function textValue(value: unknown): string {
  if (typeof value === "string" && /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(value)) {
    if (!/["=]/.test(value)) return value;
  }
  const json = JSON.stringify(value) ?? String(value);
  // JSON leaves these control characters as they are; some terminals obey them.
  return json.replace(/[\x7f-\x9f]/g, "");
}

function levelOf(level: TapeRecord["level"]): LogLevel {
  switch (level) {
    case "trace":
    case "debug":
      return "debug";
    case "info":
      return "info";
    case "warning":
      return "warning";
    case "error":
    case "fatal":
      return "error";
  }
}
