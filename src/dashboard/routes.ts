/** Serves the page. Its files need no token, since they hold no data; without one the page is the login. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { READ, refuseOtherMethods } from "../health/methods.ts";
import { type Asset, ASSETS } from "./assets.ts";

/** The page loads its own files and nothing else; `blob:` is a picture that it has read itself. */
const HEADERS: Parameters<typeof secureHeaders>[0] = {
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "blob:", "data:"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: "no-referrer",
  xFrameOptions: "DENY",
  // Orion serves no TLS: that is for a proxy in front of it to decide.
  strictTransportSecurity: false,
};

/** An asset as it is sent. */
interface Served {
  readonly asset: Asset;
  readonly etag: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

function served(asset: Asset): Served {
  const plain = new TextEncoder().encode(asset.text);
  const digest = createHash("sha256").update(plain).digest("base64url").slice(0, 22);
  // Weak: the compressed body and the plain one are equal in meaning, not in bytes.
  return { asset, etag: `W/"${digest}"`, plain, gzip: new Uint8Array(gzipSync(plain)) };
}

/** Whether a browser that accepts these encodings takes gzip. */
function takesGzip(accepted: string): boolean {
  return accepted.split(",").some((one) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(one));
}

function answer(context: Context, { asset, etag, plain, gzip }: Served): Response {
  // A new version of Orion is seen at once; one that is unchanged is answered without its body.
  context.header("Cache-Control", "no-cache");
  context.header("ETag", etag);
  context.header("Vary", "Accept-Encoding");
  const known = (context.req.header("if-none-match") ?? "").split(",").map((one) => one.trim());
  if (known.includes(etag)) return context.body(null, 304);
  context.header("Content-Type", asset.contentType);
  if (!takesGzip(context.req.header("accept-encoding") ?? "")) return context.body(plain);
  context.header("Content-Encoding", "gzip");
  return context.body(gzip);
}

/** The page itself, as a login: what it reads is refused. A browser shows it with any status. */
function answerLogin(context: Context, asset: Asset, refusal: Response): Response {
  context.header("Cache-Control", "no-store");
  context.header("Content-Type", asset.contentType);
  context.header("WWW-Authenticate", refusal.headers.get("WWW-Authenticate") ?? "");
  return context.body(asset.text, 401);
}

/** `GET /` and `GET /assets/…` in front of an application, which answers everything else. */
export function withPage(app: Hono): Hono {
  const page = new Hono();
  const forward = async (context: Context) => await app.fetch(context.req.raw, context.env);
  for (const asset of ASSETS) {
    let ready: Served | null = null;
    page.get(asset.path, secureHeaders(HEADERS), async (context) => {
      if (asset.path === "/") {
        // The application has no such resource, and refuses it like any other where the token is missing.
        const refusal = await forward(context);
        await refusal.body?.cancel();
        if (refusal.status === 401) return answerLogin(context, asset, refusal);
      }
      ready ??= served(asset);
      return answer(context, ready);
    });
    refuseOtherMethods(page, asset.path, READ);
  }
  page.all("*", forward);
  return page;
}
