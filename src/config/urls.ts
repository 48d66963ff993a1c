/** What cameras, brokers and listeners are named by, taken apart. Nothing here decodes a percent sign. */
import { isIPv6 } from "node:net";
import { type BrokerAddress, MQTT_PORTS } from "../core/broker_address.ts";
import { hasControlCharacters } from "../core/control_characters.ts";
import { parameterSecrets } from "../core/redact.ts";
import { suggestName } from "./problems.ts";
import { type CameraKind, type Endpoint, RTSP_PORTS } from "./settings.ts";

/** What came of a text, or what is wrong with it. Neither text holds a credential. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly remedy: string };

interface Authority {
  readonly scheme: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly hostname: string;
  readonly port: number | null;
  /** Path and query, from the slash on. */
  readonly rest: string;
}

export interface CameraUrl {
  readonly kind: CameraKind;
  /** The path as written, for `file:`. */
  readonly file: string | null;
  /** Where the camera answers; null for `file:` and `demo:`. */
  readonly endpoint: Endpoint | null;
  /** Still percent-encoded. */
  readonly username: string | null;
  readonly password: string | null;
  /** Path and query, from the slash on; "" for `file:` and `demo:`. */
  readonly rest: string;
}

export interface BrokerUrl {
  readonly address: BrokerAddress;
  /** Decoded. */
  readonly username: string | null;
  readonly password: string | null;
}

const ENCODE = "In a user name or password write %40 for @, %2F for /, %3A for :, %23 for #, " +
  "%3F for ? and %25 for %.";

const CAMERA_SCHEMES = ["rtsp", "rtsps", "file", "demo"];
const BROKER_SCHEMES = Object.keys(MQTT_PORTS);

/** `rtsp://`, `rtsps://`, `file:path`, `file:///path` or `demo:`. */
export function parseCameraUrl(text: string): Parsed<CameraUrl> {
  const scheme = schemeOf(text);
  if (scheme === "demo") {
    if (text === "demo:") return good({ kind: "demo", file: null, ...LOCAL });
    return bad("demo: takes nothing after the colon", "Write demo: for the bundled clip.");
  }
  if (scheme === "file") return parseFileUrl(text.slice("file:".length));
  if (scheme === "rtsp" || scheme === "rtsps") {
    const parts = splitUrl(text, scheme);
    if (!parts.ok) return parts;
    const { hostname, port, username, password, rest } = parts.value;
    const endpoint = { hostname, port: port ?? RTSP_PORTS[scheme] };
    return good({ kind: scheme, file: null, endpoint, username, password, rest });
  }
  return badScheme(text, CAMERA_SCHEMES, "rtsp://host:554/path");
}

function parseFileUrl(rest: string): Parsed<CameraUrl> {
  if (rest.startsWith("//") && !rest.startsWith("///")) {
    return bad("a file: URL cannot name a host", "Write file:///absolute/path or file:path.");
  }
  const file = rest.startsWith("///") ? rest.slice(2) : rest;
  if (file === "") return bad("names no file", "Write file:path.");
  return good({ kind: "file", file, ...LOCAL });
}

/** A clip has neither. */
const LOCAL = { endpoint: null, username: null, password: null, rest: "" } as const;

/** `host`, `host:port`, `[ipv6]` or `[ipv6]:port`. */
export function parseHost(text: string): Parsed<{ hostname: string; port: number | null }> {
  const host = splitHost(text);
  if (host.ok) return host;
  // The text is not quoted: it may be a whole address with a password in it.
  return bad(
    "is not a host with or without a port",
    "Write, for example, 192.0.2.10 or camera.lan:8554, without rtsp:// and without a path.",
  );
}

/** `mqtt://`, `mqtts://`, `ws://` or `wss://`, with or without credentials. */
export function parseBrokerUrl(text: string): Parsed<BrokerUrl> {
  const scheme = schemeOf(text);
  if (scheme !== "mqtt" && scheme !== "mqtts" && scheme !== "ws" && scheme !== "wss") {
    return badScheme(text, BROKER_SCHEMES, "mqtts://host:8883");
  }
  const parts = splitUrl(text, scheme);
  if (!parts.ok) return parts;
  const { hostname, port, rest } = parts.value;
  const overHttp = scheme === "ws" || scheme === "wss";
  if (!overHttp && rest !== "" && rest !== "/") {
    return bad("an mqtt URL has no path", "Leave out what follows the port.");
  }
  const path = overHttp ? rest.startsWith("/") ? rest : `/${rest}` : "";
  return good({
    address: { scheme, hostname, port: port ?? MQTT_PORTS[scheme], path },
    username: decode(parts.value.username),
    password: decode(parts.value.password),
  });
}

/** `host:port` and `[ipv6]:port`; `off` is the caller's. */
export function parseListen(text: string, lowestPort: 0 | 1): Parsed<Endpoint> {
  const remedy = "Write an address and a port, such as 127.0.0.1:8080 or [::1]:8080.";
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):(\d{1,5})$/i.exec(text);
  const host = match?.[1];
  const port = Number(match?.[2]);
  if (host === undefined) return bad("is not an address and a port", remedy);
  if (!(port >= lowestPort && port <= 65535)) {
    return bad(`port ${port} is not within ${lowestPort} and 65535`, remedy);
  }
  return good({ hostname: host.replace(/^\[|\]$/g, ""), port });
}

/** `host:port`, with the brackets an IPv6 address needs: as permissions and URLs spell it. */
export function endpointText(endpoint: Endpoint): string {
  const { hostname, port } = endpoint;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** Whether only this machine can reach what listens there. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** All of a URL that is ever shown. Credentials may stand anywhere else in it. */
export function displayUrl(scheme: string, endpoint: Endpoint): string {
  return `${scheme}://${endpointText(endpoint)}`;
}

/** Whether a part of a camera's URL stands in what is shown of it, and nowhere else. */
export function isShownPart(url: string, part: string): boolean {
  const parsed = parseCameraUrl(url);
  if (!parsed.ok || parsed.value.endpoint === null) return false;
  const { kind, endpoint, username, password, rest } = parsed.value;
  const hidden = [username, password, rest].some((text) => text?.includes(part));
  return !hidden && displayUrl(kind, endpoint).includes(part);
}

/**
 * The values of parameters that cameras take passwords in, in the path or behind a question mark, as
 * written. Where a value ends is not always certain: the shorter of what it may be is among them, too.
 */
export function querySecrets(url: string): string[] {
  const values = parameterSecrets(url);
  const shorter = values.map((value) => value.split(VALUE_END, 1)[0] ?? "");
  return [...new Set([...values, ...shorter])].filter((value) => value !== "");
}

/** What may end the value of a parameter, or belong to it. */
const VALUE_END = /[/?]|\.sdp|_[a-z]+=/i;

/** Percent-decodes, or leaves the text as it is when it is not valid. */
export function decode<T extends string | null>(text: T): T | string {
  if (text === null) return text;
  try {
    return decodeURIComponent(text);
  } catch (_error) {
    // A lone % is its own value: the text was not encoded.
    return text;
  }
}

function schemeOf(text: string): string | null {
  return /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? null;
}

/** Takes `scheme://user:password@host:port/rest` apart; says so when a password was not encoded. */
function splitUrl(text: string, scheme: string): Parsed<Authority> {
  if (/\s/.test(text) || hasControlCharacters(text)) {
    return bad("holds a space or a control character", "Write %20 for a space.");
  }
  const body = text.slice(scheme.length + 1);
  if (!body.startsWith("//")) {
    return bad(`lacks the // after ${scheme}:`, `Write ${scheme}://host.`);
  }
  if (body.includes("#")) return bad("holds an unencoded #", ENCODE);
  const end = body.slice(2).search(/[/?]/);
  const authority = end === -1 ? body.slice(2) : body.slice(2, 2 + end);
  const rest = end === -1 ? "" : body.slice(2 + end);
  const path = rest.split("?", 1)[0] ?? "";
  const ats = authority.split("@").length - 1;
  if (ats > 1 || path.includes("@") || (ats === 0 && rest.includes("@"))) {
    return bad("holds an unencoded @ or /: where the password ends cannot be told", ENCODE);
  }
  const at = authority.indexOf("@");
  const host = splitHost(authority.slice(at + 1));
  if (!host.ok) return host;
  const credentials = at === -1 ? null : authority.slice(0, at);
  const colon = credentials?.indexOf(":") ?? -1;
  const username = credentials === null || colon === -1 ? credentials : credentials.slice(0, colon);
  const password = credentials === null || colon === -1 ? null : credentials.slice(colon + 1);
  return good({ scheme, username, password, ...host.value, rest });
}

function splitHost(text: string): Parsed<{ hostname: string; port: number | null }> {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(.*))?$/i.exec(text);
  const host = match?.[1];
  // The text is not quoted: with an unencoded character in it, it may be half of a password.
  if (host === undefined) return bad("names no valid host", `Write scheme://host:port. ${ENCODE}`);
  const digits = match?.[2];
  const hostname = host.replace(/^\[|\]$/g, "");
  // Such a host can't be reached, and can't stand in a permission either.
  if (host.startsWith("[") ? !isIPv6(hostname) : /^\.|\.\./.test(hostname)) {
    return bad("names no valid host", `Write scheme://host:port. ${ENCODE}`);
  }
  if (digits === undefined) return good({ hostname, port: null });
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : NaN;
  if (!(port >= 1 && port <= 65535)) {
    return bad(
      "the port is not a number within 1 and 65535",
      `Write scheme://host:port. ${ENCODE}`,
    );
  }
  return good({ hostname, port });
}

function badScheme(text: string, known: readonly string[], example: string) {
  const scheme = schemeOf(text);
  // Without the slashes it may be `user:password@host`, which must not be quoted.
  if (scheme === null || !text.slice(scheme.length).startsWith("://")) {
    return bad("is not a URL", `Write, for example, ${example}.`);
  }
  return bad(`the scheme "${scheme}:" is not supported`, suggestName(scheme, known));
}

function good<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

function bad(message: string, remedy: string) {
  return { ok: false, message, remedy } as const;
}
