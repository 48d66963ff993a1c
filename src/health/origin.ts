/** Where a request comes from, as far as browsers say: pages of other sites can make them send requests. */
import type { HonoRequest } from "hono";

/**
 * Whether a request was sent to `localhost` or to an address. Any other name may be one that a web page
 * has pointed at this machine (DNS rebinding), which without a token would let it read the responses.
 */
export function isOwnName(name: string): boolean {
  return name === "localhost" || /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/.test(name);
}

/**
 * Whether a request comes from a page of another site, or of another port of this host. Only browsers send
 * `Origin` and `Sec-Fetch-Site`; a link that is followed to here is not counted.
 */
export function isFromOtherSite(request: HonoRequest): boolean {
  const origin = request.header("origin");
  if (origin !== undefined && !isOwnOrigin(origin, request.header("host"))) return true;
  const isLink = request.method === "GET" && request.header("sec-fetch-mode") === "navigate";
  return !isLink && !isOwnFetchSite(request.header("sec-fetch-site"));
}

/** Whether a browser sent a request: those that send neither of the two headers at least say their name. */
export function isFromBrowser(request: HonoRequest): boolean {
  return request.header("origin") !== undefined || request.header("sec-fetch-site") !== undefined ||
    /^mozilla\//i.test(request.header("user-agent") ?? "");
}

/**
 * Whether a request may change something: a page of this interface sent it, or no browser did.
 * @param byCookie  whether a cookie authorises it, which a browser adds to whatever a page sends
 */
export function mayChange(request: HonoRequest, byCookie: boolean): boolean {
  if (isFromOtherSite(request)) return false;
  if (request.header("origin") !== undefined) return true;
  const site = request.header("sec-fetch-site");
  return !byCookie && (site === undefined || site === "none");
}

/** Compares hosts and ports: a proxy in front may speak another protocol. */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  const own = URL.parse(`http://${host ?? ""}`)?.host;
  return own !== undefined && hostOf(origin) === own;
}

/** The host and port of an origin; null where it is none. The port of the scheme is none. */
function hostOf(origin: string): string | null {
  const url = URL.parse(origin);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  return url.host;
}

function isOwnFetchSite(site: string | undefined): boolean {
  return site === undefined || site === "same-origin" || site === "none";
}
