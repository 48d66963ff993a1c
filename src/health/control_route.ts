/** `POST /control`: a command, answered with its acknowledgement as over MQTT. */
import type { Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type Clock, isoTime } from "../core/clock.ts";
import type { Access } from "./access.ts";
import { refuseOtherMethods } from "./methods.ts";
import { type BodyBound, mediaType, refuseMediaType } from "./request_body.ts";

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

/** What is larger is acknowledged as over MQTT, without being read. */
export function controlBound(clock: Clock): BodyBound {
  return {
    maxBytes: MAX_CONTROL_BYTES,
    refuse: (context) => {
      const message = `Cannot take the command: it is larger than ${MAX_CONTROL_BYTES} bytes`;
      return context.json({
        ...{ schema: "orion.ack/1", id: null, command: null, status: "error", data: null },
        ...{ error: { code: "CONTROL_TOO_LARGE", message }, time: isoTime(clock.wallMs()) },
      }, 413);
    },
  };
}

/** Adds the route, behind what the application already requires of a request. */
export function addControlRoute(app: Hono, access: Access, control: Control): void {
  app.post("/control", access.changes, async (context) => {
    // A page of another site cannot send this type without asking first.
    if (mediaType(context) !== "application/json") {
      return refuseMediaType(context, "application/json");
    }
    const ack = await control(new Uint8Array(await context.req.arrayBuffer()));
    return context.json(ack, statusOf(ack));
  });
  refuseOtherMethods(app, "/control", "POST");
}

function statusOf({ error }: ControlAck): ContentfulStatusCode {
  if (error === null) return 200;
  return Object.hasOwn(STATUSES, error.code) ? STATUSES[error.code] ?? 422 : 422;
}
