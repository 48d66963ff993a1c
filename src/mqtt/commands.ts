/**
 * The commands of the control topic: their schemas, and how a payload becomes one. The payload is
 * whatever somebody published, so it is looked at in the order of what it may cost: its size, its
 * encoding, its syntax, its shape.
 */
import { z } from "zod";
import { COMMAND_NAMES, type ControlCommand } from "../core/commands.ts";
import type { ErrorData } from "../core/errors.ts";
import { boxNorm } from "../core/geometry.ts";
import { type JsonProblem, parseStrictJson } from "./strict_json.ts";

/** Bytes of one command; the longest that makes sense is below a tenth of it. */
export const MAX_COMMAND_BYTES = 64 * 1024;
/** Objects and arrays within one another; a command needs three. */
export const MAX_COMMAND_DEPTH = 8;
export const MAX_COMMAND_ID_LENGTH = 256;
const MAX_COMMAND_NAME_LENGTH = 64;
const MAX_MODEL_LENGTH = 1024;
/** 0.1 + 0.9 may be a little more than 1. */
const ROUNDING = 1e-9;

/** Each error text is what was expected: it completes "must be …". */
function number(low: number, high: number) {
  const error = `a number within ${low} and ${high}`;
  return z.number({ error }).min(low, { error }).max(high, { error });
}

function text(most: number) {
  const error = `a text of 1 to ${most} characters`;
  return z.string({ error }).min(1, { error }).max(most, { error });
}

const ID = "1 to 64 of the characters a to z, 0 to 9 and -";
const id = z.string({ error: ID }).regex(/^[a-z0-9-]{1,64}$/, { error: ID });
const fraction = number(0, 1);

function object<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: `an object with the keys ${Object.keys(shape).join(", ")}`,
  });
}

const roi = object({ x: fraction, y: fraction, width: fraction, height: fraction })
  .refine(
    ({ x, y, width, height }) =>
      width > 0 && height > 0 && x + width <= 1 + ROUNDING && y + height <= 1 + ROUNDING,
    { error: "an area within the frame: x + width and y + height are at most 1" },
  ).describe("fractions of the frame; x + width and y + height are at most 1");

const nothing = z.strictObject({}, { error: "an empty object" }).optional();

function command<N extends ControlCommand["command"], P extends z.ZodType>(name: N, params: P) {
  return z.strictObject({
    schema: z.literal("orion.command/1"),
    id: text(MAX_COMMAND_ID_LENGTH).optional().describe(
      "any text; the same command with the same id within five minutes is carried out once, and " +
        "refused with another; without an id it is carried out each time",
    ),
    command: z.literal(name),
    params,
  });
}

const which = object({ camera: id.optional(), detector: id.optional() })
  .optional().describe("absent: all cameras, all detectors");

/** `orion.command/1`. */
export const commandSchema = z.discriminatedUnion("command", [
  command("get_status", nothing),
  command("pause", which),
  command("resume", which),
  command("set_rate", object({ detector: id, rateHz: number(0.1, 30), camera: id.optional() })),
  command("set_confidence", object({ detector: id, confidence: fraction })),
  command("set_roi", object({ camera: id, roi })),
  command("clear_roi", object({ camera: id, roi: z.null().optional() })),
  command("set_model", object({ detector: id, model: text(MAX_MODEL_LENGTH) })),
  command("snapshot", object({ camera: id })),
  command("shutdown", nothing),
]);

export type CommandPayload = z.infer<typeof commandSchema>;

/** What was found in a payload; `id` and `name` where they could be read. */
export type ParsedCommand =
  | { readonly ok: true; readonly id: string | null; readonly command: ControlCommand }
  | {
    readonly ok: false;
    readonly id: string | null;
    readonly name: string | null;
    readonly error: ErrorData;
  };

/** A payload as a command, or why it is none. Never throws, whatever the bytes are. */
export function parseCommand(payload: Uint8Array): ParsedCommand {
  if (payload.byteLength > MAX_COMMAND_BYTES) {
    return refused(undefined, "CONTROL_TOO_LARGE", `it is larger than ${MAX_COMMAND_BYTES} bytes`);
  }
  const decoded = decode(payload);
  if (decoded === null) return refused(undefined, "CONTROL_NOT_UTF8", "it is not UTF-8");
  const json = parseStrictJson(decoded, MAX_COMMAND_DEPTH);
  if (!json.ok) return refused(json.value, ...JSON_PROBLEMS[json.problem]);
  const { value } = json;
  if (!isRecord(value)) return refused(value, "CONTROL_MALFORMED", "it is not a JSON object");
  if (value["schema"] !== "orion.command/1") {
    return refused(value, "CONTROL_MALFORMED", 'schema must be "orion.command/1"');
  }
  const name = readText(value, "command", MAX_COMMAND_NAME_LENGTH);
  if (name === null || !COMMAND_NAMES.some((known) => known === name)) {
    const named = name === null ? "it names no command" : `there is no command ${quote(name)}`;
    return refused(value, "CONTROL_UNKNOWN_COMMAND", named);
  }
  const parsed = commandSchema.safeParse(value);
  if (parsed.success) {
    return { ok: true, id: parsed.data.id ?? null, command: commandOf(parsed.data) };
  }
  const [issue] = parsed.error.issues;
  return refused(value, "CONTROL_MALFORMED", issue === undefined ? "?" : issueText(issue));
}

const JSON_PROBLEMS: Readonly<Record<JsonProblem, readonly [code: string, found: string]>> = {
  "not-json": ["CONTROL_NOT_JSON", "it is not JSON"],
  "too-deep": ["CONTROL_MALFORMED", `it is deeper than ${MAX_COMMAND_DEPTH} levels`],
  "duplicate-key": ["CONTROL_MALFORMED", "it holds a key twice"],
  "forbidden-key": ["CONTROL_MALFORMED", "it holds a key that is no name of anything"],
};

function decode(payload: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function commandOf(payload: CommandPayload): ControlCommand {
  switch (payload.command) {
    case "get_status":
    case "shutdown":
      return { command: payload.command };
    case "pause":
    case "resume": {
      const { camera = null, detector = null } = payload.params ?? {};
      return { command: payload.command, camera, detector };
    }
    case "set_rate": {
      const { detector, rateHz, camera = null } = payload.params;
      return { command: payload.command, detector, rateHz, camera };
    }
    case "set_roi": {
      const { camera, roi } = payload.params;
      return { command: payload.command, camera, roi: boxNorm(roi) };
    }
    case "clear_roi":
    case "snapshot":
      return { command: payload.command, camera: payload.params.camera };
    case "set_confidence":
      return { command: payload.command, ...payload.params };
    case "set_model":
      return { command: payload.command, ...payload.params };
  }
}

function refused(value: unknown, code: string, found: string): ParsedCommand {
  return {
    ok: false,
    id: readText(value, "id", MAX_COMMAND_ID_LENGTH),
    name: readText(value, "command", MAX_COMMAND_NAME_LENGTH),
    error: {
      code,
      message: `Cannot take the command: ${found}`,
      retryable: false,
      remedy: "Write it as schema/orion.command.1.schema.json says.",
    },
  };
}

/** A text of a record, or null; whatever the value is. */
function readText(value: unknown, key: string, most: number): string | null {
  if (!isRecord(value) || !Object.hasOwn(value, key)) return null;
  const found = value[key];
  return typeof found === "string" && found !== "" && found.length <= most ? found : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function issueText(issue: z.core.$ZodIssue): string {
  const place = issue.path.length === 0 ? "it" : issue.path.map(String).join(".");
  if (issue.code !== "unrecognized_keys") return `${place} must be ${issue.message}`;
  return `${place} has the unknown key ${quote(issue.keys[0] ?? "")}`;
}

function quote(found: string): string {
  return JSON.stringify(found.slice(0, MAX_COMMAND_NAME_LENGTH));
}
