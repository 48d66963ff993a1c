/** Formats, redacts and writes log events: the only place that does. */
import { configureSync, getLogger, type LogRecord as TapeRecord } from "@logtape/logtape";
import { isoTime, wallMs } from "../core/clock.ts";
import { type Log, type LogFields, type LogLevel, logTo } from "../core/log.ts";
import type { Redactor } from "../core/redact.ts";
import type { LogFormat } from "./args.ts";

export interface LogOptions {
  readonly format: LogFormat;
  /** The lowest level that is written. */
  readonly level: LogLevel;
  readonly redactor: Redactor;
  /** Writes one line, line break included. */
  readonly write: (line: string) => void;
  /** Colours the level, for a terminal; ignored with `json`. */
  readonly colour?: boolean;
}

const COLOURS: Readonly<Record<LogLevel, string>> = {
  debug: "\x1b[2m",
  info: "\x1b[32m",
  warning: "\x1b[33m",
  error: "\x1b[31m",
};
const PLAIN = "\x1b[0m";

/** The fields of a longer line are replaced by its length. */
const MAX_LINE_LENGTH = 16_384;

/**
 * Creates the log of the process. LogTape is configured per thread, so a new log replaces the one
 * before: create one and pass it on.
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
    // LogTape would treat braces as placeholders.
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

/** Keys that every line has; a field of that name gets a `_` appended. */
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

/** Redacts the fields, drops `undefined`, and renames reserved keys. */
function safeFields(fields: LogFields, redactor: Redactor): LogFields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [RESERVED.has(key) ? `${key}_` : key, redactor.value(value)]),
  );
}

/** Writes plain words unquoted and everything else as JSON, so that a value never breaks its line. */
function textValue(value: unknown): string {
  if (typeof value === "string" && /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(value)) {
    if (!/["=]/.test(value)) return value;
  }
  const json = JSON.stringify(value) ?? String(value);
  // JSON does not escape these control characters, and some terminals interpret them.
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
