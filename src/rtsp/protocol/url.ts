/** A camera's address, taken apart and put together without a byte of its path being changed. */
import { withoutControlCharacters } from "../../core/control_characters.ts";

/** The ports of RFC 2326 3.2 and of `rtsps` (RFC 7826 4.2). */
const DEFAULT_PORTS = { rtsp: 554, rtsps: 322 } as const;

/** An absolute address. */
export interface RtspUrl {
  readonly scheme: "rtsp" | "rtsps";
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  /** Percent-decoded; null when the address has none. */
  readonly username: string | null;
  /** Percent-decoded; null when the address has none, "" when it is empty. */
  readonly password: string | null;
  /** The address without its credentials, as it is sent: everything else byte for byte. */
  readonly requestUri: string;
  /** `host:port`, with the brackets that an IPv6 address needs. */
  readonly host: string;
}

interface Split {
  readonly scheme: "rtsp" | "rtsps";
  /** `user:password`, or null. */
  readonly credentials: string | null;
  /** Host and port as written. */
  readonly authority: string;
  readonly hostname: string;
  readonly port: number;
  /** Path and query, from the slash or question mark on; "" when there is neither. */
  readonly rest: string;
}

/**
 * Takes an address apart. Cameras' paths hold `;`, `=`, `&`, spaces and whole passwords: they are sent as
 * they stand, never normalised or encoded.
 *
 * @returns null when it is no address with a scheme, a host and a valid port
 */
export function parseRtspUrl(text: string): RtspUrl | null {
  const split = splitUrl(text);
  if (split === null) return null;
  const { scheme, credentials, authority, hostname, port, rest } = split;
  const colon = credentials?.indexOf(":") ?? -1;
  const username = colon === -1 ? credentials : credentials?.slice(0, colon) ?? null;
  const password = colon === -1 ? null : credentials?.slice(colon + 1) ?? null;
  return {
    scheme,
    hostname,
    port,
    username: decode(username),
    password: decode(password),
    requestUri: `${scheme}://${authority}${rest}`,
    host: `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
  };
}

function splitUrl(text: string): Split | null {
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
    rest: text.slice(match[0].length),
  };
}

/** What a control attribute leads to. */
export interface ResolvedControl {
  /** The address to send: always with the scheme, host and port of the base. */
  readonly uri: string;
  /** The control names another host or port: its path is taken all the same. */
  readonly namesOtherHost: boolean;
}

/**
 * The address of a track, or of the whole presentation, from its control attribute.
 *
 * A relative one is appended to the base with a slash between, also after a query. RFC 2326 C.1.1 and
 * RFC 3986 would replace what follows the base's last slash, but ffmpeg, live555, GStreamer, gortsplib and
 * retina append, cameras are tested with those, and some of them cannot be played in any other way: Dahua's
 * base is `…/realmonitor?channel=1&subtype=0/`, and resolving would lose the channel.
 *
 * Cameras behind address translation write their inner address into absolute ones, others write 0.0.0.0:
 * the connection's own host stays, since requests go nowhere else.
 *
 * @param base  from {@link baseUri}, or from {@link trackBase} for a track
 * @param control  as written; null, "" and `*` mean the base itself
 */
export function resolveControl(base: string, control: string | null): ResolvedControl {
  // A request with a control character in it cannot be written.
  const text = withoutControlCharacters(control ?? "").trim();
  if (text === "" || text === "*") return { uri: base, namesOtherHost: false };
  const own = splitUrl(base);
  if (/^rtsps?:\/\//i.test(text)) return resolveAbsolute(base, own, text);
  if (own !== null && namesWholePath(own.rest, text)) {
    return { uri: `${originOf(own)}${text}`, namesOtherHost: false };
  }
  const hasSeparator = base.endsWith("/") || text.startsWith("/") || text.startsWith("?");
  const joined = base.endsWith("/") && text.startsWith("/") ? text.slice(1) : text;
  return { uri: `${base}${hasSeparator ? "" : "/"}${joined}`, namesOtherHost: false };
}

function resolveAbsolute(base: string, own: Split | null, text: string): ResolvedControl {
  const other = splitUrl(text);
  if (own === null) return { uri: text, namesOtherHost: false };
  if (other === null) {
    // A host that is none (`rtsp://<ip>/track1`): only what follows it can be used.
    const path = text.replace(/^rtsps?:\/\/[^/]*/i, "");
    return { uri: path === "" ? base : `${originOf(own)}${path}`, namesOtherHost: true };
  }
  return {
    uri: `${originOf(own)}${other.rest}`,
    namesOtherHost: other.hostname.toLowerCase() !== own.hostname.toLowerCase() ||
      other.port !== own.port,
  };
}

/**
 * Whether a control that begins with a slash repeats the base's path, and so is meant from the root on. One
 * that does not, such as `/trackID=1`, is meant below the base: cameras that write it mean what live555 does.
 */
function namesWholePath(rest: string, control: string): boolean {
  const path = (rest.split("?", 1)[0] ?? "").replace(/\/+$/, "");
  return path !== "" && (control === path || control.startsWith(`${path}/`));
}

function originOf({ scheme, authority }: Split): string {
  return `${scheme}://${authority}`;
}

/**
 * What the controls of tracks are relative to: an absolute control of the session where it has one (as
 * ffmpeg and live555 do), else the base.
 */
export function trackBase(base: string, sessionControl: string | null): string {
  const isAbsolute = /^\s*rtsps?:\/\//i.test(sessionControl ?? "");
  return isAbsolute ? resolveControl(base, sessionControl).uri : base;
}

/** What an answer to DESCRIBE says of its own address. */
export interface BaseSources {
  readonly contentBase: string | null;
  readonly contentLocation: string | null;
  /** What was asked for, without credentials. */
  readonly requestUri: string;
}

/**
 * The base of relative controls: `Content-Base`, else `Content-Location`, else the request's address (RFC
 * 2326 C.1.1). The host is the request's in any case; what is no address is passed over.
 */
export function baseUri({ contentBase, contentLocation, requestUri }: BaseSources): string {
  const own = splitUrl(requestUri);
  if (own === null) return requestUri;
  return referTo(own, contentBase) ?? referTo(own, contentLocation) ?? requestUri;
}

function referTo(own: Split, text: string | null): string | null {
  const reference = (text ?? "").trim().replace(/^<(.*)>$/, "$1").replace(/^"(.*)"$/, "$1");
  const other = splitUrl(reference);
  if (other !== null) return `${originOf(own)}${other.rest}`;
  if (reference.startsWith("/") && !reference.startsWith("//")) {
    return `${originOf(own)}${reference}`;
  }
  // A relative one replaces what follows the path's last slash (RFC 3986 5.2.3). A host without a scheme
  // looks the same, and is no base.
  const isRelative = /^[\w~%=&;,+@!$'()*.-]+(?:[/?].*)?$/.test(reference) &&
    !/^[\d.]+(?:\/|$)/.test(reference) && !isHost(own, reference);
  if (!isRelative) return null;
  const path = own.rest.split("?", 1)[0] ?? "";
  return `${originOf(own)}${path.slice(0, path.lastIndexOf("/") + 1) || "/"}${reference}`;
}

function isHost(own: Split, reference: string): boolean {
  return reference.split("/", 1)[0]?.toLowerCase() === own.hostname.toLowerCase();
}

/** Percent-decodes, or leaves the text as it is when it is not valid. */
function decode(text: string | null): string | null {
  if (text === null) return null;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // A lone % is its own value: the text was not encoded.
    if (error instanceof URIError) return text;
    throw error;
  }
}
