/**
 * The ingress: Home Assistant has authenticated the user, and forwards requests to here. They are passed on
 * to Orion, which answers inside the app alone and without a token.
 * https://developers.home-assistant.io/docs/apps/presentation#ingress
 */

/** Where the supervisor's requests come from; others are refused. */
export const SUPERVISOR = "172.30.32.2";

/** What concerns the connection, and what is Home Assistant's own. */
const KEPT_BACK =
  /^(connection|keep-alive|te|transfer-encoding|upgrade|host|origin|cookie|authorization|accept-encoding|x-.*)$/;

/** Of a response: `fetch` has undone the first two, and the page is in a frame of Home Assistant's own page. */
const REPLACED = ["content-encoding", "content-length", "x-frame-options"];

export interface IngressOptions {
  /** Orion's address: `http://127.0.0.1:8080`. */
  readonly upstream: string;
  /** The one address that may ask. */
  readonly from: string;
}

/** Answers one request. */
export type Answer = (request: Request, from: string) => Promise<Response>;

export function ingress({ upstream, from: allowed }: IngressOptions): Answer {
  return async (request, from) => {
    if (from !== allowed) return text(403, "This port is for Home Assistant's ingress.");
    const headers = forwardedHeaders(request, upstream);
    if (headers === null) return text(403, "The request comes from a page of another site.");
    const { pathname, search } = new URL(request.url);
    try {
      const response = await fetch(`${upstream}${pathname}${search}`, {
        method: request.method,
        headers,
        body: request.body,
        redirect: "manual",
        signal: request.signal,
      });
      return new Response(response.body, {
        status: response.status,
        headers: framedHeaders(response.headers),
      });
    } catch {
      return text(502, "Orion does not answer: its log says why.");
    }
  };
}

/** The headers for Orion; null for a request of another site's page. */
function forwardedHeaders(request: Request, upstream: string): Headers | null {
  const headers = new Headers([...request.headers].filter(([name]) => !KEPT_BACK.test(name)));
  const origin = request.headers.get("origin");
  if (origin === null) return headers;
  const host = request.headers.get("x-forwarded-host") ?? request.headers.get("host");
  if (host === null || URL.parse(origin)?.host !== URL.parse(`http://${host}`)?.host) return null;
  headers.set("origin", upstream);
  return headers;
}

function framedHeaders(from: Headers): Headers {
  const headers = new Headers(from);
  for (const name of REPLACED) headers.delete(name);
  const policy = headers.get("content-security-policy");
  if (policy !== null) {
    const framed = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'");
    headers.set("content-security-policy", framed);
  }
  return headers;
}

function text(status: number, message: string): Response {
  return new Response(`${message}\n`, { status });
}
