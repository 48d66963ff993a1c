/** RTSP URLs: parsing, control URLs and base URLs, with every path kept byte for byte. */
import { withoutControlCharacters } from "../../core/control_characters.ts";

/** The ports of RFC 2326 3.2 and of `rtsps` (RFC 7826 4.2). */
const DEFAULT_PORTS = { rtsp: 554, rtsps: 322 } as const;

/** An absolute URL. */
export interface RtspUrl {
  readonly scheme: "rtsp" | "rtsps";
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  /** Percent-decoded; null if the URL has none. */
  readonly username: string | null;
  /** Percent-decoded; null if the URL has none. */
  readonly password: string | null;
  /** The URL without its credentials, everything else byte for byte. */
  readonly requestUri: string;
  /** `host:port`, with the brackets that an IPv6 address needs. */
  readonly host: string;
}

interface SplitUrl {
  readonly scheme: "rtsp" | "rtsps";
  /** `user:password`, or null. */
  readonly credentials: string | null;
  /** Host and port as written. */
  readonly authority: string;
  readonly hostname: string;
  readonly port: number;
  /** Path and query, from the slash or question mark on; "" if there is neither. */
  readonly pathAndQuery: string;
}

/**
 * Parses a URL. Paths of cameras hold `;`, `=`, `&`, spaces and even passwords: they are sent unchanged,
 * neither normalised nor encoded.
 *
 * @returns null if the text is no URL with a scheme, a host and a valid port
 */
export function parseRtspUrl(text: string): RtspUrl | null {
  const split = splitUrl(text);
  if (split === null) return null;
  const { scheme, credentials, authority, hostname, port, pathAndQuery } = split;
  const colon = credentials?.indexOf(":") ?? -1;
  const username = colon === -1 ? credentials : credentials?.slice(0, colon) ?? null;
  const password = colon === -1 ? null : credentials?.slice(colon + 1) ?? null;
  return {
    scheme,
    hostname,
    port,
    username: decode(username),
    password: decode(password),
    requestUri: `${scheme}://${authority}${pathAndQuery}`,
    host: `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
  };
}

function splitUrl(text: string): SplitUrl | null {
  const match = /^(rtsps?):\/\/([^/?]*)/i.exec(text);
  if (match === null) return null;
  const scheme = match[1]?.toLowerCase() === "rtsps" ? "rtsps" : "rtsp";
  const whole = match[2] ?? "";
  const at = whole.lastIndexOf("@");
  const authority = whole.slice(at + 1);
  const host = /^(\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|[\w.-]+)(?::(\d{0,5}))?$/i.exec(authority);
  if (host === null) return null;
  // An empty port is the default one (RFC 3986 3.2.3).
  const port = Number(host[2] || DEFAULT_PORTS[scheme]);
  if (!(port >= 1 && port <= 65535)) return null;
  return {
    scheme,
    credentials: at === -1 ? null : whole.slice(0, at),
    authority,
    hostname: (host[1] ?? "").replace(/^\[|\]$/g, ""),
    port,
    pathAndQuery: text.slice(match[0].length),
  };
}

/** A resolved control attribute. */
export interface ResolvedControl {
  /** The URI to send: always with the scheme, host and port of the base. */
  readonly uri: string;
  /** The control attribute names another host or port; only its path is used. */
  readonly namesOtherHost: boolean;
}

/**
 * Resolves the control attribute of a track or of the whole presentation.
 *
 * Appends a relative one to the base with a slash between, also after a query. RFC 2326 C.1.1 and RFC 3986
 * would replace what follows the base's last slash, but FFmpeg, live555, GStreamer, gortsplib and retina
 * append, cameras are tested with those, and some can be played in no other way: Dahua's base is
 * `…/realmonitor?channel=1&subtype=0/`, and resolving would lose the channel.
 *
 * Keeps the host of the base in any case: cameras behind NAT write their private address into absolute
 * URLs, others write 0.0.0.0.
 *
 * @param base  from {@link baseUri}, or from {@link trackBase} for a track
 * @param control  as written; null, "" and `*` mean the base itself
 */
export function resolveControl(base: string, control: string | null): ResolvedControl {
  // A request must not contain control characters.
  const text = withoutControlCharacters(control ?? "").trim();
  if (text === "" || text === "*") return { uri: base, namesOtherHost: false };
  const own = splitUrl(base);
  if (/^rtsps?:\/\//i.test(text)) return resolveAbsolute(base, own, text);
  if (own !== null && repeatsBasePath(own.pathAndQuery, text)) {
    return { uri: `${originOf(own)}${text}`, namesOtherHost: false };
  }
  const hasSeparator = base.endsWith("/") || text.startsWith("/") || text.startsWith("?");
  const joined = base.endsWith("/") && text.startsWith("/") ? text.slice(1) : text;
  return { uri: `${base}${hasSeparator ? "" : "/"}${joined}`, namesOtherHost: false };
}

function resolveAbsolute(base: string, own: SplitUrl | null, text: string): ResolvedControl {
  const other = splitUrl(text);
  if (own === null) return { uri: text, namesOtherHost: false };
  if (other === null) {
    // An invalid host (`rtsp://<ip>/track1`): only the path can be used.
    const path = text.replace(/^rtsps?:\/\/[^/]*/i, "");
    return { uri: path === "" ? base : `${originOf(own)}${path}`, namesOtherHost: true };
  }
  return {
    uri: `${originOf(own)}${other.pathAndQuery}`,
    namesOtherHost: other.hostname.toLowerCase() !== own.hostname.toLowerCase() ||
      other.port !== own.port,
  };
}

/**
 * Whether a control attribute with a leading slash repeats the base's path, and so is relative to the root.
 * Others, such as `/trackID=1`, are relative to the base, as in live555.
 */
function repeatsBasePath(pathAndQuery: string, control: string): boolean {
  const path = (pathAndQuery.split("?", 1)[0] ?? "").replace(/\/+$/, "");
  return path !== "" && (control === path || control.startsWith(`${path}/`));
}

function originOf({ scheme, authority }: SplitUrl): string {
  return `${scheme}://${authority}`;
}

/**
 * The base of the tracks' control attributes: the session's control attribute if it is absolute (as in
 * FFmpeg and live555), else the base of the description.
 */
export function trackBase(base: string, sessionControl: string | null): string {
  const isAbsolute = /^\s*rtsps?:\/\//i.test(sessionControl ?? "");
  return isAbsolute ? resolveControl(base, sessionControl).uri : base;
}

/** The URLs that a response to DESCRIBE may be based on. */
export interface BaseSources {
  readonly contentBase: string | null;
  readonly contentLocation: string | null;
  /** The URI of the request, without credentials. */
  readonly requestUri: string;
}

/**
 * The base of relative control attributes: `Content-Base`, else `Content-Location`, else the request's URI
 * (RFC 2326 C.1.1). Keeps the request's host in any case; ignores values that are no URL.
 */
export function baseUri({ contentBase, contentLocation, requestUri }: BaseSources): string {
  const own = splitUrl(requestUri);
  if (own === null) return requestUri;
  return resolveReference(own, contentBase) ?? resolveReference(own, contentLocation) ?? requestUri;
}

function resolveReference(own: SplitUrl, text: string | null): string | null {
  const reference = (text ?? "").trim().replace(/^<(.*)>$/, "$1").replace(/^"(.*)"$/, "$1");
  const other = splitUrl(reference);
  if (other !== null) return `${originOf(own)}${other.pathAndQuery}`;
  if (reference.startsWith("/") && !reference.startsWith("//")) {
    return `${originOf(own)}${reference}`;
  }
  // A relative reference replaces what follows the path's last slash (RFC 3986 5.2.3). A host without a
  // scheme looks the same, but is no base.
  const isRelative = /^[\w~%=&;,+@!$'()*.-]+(?:[/?].*)?$/.test(reference) &&
    !/^[\d.]+(?:\/|$)/.test(reference) && !isHost(own, reference);
  if (!isRelative) return null;
  const path = own.pathAndQuery.split("?", 1)[0] ?? "";
  return `${originOf(own)}${path.slice(0, path.lastIndexOf("/") + 1) || "/"}${reference}`;
}

function isHost(own: SplitUrl, reference: string): boolean {
  return reference.split("/", 1)[0]?.toLowerCase() === own.hostname.toLowerCase();
}

/** Percent-decodes; returns invalid text unchanged. */
function decode(text: string | null): string | null {
  if (text === null) return null;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // A stray % means that the text was not encoded.
    if (error instanceof URIError) return text;
    throw error;
  }
}
