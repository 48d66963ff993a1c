/** `POST /control`: a command, answered with its acknowledgement as over MQTT. */
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Access } from "./access.ts";
import { refuseOtherMethods } from "./methods.ts";
import { isJson, refuseMediaType } from "./request_body.ts";

/** Bytes of one command, as over MQTT. */
export const MAX_CONTROL_BYTES = 256 * 1024;

/** `orion.ack/1`, as far as the route reads it. */
export interface ControlAck {
  readonly status: "ok" | "error";
  readonly error: { readonly code: string } | null;
}

/** Carries out a command, or refuses it. Never rejects, whatever the bytes are. */
export type Control = (command: Uint8Array<ArrayBuffer>) => Promise<ControlAck>;

/** The statuses of refusals; of all others 422. */
const STATUSES: Readonly<Record<string, ContentfulStatusCode>> = {
  CONTROL_TOO_LARGE: 413,
  CONTROL_NOT_UTF8: 400,
  CONTROL_NOT_JSON: 400,
  CONTROL_MALFORMED: 400,
  CONTROL_UNKNOWN_COMMAND: 400,
  CONTROL_UNKNOWN_CAMERA: 404,
  CONTROL_UNKNOWN_DETECTOR: 404,
  CONTROL_NOT_ALLOWED: 403,
  ID_REUSED: 409,
  CONTROL_BUSY: 429,
  CONTROL_TOO_OFTEN: 429,
  CONTROL_STOPPING: 503,
};

/** Adds the route, behind what the application already requires of a request. */
export function addControlRoute(app: Hono, access: Access, control: Control): void {
  app.post("/control", access.changes, async (context) => {
    if (!isJson(context)) return refuseMediaType(context, "application/json");
    const ack = await control(await commandIn(context));
    return context.json(ack, statusOf(ack));
  });
  refuseOtherMethods(app, "/control", "POST");
}

/** The bytes of a command. One that is too large is not read: as many zeros are refused in the same way. */
async function commandIn(context: Context): Promise<Uint8Array<ArrayBuffer>> {
  const isTooLarge = Number(context.req.header("content-length") ?? 0) > MAX_CONTROL_BYTES;
  return isTooLarge
    ? new Uint8Array(MAX_CONTROL_BYTES + 1)
    : new Uint8Array(await context.req.arrayBuffer());
}

function statusOf({ error }: ControlAck): ContentfulStatusCode {
  if (error === null) return 200;
  return Object.hasOwn(STATUSES, error.code) ? STATUSES[error.code] ?? 422 : 422;
}
