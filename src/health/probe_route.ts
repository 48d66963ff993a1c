/** `POST /probe`: looks at a camera that is not configured yet, and answers the lines that add it. */
import type { Hono } from "hono";
import { z } from "zod";
import { id } from "../core/schema_parts.ts";
import type { ErrorData } from "../core/errors.ts";
import type { ProbeResult } from "../core/probe_types.ts";
import { parseStrictJson } from "../core/strict_json.ts";
import type { Access } from "./access.ts";
import { refuseOtherMethods } from "./methods.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { isJson, refuseMediaType } from "./request_body.ts";

/** Bytes of the body of a probe. */
export const MAX_PROBE_BYTES = 8 * 1024;
/** Characters of an address. */
const MAX_ADDRESS_LENGTH = 4096;

const probeRequest = z.strictObject({
  url: z.string().min(1).max(MAX_ADDRESS_LENGTH),
  id: id.optional(),
});

/** An address to look at; it may hold credentials. */
export interface SetupRequest {
  readonly url: string;
  /** The id that the camera is to have; null: any that is free. */
  readonly id: string | null;
}

/** `orion.setup/1`: what was found, and how the camera is added. No text of it holds a credential. */
export interface SetupJson {
  readonly schema: "orion.setup/1";
  /** Scheme, host and port. */
  readonly address: string;
  /** null where the stream was not opened; `problem` says why. */
  readonly stream: ProbeResult | null;
  /** The first picture, a JPEG in base64. */
  readonly picture: string | null;
  readonly problem: Pick<ErrorData, "code" | "message" | "remedy"> | null;
  /** What this process lacks to open the stream, as flags of Deno. */
  readonly flags: readonly string[];
  readonly yaml: string;
  /** The variable of the environment that has to hold the address as it was sent; null: none is needed. */
  readonly variable: string | null;
  /** The configuration that they belong into; null: there is none yet. */
  readonly file: string | null;
  /** To look at the camera with permissions of its own, to check the configuration, and to start with it. */
  readonly commands: { readonly probe: string; readonly check: string; readonly run: string };
}

/** Looks at an address. Never rejects. */
export type Setup = (request: SetupRequest) => Promise<SetupJson | Refusal>;

const BODY: Refusal = {
  status: 400,
  code: "HTTP_PROBE",
  error: "the body names no address to look at",
  remedy: 'Send {"url": "rtsp://…"}, with "id" where the camera is to have one, and nothing else.',
};

/** Adds the route, behind what the application already requires of a request. */
export function addProbeRoute(app: Hono, access: Access, setup: Setup): void {
  app.post("/probe", access.changes, async (context) => {
    if (!isJson(context)) return refuseMediaType(context, "application/json");
    const json = parseStrictJson(await context.req.text(), 1);
    const parsed = probeRequest.safeParse(json.ok ? json.value : null);
    if (!parsed.success) return refuse(context, BODY);
    const { url, id = null } = parsed.data;
    const answer = await setup({ url, id });
    return "schema" in answer ? context.json(answer) : refuse(context, answer);
  });
  refuseOtherMethods(app, "/probe", "POST");
}
