import { createHash, timingSafeEqual } from "node:crypto";
import { Hono, type HonoRequest } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { auth as basicCredentials } from "hono/utils/basic-auth";
import { errorData, OrionError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import { challengeText } from "./challenge.ts";
import type { HealthJson } from "./health_json.ts";
import { addPresenceRoutes } from "./presence_routes.ts";
import type { StaySource } from "./presence_view.ts";

/** Where the HTTP interface gets its responses from. */
export interface HealthSource {
  /** The name of the instance, which an answer without the token states. */
  readonly instance: string;
  report(): Promise<HealthJson>;
  /** Why the service is not ready; empty when it is. */
  unreadiness(): Promise<string[]>;
  /**
   * A snapshot of a camera, as JPEG; null for an unknown camera.
   * @throws OrionError when no frame came in time
   */
  snapshot(camera: string): Promise<ArrayBuffer | null>;
  /** Prometheus text and its content type. */
  metrics(): Promise<{ readonly text: string; readonly contentType: string }>;
  readonly presence: StaySource;
}

/** No request needs a larger body. */
const MAX_BODY_BYTES = 64 * 1024;

/** A response loads nothing and is shown in no frame. */
const HEADERS: Parameters<typeof secureHeaders>[0] = {
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  xFrameOptions: "DENY",
  // Orion serves no TLS: that is for a proxy in front of it to decide.
  strictTransportSecurity: false,
};

/** The routes, without a server: `GET /healthz`, `/readyz`, `/status`, `/metrics`, snapshots, `/presence`. */
export function healthApp(source: HealthSource, token: Secret | null, log: Log): Hono {
  const app = new Hono();
  app.use(secureHeaders(HEADERS));
  app.use(async (context, next) => {
    await next();
    // A response is of one moment, and not for a shared cache.
    context.header("Cache-Control", "no-store");
  });
  app.use(async (context, next) => {
    if (context.req.header("transfer-encoding") !== undefined) {
      return context.json({ error: "send the body with a Content-Length" }, 411);
    }
    if (Number(context.req.header("content-length") ?? 0) > MAX_BODY_BYTES) {
      return context.json({ error: "the request is too large" }, 413);
    }
    if (!isOwnOrigin(context.req.header("origin"), context.req.header("host"))) {
      return context.json({ error: "the request comes from a page of another site" }, 403);
    }
    return await next();
  });
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.use(async (context, next) => {
    if (token === null) {
      if (isOwnName(new URL(context.req.url).hostname)) return await next();
      return context.json(
        { error: "set health.token to allow a host name other than localhost" },
        403,
      );
    }
    if (isAuthorized(context.req, token)) return await next();
    // Basic is accepted but not offered: a browser sends a stored password with requests of any page.
    context.header("WWW-Authenticate", challengeText(source.instance));
    return context.json({ error: "send the configured token as a bearer token" }, 401);
  });
  app.get("/readyz", async (context) => {
    const reasons = await source.unreadiness();
    return reasons.length === 0
      ? context.json({ status: "ready" })
      : context.json({ status: "not ready", reasons }, 503);
  });
  app.get("/status", async (context) => context.json(await source.report()));
  app.get("/metrics", async (context) => {
    const { text, contentType } = await source.metrics();
    return context.body(text, 200, { "Content-Type": contentType });
  });
  app.get("/cameras/:camera/snapshot.jpg", async (context) => {
    try {
      const jpeg = await source.snapshot(context.req.param("camera"));
      if (jpeg === null) return context.json({ error: "no such camera" }, 404);
      return context.body(jpeg, 200, { "Content-Type": "image/jpeg" });
    } catch (error) {
      if (!(error instanceof OrionError)) throw error;
      const { code, message, remedy } = error.toData();
      return context.json({ error: message, code, remedy }, 503);
    }
  });
  addPresenceRoutes(app, source.presence);
  app.notFound((context) => context.json({ error: "no such resource" }, 404));
  app.onError((error, context) => {
    log.error("http.failed", { path: context.req.path, ...errorData(error) });
    return context.json({ error: "internal error" }, 500);
  });
  return app;
}

/**
 * Whether a request was sent to `localhost` or to an address. Any other name may be one that a web page
 * has pointed at this machine (DNS rebinding), which without a token would let it read the responses.
 */
function isOwnName(name: string): boolean {
  return name === "localhost" || /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/.test(name);
}

/** Whether a request has the origin of this interface, or none: only browsers send one. */
function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.parse(origin)?.host === URL.parse(`http://${host ?? ""}`)?.host;
}

/** Whether a request has the token: as `Bearer TOKEN`, or as the password of HTTP Basic. */
function isAuthorized(request: HonoRequest, token: Secret): boolean {
  const basic = basicCredentials(request.raw);
  const header = request.header("authorization") ?? "";
  return isSame(
    basic === undefined ? header : `Bearer ${basic.password}`,
    `Bearer ${token.expose()}`,
  );
}

/** Compares in a time that depends neither on where two texts differ nor on how long they are. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
