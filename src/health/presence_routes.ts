/** `GET /presence` and the pictures of stays. */
import type { Hono } from "hono";
import { stayJson } from "./presence_json.ts";
import { MAX_STAYS, type StaySource } from "./presence_view.ts";

/** How many stays are answered when the request names no limit. */
const DEFAULT_LIMIT = 50;

/** Adds the routes, behind what the application already requires of a request. */
export function addPresenceRoutes(app: Hono, source: StaySource): void {
  app.get("/presence", (context) => {
    const limit = limitOf(context.req.query("limit"));
    if (limit === null) {
      return context.json(
        { error: `write limit as a whole number within 1 and ${MAX_STAYS}` },
        400,
      );
    }
    const stays = source.stays(limit).map((stay) =>
      stayJson(stay, source.picture(stay.id) !== null)
    );
    return context.json({ stays });
  });
  app.get("/presence/:file{[^/]+\\.jpg}", (context) => {
    const jpeg = source.picture(context.req.param("file").slice(0, -".jpg".length));
    if (jpeg === null) return context.json({ error: "no picture of such a stay" }, 404);
    return context.body(jpeg, 200, { "Content-Type": "image/jpeg" });
  });
}

/** null where the text is no number within the bounds. */
function limitOf(text: string | undefined): number | null {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = Number(text);
  return /^\d{1,3}$/.test(text) && limit >= 1 && limit <= MAX_STAYS ? limit : null;
}
