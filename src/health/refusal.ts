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
