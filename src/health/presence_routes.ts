/** `GET /presence` and the pictures of stays. */
import type { Hono } from "hono";
import { stayJson } from "./presence_json.ts";
import { MAX_STAYS, type StaySource } from "./presence_view.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** How many stays are answered when the request names no limit. */
const DEFAULT_LIMIT = 50;

const LIMIT: Refusal = {
  status: 400,
  code: "HTTP_LIMIT",
  error: `write limit as a whole number within 1 and ${MAX_STAYS}`,
  remedy: "Name a limit within these, or none for the newest stays.",
};

const NO_PICTURE: Refusal = {
  status: 404,
  code: "HTTP_NO_PICTURE",
  error: "no picture of such a stay",
  remedy: "Stays have one where presence.snapshot is crop or frame, as long as they are kept.",
};

/** Adds the routes, behind what the application already requires of a request. */
export function addPresenceRoutes(app: Hono, source: StaySource): void {
  app.get("/presence", (context) => {
    const limit = limitOf(context.req.query("limit"));
    if (limit === null) {
      return refuse(context, LIMIT);
    }
    const stays = source.stays(limit).map((stay) =>
      stayJson(stay, source.picture(stay.id) !== null)
    );
    return context.json({ stays });
  });
  app.get("/presence/:file{[^/]+\\.jpg}", (context) => {
    const jpeg = source.picture(context.req.param("file").slice(0, -".jpg".length));
    if (jpeg === null) return refuse(context, NO_PICTURE);
    return context.body(jpeg, 200, { "Content-Type": "image/jpeg" });
  });
}

/** null where the text is no number within the bounds. */
function limitOf(text: string | undefined): number | null {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = Number(text);
  return /^\d{1,3}$/.test(text) && limit >= 1 && limit <= MAX_STAYS ? limit : null;
}
