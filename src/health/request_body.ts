import type { Context, MiddlewareHandler } from "hono";
import { isFromBrowser } from "./origin.ts";
import { refuse } from "./refusal.ts";

/** Bytes of a body, unless its route says otherwise. */
export const MAX_BODY_BYTES = 64 * 1024;

/** Refuses a body without a length, or a larger one than its path allows. */
export function boundedBody(maxBytesOf: (path: string) => number): MiddlewareHandler {
  return async (context, next) => {
    if (context.req.header("transfer-encoding") !== undefined) {
      return refuse(context, {
        status: 411,
        code: "HTTP_NO_LENGTH",
        error: "send the body with a Content-Length",
        remedy: "Do not send it in chunks.",
      });
    }
    const maxBytes = maxBytesOf(context.req.path);
    if (Number(context.req.header("content-length") ?? 0) > maxBytes) {
      return refuse(context, {
        status: 413,
        code: "HTTP_TOO_LARGE",
        error: "the request is too large",
        remedy: `Send at most ${maxBytes} bytes.`,
      });
    }
    return await next();
  };
}

/** The media type of the body, without parameters; empty where the request names none. */
export function mediaType(context: Context): string {
  const header = context.req.header("content-type") ?? "";
  return (header.split(";")[0] ?? "").trim().toLowerCase();
}

/**
 * Whether a body may be read as JSON. A page of another site cannot make a browser send `application/json`
 * without asking first. Programs send what they like, such as curl and Python, which call every body a form.
 */
export function isJson(context: Context): boolean {
  return mediaType(context) === "application/json" || !isFromBrowser(context.req);
}

/** Answers that the body is of another media type than the route takes. */
export function refuseMediaType(context: Context, taken: string): Response {
  return refuse(context, {
    status: 415,
    code: "HTTP_MEDIA_TYPE",
    error: "the body is of another type",
    remedy: `Send it as ${taken}, and say so in Content-Type.`,
  });
}
