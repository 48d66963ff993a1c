/** `GET /events`: the payloads of MQTT messages as server-sent events. */
import type { Context, Hono } from "hono";
import type { Access } from "./access.ts";
import { connectionOf } from "./connection.ts";
import { READ, refuseOtherMethods } from "./methods.ts";
import { type BodySource, pulledBody } from "./pulled_body.ts";
import { NO_CAMERA, refuse } from "./refusal.ts";

/** What one reader gets. */
export type EventReader = BodySource;

/** What a reader asks for. */
export interface EventRequest {
  /** null: events of all cameras. */
  readonly camera: string | null;
  /** The id of the last event that it had from an earlier stream. */
  readonly lastEventId: string | null;
  /** Called when it reads too slowly: its connection must be closed. */
  readonly onSlow: () => void;
}

/** Where the events come from. */
export interface EventFeed {
  hasCamera(camera: string): boolean;
  /** @returns null when there are too many readers */
  open(request: EventRequest): EventReader | null;
}

/** Seconds after which a reader that was refused may come again. */
const RETRY_AFTER_S = "10";

const HEADERS = {
  "Content-Type": "text/event-stream",
  // Proxies pass each event on at once.
  "X-Accel-Buffering": "no",
} as const;

/** Adds the route, behind what the application already requires of a request. */
export function addEventsRoute(app: Hono, access: Access, feed: EventFeed): void {
  app.get("/events", (context) => {
    const cameras = context.req.queries("camera") ?? [];
    const [camera = null] = cameras;
    if (cameras.length > 1 || (camera !== null && !feed.hasCamera(camera))) {
      return refuse(context, {
        ...NO_CAMERA,
        ...cameras.length > 1 ? { status: 400, error: "name one camera" } : {},
        remedy: "Name one configured camera, or none for the events of all.",
      });
    }
    if (context.req.method === "HEAD") return context.body(null, 200, HEADERS);
    const connection = connectionOf(context);
    const reader = feed.open({
      camera,
      lastEventId: context.req.header("last-event-id") ?? null,
      onSlow: () => connection.close(),
    });
    if (reader === null) return refuseReader(context);
    const untie = access.tie(context, () => reader.close());
    return context.body(pulledBody(reader, untie), 200, HEADERS);
  });
  refuseOtherMethods(app, "/events", READ);
}

function refuseReader(context: Context): Response {
  context.header("Retry-After", RETRY_AFTER_S);
  return refuse(context, {
    status: 503,
    code: "HTTP_TOO_MANY_READERS",
    error: "too many clients read events",
    remedy: "Close some of them, or try again later.",
  });
}
