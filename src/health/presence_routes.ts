/** `GET /presence` and the pictures of stays. */
import type { Hono } from "hono";
import { READ, refuseOtherMethods } from "./methods.ts";
import { stayJson } from "./presence_json.ts";
import { MAX_STAYS, type StaySource } from "./presence_view.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** The path of the picture of a stay. */
const PICTURE = "/presence/:file{[^/]+\\.jpg}";

/** How many stays are answered when the request names no limit. */
const DEFAULT_LIMIT = 50;

const LIMIT: Refusal = {
  status: 400,
  code: "HTTP_LIMIT",
  error: "write limit as a whole number, 1 or more",
  remedy:
    `Name one, or none for the newest ${DEFAULT_LIMIT} stays; ${MAX_STAYS} at most are answered.`,
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
  refuseOtherMethods(app, "/presence", READ);
  app.get(PICTURE, (context) => {
    const jpeg = source.picture(context.req.param("file").slice(0, -".jpg".length));
    if (jpeg === null) return refuse(context, NO_PICTURE);
    return context.body(jpeg, 200, { "Content-Type": "image/jpeg" });
  });
  refuseOtherMethods(app, PICTURE, READ);
}

/** No more than are kept; null where the text is no number of stays. */
function limitOf(text: string | undefined): number | null {
  if (text === undefined) return DEFAULT_LIMIT;
  return /^0*[1-9]\d*$/.test(text) ? Math.min(Number(text), MAX_STAYS) : null;
}
