import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Why a request is refused, and what to do. */
export interface Refusal {
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly error: string;
  readonly remedy: string;
}

/** Answers with the refusal as JSON. */
export function refuse(context: Context, { status, code, error, remedy }: Refusal): Response {
  return context.json({ error, code, remedy }, status);
}

/** What names a camera that is not configured. */
export const NO_CAMERA: Refusal = {
  status: 404,
  code: "HTTP_NO_CAMERA",
  error: "no such camera",
  remedy: "Name one of the cameras that GET /status lists.",
};
