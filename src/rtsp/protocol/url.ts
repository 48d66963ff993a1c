/** RTSP URLs: parsing, control URLs and base URLs, with every path kept byte for byte. */
import { withoutControlCharacters } from "../../core/control_characters.ts";
import { endpointText } from "../../core/endpoint.ts";
import { percentDecoded } from "../../core/percent.ts";
import { RTSP_PORTS, splitUrl, type UrlParts } from "../../core/url_parts.ts";

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

interface Split extends UrlParts {
  readonly scheme: "rtsp" | "rtsps";
  readonly port: number;
}

/**
 * Parses a URL. Paths of cameras hold `;`, `=`, `&`, spaces and even passwords: they are sent unchanged,
 * neither normalised nor encoded.
 *
 * @returns null if the text is no URL with a scheme, a host and a valid port
 */
export function parseRtspUrl(text: string): RtspUrl | null {
  const split = splitRtsp(text);
  if (split === null) return null;
  const { scheme, username, password, authority, hostname, port, rest } = split;
  return {
    scheme,
    hostname,
    port,
    username: username === null ? null : percentDecoded(username),
    password: password === null ? null : percentDecoded(password),
    requestUri: `${scheme}://${authority}${rest}`,
    host: endpointText({ hostname, port }),
  };
}

function splitRtsp(text: string): Split | null {
  const parts = splitUrl(text);
  const scheme = parts?.scheme;
  if (parts === null || (scheme !== "rtsp" && scheme !== "rtsps")) return null;
  return { ...parts, scheme, port: parts.port ?? RTSP_PORTS[scheme] };
}

/** The beginning of an absolute URL. Some servers write `rtspu://` or `http://` in control attributes. */
const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;

/** Splits a URL of a server's. One camera writes `rtsp://rtsp://cam.lan:554/stream1/`. */
function splitServerUrl(text: string): Split | null {
  return splitRtsp(text.replace(/^(?:rtsps?:\/\/)+(?=rtsps?:\/\/)/i, ""));
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
  const own = splitRtsp(base);
  if (SCHEME.test(text)) return resolveAbsolute(base, own, text);
  if (own !== null && repeatsBasePath(own.rest, text)) {
    return { uri: `${originOf(own)}${text}`, namesOtherHost: false };
  }
  const hasSeparator = base.endsWith("/") || text.startsWith("/") || text.startsWith("?");
  const joined = base.endsWith("/") && text.startsWith("/") ? text.slice(1) : text;
  return { uri: `${base}${hasSeparator ? "" : "/"}${joined}`, namesOtherHost: false };
}

function resolveAbsolute(base: string, own: Split | null, text: string): ResolvedControl {
  const other = splitServerUrl(text);
  if (own === null) return { uri: text, namesOtherHost: false };
  if (other === null) {
    // An invalid host (`rtsp://<ip>/track1`) or another scheme: only the path can be used.
    const path = text.replace(SCHEME, "").replace(/^[^/?]*/, "");
    return { uri: path === "" ? base : `${originOf(own)}${path}`, namesOtherHost: true };
  }
  return {
    uri: `${originOf(own)}${other.rest}`,
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

function originOf({ scheme, authority }: Split): string {
  return `${scheme}://${authority}`;
}

/**
 * The base of the tracks' control attributes: the session's control attribute if it is absolute (as in
 * FFmpeg and live555), else the base of the description.
 */
export function trackBase(base: string, sessionControl: string | null): string {
  const isAbsolute = SCHEME.test((sessionControl ?? "").trim());
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
  const own = splitRtsp(requestUri);
  if (own === null) return requestUri;
  return resolveReference(own, contentBase) ?? resolveReference(own, contentLocation) ?? requestUri;
}

function resolveReference(own: Split, text: string | null): string | null {
  const reference = (text ?? "").trim().replace(/^<(.*)>$/, "$1").replace(/^"(.*)"$/, "$1");
  const other = splitServerUrl(reference);
  if (other !== null) return `${originOf(own)}${other.rest}`;
  if (reference.startsWith("/") && !reference.startsWith("//")) {
    return `${originOf(own)}${reference}`;
  }
  // A relative reference replaces what follows the path's last slash (RFC 3986 5.2.3). A host without a
  // scheme looks the same, but is no base.
  const isRelative = /^[\w~%=&;,+@!$'()*.-]+(?:[/?].*)?$/.test(reference) &&
    !/^[\d.]+(?:\/|$)/.test(reference) && !isHost(own, reference);
  if (!isRelative) return null;
  const path = own.rest.split("?", 1)[0] ?? "";
  return `${originOf(own)}${path.slice(0, path.lastIndexOf("/") + 1) || "/"}${reference}`;
}

function isHost(own: Split, reference: string): boolean {
  return reference.split("/", 1)[0]?.toLowerCase() === own.hostname.toLowerCase();
}
