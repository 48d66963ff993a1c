import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { Clock } from "../core/clock.ts";
import { errorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import { Access, OTHER_SITE } from "./access.ts";
import { addControlRoute, type Control } from "./control_route.ts";
import { addEventsRoute, type EventFeed } from "./events_route.ts";
import type { HealthJson } from "./health_json.ts";
import { addLiveRoutes, type PictureSource } from "./live_routes.ts";
import { isFromOtherSite } from "./origin.ts";
import { addPresenceRoutes } from "./presence_routes.ts";
import { addProbeRoute, MAX_PROBE_BYTES, type Setup } from "./probe_route.ts";
import type { StaySource } from "./presence_view.ts";
import { READ, refuseOtherMethods } from "./methods.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { boundedBody, MAX_BODY_BYTES } from "./request_body.ts";
import { addSessionRoutes, MAX_LOGIN_BYTES } from "./session_routes.ts";

/** Where the HTTP interface gets its responses from. */
export interface HealthSource {
  /** The name of the instance, which an answer without the token states. */
  readonly instance: string;
  report(): Promise<HealthJson>;
  /** Why the service is not ready; empty when it is. */
  unreadiness(): Promise<string[]>;
  /** Prometheus text and its content type. */
  metrics(): Promise<{ readonly text: string; readonly contentType: string }>;
  readonly presence: StaySource;
  readonly pictures: PictureSource;
  readonly events: EventFeed;
  readonly control: Control;
  readonly setup: Setup;
}

const NO_RESOURCE: Refusal = {
  status: 404,
  code: "HTTP_NO_RESOURCE",
  error: "no such resource",
  remedy: "Use one of the paths that the README lists.",
};

const FAILED: Refusal = {
  status: 500,
  code: "HTTP_FAILED",
  error: "internal error",
  remedy: "This is a defect in Orion: please report it with the log, which has it as http.failed.",
};

/** A response loads nothing and is shown in no frame. */
const HEADERS: Parameters<typeof secureHeaders>[0] = {
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  xFrameOptions: "DENY",
  // Orion serves no TLS: that is for a proxy in front of it to decide.
  strictTransportSecurity: false,
};

/** Bytes of a body, where a path has a bound of its own; of a command, its acknowledgement says so. */
const MAX_BYTES_OF: Readonly<Record<string, number>> = {
  "/control": Infinity,
  "/login": MAX_LOGIN_BYTES,
  "/probe": MAX_PROBE_BYTES,
};

function maxBodyBytes(path: string): number {
  return MAX_BYTES_OF[path] ?? MAX_BODY_BYTES;
}

export interface HealthAppParts {
  /** null: none is needed, and the interface listens on loopback only. */
  readonly token: Secret | null;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * The routes, without a server: `GET /healthz`, `/readyz`, `/status`, `/metrics`, snapshots, `/presence`,
 * live pictures, `/events`, `POST /control`, `POST /probe`, and the sessions of the page.
 */
export function healthApp(source: HealthSource, { token, log, clock }: HealthAppParts): Hono {
  const app = new Hono();
  const access = new Access({
    ...{ instance: source.instance, token, clock },
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  app.use(secureHeaders(HEADERS));
  app.use(async (context, next) => {
    await next();
    // A response is of one moment, and not for a shared cache.
    context.header("Cache-Control", "no-store");
  });
  app.use(boundedBody(maxBodyBytes));
  app.use(async (context, next) =>
    isFromOtherSite(context.req) ? refuse(context, OTHER_SITE) : await next()
  );
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  refuseOtherMethods(app, "/healthz", READ);
  app.use(access.host);
  // What holds no data, and so needs no token.
  addSessionRoutes(app, access);
  app.use(access.admitted);
  app.get("/readyz", async (context) => {
    const reasons = await source.unreadiness();
    return reasons.length === 0
      ? context.json({ status: "ready" })
      : context.json({ status: "not ready", reasons }, 503);
  });
  refuseOtherMethods(app, "/readyz", READ);
  app.get("/status", async (context) => context.json(await source.report()));
  refuseOtherMethods(app, "/status", READ);
  app.get("/metrics", async (context) => {
    const { text, contentType } = await source.metrics();
    return context.body(text, 200, { "Content-Type": contentType });
  });
  refuseOtherMethods(app, "/metrics", READ);
  addLiveRoutes(app, access, { source: source.pictures, clock });
  addPresenceRoutes(app, source.presence);
  addEventsRoute(app, access, source.events);
  addControlRoute(app, access, source.control);
  addProbeRoute(app, access, source.setup);
  app.notFound((context) => refuse(context, NO_RESOURCE));
  app.onError((error, context) => {
    log.error("http.failed", { path: context.req.path, ...errorData(error) });
    return refuse(context, FAILED);
  });
  return app;
}
