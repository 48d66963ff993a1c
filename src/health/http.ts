import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { errorData, OrionError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import type { HealthJson } from "./health_json.ts";

/** What the HTTP interface shows. */
export interface HealthSource {
  report(): Promise<HealthJson>;
  /** Why the service is not ready; none when it is. */
  unreadiness(): Promise<string[]>;
  /**
   * One picture of a camera, the bytes of a JPEG; null when there is no such camera.
   * @throws OrionError when none came
   */
  picture(camera: string): Promise<ArrayBuffer | null>;
  /** Prometheus text and its content type. */
  metrics(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** Nothing of the interface takes a body of this size. */
const MAX_BODY_BYTES = 64 * 1024;

/** Nothing is loaded from anywhere, and nobody shows it in a frame. */
const HEADERS: Parameters<typeof secureHeaders>[0] = {
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  xFrameOptions: "DENY",
  // There is no TLS here: whoever puts a proxy in front decides that.
  strictTransportSecurity: false,
};

/** The routes, without a server: `GET /healthz`, `/readyz`, `/status`, `/metrics`, snapshots. */
export function healthApp(source: HealthSource, token: Secret | null, log: Log): Hono {
  const app = new Hono();
  app.use(secureHeaders(HEADERS));
  app.use(async (context, next) => {
    await next();
    // What it answers is of this moment, and some of it nobody else's business.
    context.header("Cache-Control", "no-store");
  });
  app.use(async (context, next) => {
    if (context.req.header("transfer-encoding") !== undefined) {
      return context.json({ error: "send the body with its Content-Length" }, 411);
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
  if (token === null) {
    app.use(async (context, next) => {
      if (isOwnName(new URL(context.req.url).hostname)) return await next();
      return context.json({ error: "set health.token to be asked by another name" }, 403);
    });
  }
  if (token !== null) {
    app.use(async (context, next) => {
      if (!authorised(context.req.header("authorization"), token)) {
        context.header("WWW-Authenticate", "Bearer");
        return context.json({ error: "send the configured token as a bearer token" }, 401);
      }
      return await next();
    });
  }
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
      const picture = await source.picture(context.req.param("camera"));
      if (picture === null) return context.json({ error: "no such camera" }, 404);
      return context.body(picture, 200, { "Content-Type": "image/jpeg" });
    } catch (error) {
      if (!(error instanceof OrionError)) throw error;
      const { code, message, remedy } = error.toData();
      return context.json({ error: message, code, remedy }, 503);
    }
  });
  app.notFound((context) => context.json({ error: "no such resource" }, 404));
  app.onError((error, context) => {
    log.error("http.failed", { path: context.req.path, ...errorData(error) });
    return context.json({ error: "internal error" }, 500);
  });
  return app;
}

/**
 * Whether a request was sent to this machine's own name or to an address. Without a token, a page in a
 * browser on this machine could ask through a name of its own that it lets point here.
 */
function isOwnName(name: string): boolean {
  return name === "localhost" || /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/.test(name);
}

/** Whether a browser says that the request comes from a page of this interface; programs say nothing. */
function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.parse(origin)?.host === URL.parse(`http://${host ?? ""}`)?.host;
}

/** Compares in a time that tells nothing of where the two differ, nor how long the token is. */
function authorised(header: string | undefined, token: Secret): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token.expose()}`));
}
