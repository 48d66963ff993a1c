/** `GET /session`, `POST /login` and `POST /logout`: reachable without a token. */
import type { Context, Hono } from "hono";
import { z } from "zod";
import { parseStrictJson } from "../core/strict_json.ts";
import type { Access } from "./access.ts";
import { endedCookie, sessionCookie } from "./cookie.ts";
import { READ, refuseOtherMethods } from "./methods.ts";
import { refuse } from "./refusal.ts";
import { mediaType, refuseMediaType } from "./request_body.ts";

/** Bytes of the body of a login. */
export const MAX_LOGIN_BYTES = 4 * 1024;

const login = z.strictObject({ token: z.string().min(1) });
const FORM = "application/x-www-form-urlencoded";

/** Adds the routes. */
export function addSessionRoutes(app: Hono, access: Access): void {
  app.get("/session", (context) => {
    const { required } = access;
    return context.json({ required, signedIn: "by" in access.admission(context) });
  });
  refuseOtherMethods(app, "/session", READ);

  app.post("/login", access.changes, async (context) => {
    const type = mediaType(context);
    if (type !== "application/json" && type !== FORM) {
      return refuseMediaType(context, `application/json or ${FORM}`);
    }
    const text = await context.req.text();
    const token = type === FORM ? tokenOfForm(text) : tokenOfJson(text);
    if (token === null) return refuseLogin(context);
    if (!access.required) return context.json({ required: false, signedIn: true });
    const session = access.login(context, token);
    if (typeof session !== "string") return refuse(context, session);
    context.header("Set-Cookie", sessionCookie(session));
    // A form without a script shows the page again; relative, since a proxy may have it below a path.
    if (type === FORM) return context.redirect(".", 303);
    return context.json({ required: true, signedIn: true });
  });
  refuseOtherMethods(app, "/login", "POST");

  app.post("/logout", access.changes, (context) => {
    access.logout(context.req);
    context.header("Set-Cookie", endedCookie());
    return context.json({ required: access.required, signedIn: !access.required });
  });
  refuseOtherMethods(app, "/logout", "POST");
}

function tokenOfJson(text: string): string | null {
  const json = parseStrictJson(text, 1);
  const parsed = login.safeParse(json.ok ? json.value : null);
  return parsed.success ? parsed.data.token : null;
}

function tokenOfForm(text: string): string | null {
  const fields = [...new URLSearchParams(text)];
  const parsed = login.safeParse(Object.fromEntries(fields));
  return parsed.success && fields.length === 1 ? parsed.data.token : null;
}

function refuseLogin(context: Context): Response {
  return refuse(context, {
    status: 400,
    code: "HTTP_LOGIN",
    error: "the body is no login",
    remedy:
      'Send {"token": "…"} as application/json, with the value of health.token and nothing else.',
  });
}
