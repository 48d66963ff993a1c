/** Splits URLs with a host into their parts, without changing or decoding a byte. */

/** The ports of RFC 2326 3.2 and of `rtsps` (RFC 7826 4.2). */
export const RTSP_PORTS = { rtsp: 554, rtsps: 322 } as const;

export interface HostParts {
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  /** null when none is written. */
  readonly port: number | null;
}

export interface UrlParts extends HostParts {
  /** In lower case. */
  readonly scheme: string;
  /** Still percent-encoded; null when there is none. */
  readonly username: string | null;
  /** Still percent-encoded; null when there is none, "" when it is empty. */
  readonly password: string | null;
  /** Host and port as written. */
  readonly authority: string;
  /** Path and query, from the slash or question mark on; "" when there is neither. */
  readonly rest: string;
}

/**
 * Splits `scheme://user:password@host:port/path?query`.
 * @returns null without a scheme, `//`, a host or a valid port
 */
export function splitUrl(text: string): UrlParts | null {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?]*)/i.exec(text);
  if (match === null) return null;
  const [before, scheme = "", named = ""] = match;
  const at = named.lastIndexOf("@");
  const authority = named.slice(at + 1);
  const host = splitHost(authority);
  if (typeof host === "string") return null;
  const credentials = at === -1 ? null : named.slice(0, at);
  const colon = credentials?.indexOf(":") ?? -1;
  return {
    scheme: scheme.toLowerCase(),
    username: colon === -1 ? credentials : credentials?.slice(0, colon) ?? null,
    password: colon === -1 ? null : credentials?.slice(colon + 1) ?? null,
    authority,
    ...host,
    rest: text.slice(before.length),
  };
}

/**
 * Splits `host`, `host:port`, `[ipv6]` or `[ipv6]:port`. An empty port is none (RFC 3986 3.2.3).
 * @returns the parts, or which of the two is invalid
 */
export function splitHost(text: string): HostParts | "host" | "port" {
  const match = /^(\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|[\w.-]+)(?::(.*))?$/i.exec(text);
  if (match === null) return "host";
  const [, host = "", digits = ""] = match;
  const hostname = host.replace(/^\[|\]$/g, "");
  if (digits === "") return { hostname, port: null };
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : NaN;
  return port >= 1 && port <= 65535 ? { hostname, port } : "port";
}
