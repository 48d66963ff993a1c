/**
 * The commands of the control topic: their schemas and their parser. Anyone may have published the
 * payload, so it is checked in the order of cost: size, encoding, syntax, shape.
 */
import { z } from "zod";
import { COMMAND_NAMES, type ControlCommand } from "../core/commands.ts";
import type { ErrorData } from "../core/errors.ts";
import { boxNorm } from "../core/geometry.ts";
import {
  canStart,
  endSeconds,
  hasDirection,
  lineList,
  lineOf,
  lineShape,
  masks,
  polygonOf,
  startShape,
  updateSeconds,
  zoneList,
  zoneOf,
  zoneShape,
} from "../core/scene_schema.ts";
import {
  addProblem,
  boundedText,
  fraction,
  FRACTION_TOLERANCE,
  id,
  number,
  remedyOf,
} from "../core/schema_parts.ts";
import { isRecord, type JsonProblem, parseStrictJson } from "../core/strict_json.ts";

/** Bytes of one command; the corners of 32 zones with all their digits are below half of it. */
export const MAX_COMMAND_BYTES = 256 * 1024;
/** Nesting of objects and arrays; the corners of a zone are at the sixth level. */
export const MAX_COMMAND_DEPTH = 8;
const MAX_COMMAND_NAME_LENGTH = 64;
/** Where the id and the name of a command that is too large are looked for. */
const HEAD_BYTES = 1_024;
const MAX_MODEL_LENGTH = 1024;

/** The error text of each part completes "must be …". */
function text(maxLength: number) {
  return boundedText(`a text of 1 to ${maxLength} characters`, maxLength);
}

function object<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: `an object with the keys ${Object.keys(shape).join(", ")}`,
  });
}

const roi = object({ x: fraction, y: fraction, width: fraction, height: fraction })
  .refine(
    ({ x, y, width, height }) =>
      width > 0 && height > 0 && x + width <= 1 + FRACTION_TOLERANCE &&
      y + height <= 1 + FRACTION_TOLERANCE,
    { error: "an area within the frame: x + width and y + height are at most 1" },
  ).describe("fractions of the frame; x + width and y + height are at most 1");

const noParams = z.strictObject({}, { error: "an empty object" }).optional();

function command<N extends ControlCommand["command"], P extends z.ZodType>(name: N, params: P) {
  return z.strictObject({
    schema: z.literal("orion.command/1"),
    id: z.string({ error: "a text" }).optional().describe(
      "any text; the same command with the same id within five minutes is carried out once, and " +
        "refused with another; without an id it is carried out each time",
    ),
    command: z.literal(name),
    params,
  });
}

const target = object({ camera: id.optional(), detector: id.optional() })
  .optional().describe("absent: all cameras, all detectors");

const boxes = z.boolean({ error: "true or false" }).optional().describe(
  "true: the newest frame that a detector looked at, with its boxes, zones and masks",
);

const presence = object({
  detector: id,
  start: object(startShape).superRefine(canStart).optional(),
  endSeconds: endSeconds.optional(),
  updateSeconds: updateSeconds.optional(),
}).superRefine(({ start, endSeconds, updateSeconds }, context) => {
  if (start !== undefined || endSeconds !== undefined || updateSeconds !== undefined) return;
  const remedy = "Name start, endSeconds or updateSeconds beside the detector.";
  addProblem(context, { message: "names no setting to change", remedy });
}).describe("at least one setting beside the detector; absent ones stay as they are");

/** `orion.command/1`. */
export const commandSchema = z.discriminatedUnion("command", [
  command("get_status", noParams),
  command("pause", target),
  command("resume", target),
  command(
    "set_rate",
    object({ detector: id, rateHz: number(0.1, 30), camera: id.optional() }),
  ),
  command("set_confidence", object({ detector: id, confidence: fraction })),
  command("set_roi", object({ camera: id, roi })),
  command("clear_roi", object({ camera: id, roi: z.null().optional() })),
  command("set_model", object({ detector: id, model: text(MAX_MODEL_LENGTH) })),
  command("set_masks", object({ camera: id, masks })),
  command("set_zones", object({ camera: id, zones: zoneList(object(zoneShape)) })),
  command(
    "set_lines",
    object({ camera: id, lines: lineList(object(lineShape).superRefine(hasDirection)) }),
  ),
  command("set_presence", presence),
  command("snapshot", object({ camera: id, boxes })),
  command("reload", noParams),
  command("shutdown", noParams),
]);

export type CommandPayload = z.infer<typeof commandSchema>;

/** The outcome of {@link parseCommand}; `id` and `name` are null where they cannot be read. */
export type ParsedCommand =
  | { readonly ok: true; readonly id: string | null; readonly command: ControlCommand }
  | {
    readonly ok: false;
    readonly id: string | null;
    readonly name: string | null;
    readonly error: ErrorData;
  };

/** Parses a payload. Never throws, whatever the bytes are. */
export function parseCommand(payload: Uint8Array): ParsedCommand {
  if (payload.byteLength > MAX_COMMAND_BYTES) {
    const found = `it is larger than ${MAX_COMMAND_BYTES} bytes`;
    return refused(membersAtHead(payload), "CONTROL_TOO_LARGE", found);
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
  const name = readName(value);
  if (name === null || !COMMAND_NAMES.some((known) => known === name)) {
    const named = name === null ? "it names no command" : `there is no command ${quote(name)}`;
    return refused(value, "CONTROL_UNKNOWN_COMMAND", named);
  }
  const parsed = commandSchema.safeParse(value);
  if (parsed.success) {
    return { ok: true, id: parsed.data.id ?? null, command: commandOf(parsed.data) };
  }
  const [issue] = parsed.error.issues;
  if (issue === undefined) return refused(value, "CONTROL_MALFORMED", "?");
  return refused(value, "CONTROL_MALFORMED", issueText(issue), issueRemedy(issue));
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
    case "reload":
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
      return { command: payload.command, camera: payload.params.camera };
    case "snapshot": {
      const { camera, boxes = false } = payload.params;
      return { command: payload.command, camera, boxes };
    }
    case "set_masks": {
      const { camera, masks } = payload.params;
      return { command: payload.command, camera, masks: masks.map(polygonOf) };
    }
    case "set_zones": {
      const { camera, zones } = payload.params;
      return { command: payload.command, camera, zones: zones.map(zoneOf) };
    }
    case "set_lines": {
      const { camera, lines } = payload.params;
      return { command: payload.command, camera, lines: lines.map(lineOf) };
    }
    case "set_presence": {
      const { detector, start, endSeconds, updateSeconds } = payload.params;
      const presence = {
        ...start === undefined ? {} : { start },
        ...endSeconds === undefined ? {} : { endSeconds },
        ...updateSeconds === undefined ? {} : { updateSeconds },
      };
      return { command: payload.command, detector, presence };
    }
    case "set_confidence":
      return { command: payload.command, ...payload.params };
    case "set_model":
      return { command: payload.command, ...payload.params };
  }
}

const AS_SCHEMA = "Write it as schema/orion.command.1.schema.json says.";

function refused(
  value: unknown,
  code: string,
  found: string,
  remedy: string = AS_SCHEMA,
): ParsedCommand {
  return {
    ok: false,
    id: readText(value, "id"),
    name: readName(value),
    error: {
      code,
      message: `Cannot take the command: ${found}`,
      retryable: false,
      remedy,
    },
  };
}

/** Reads the whole members that a payload begins with, which is too large to be parsed. */
function membersAtHead(payload: Uint8Array): unknown {
  const head = new TextDecoder().decode(payload.subarray(0, HEAD_BYTES));
  for (let end = head.lastIndexOf(","); end > 0; end = head.lastIndexOf(",", end - 1)) {
    const json = parseStrictJson(`${head.slice(0, end)}}`, MAX_COMMAND_DEPTH);
    if (json.ok) return json.value;
  }
  return undefined;
}

/** Reads a text from a value that may not be a record; null where there is none. */
function readText(value: unknown, key: string): string | null {
  if (!isRecord(value) || !Object.hasOwn(value, key)) return null;
  const found = value[key];
  return typeof found === "string" ? found : null;
}

function readName(value: unknown): string | null {
  const name = readText(value, "command");
  return name === null || name === "" || name.length > MAX_COMMAND_NAME_LENGTH ? null : name;
}

function issueText(issue: z.core.$ZodIssue): string {
  const place = issue.path.length === 0 ? "it" : issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return `${place} has the unknown key ${quote(issue.keys[0] ?? "")}`;
  }
  // A value of the right type, of which the message says what is wrong.
  if (issueRemedy(issue) !== undefined) return `${place} ${issue.message}`;
  return `${place} must be ${issue.message}`;
}

function issueRemedy(issue: z.core.$ZodIssue): string | undefined {
  return (issue.code === "custom" ? remedyOf(issue.params) : null) ?? undefined;
}

function quote(found: string): string {
  return JSON.stringify(found.slice(0, MAX_COMMAND_NAME_LENGTH));
}
