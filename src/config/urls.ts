/** Parses the addresses of cameras, brokers and listeners, and explains what is wrong with them. */
import { isIPv6 } from "node:net";
import { hasControlCharacters } from "../core/control_characters.ts";
import { type BrokerAddress, MQTT_PORTS } from "../core/broker_address.ts";
import { type Endpoint, endpointText } from "../core/endpoint.ts";
import { suggestName } from "../core/nearest.ts";
import { percentDecoded } from "../core/percent.ts";
import { parameterSecrets, Redactor } from "../core/redact.ts";
import {
  type HostParts,
  RTSP_PORTS,
  splitHost,
  splitUrl,
  type UrlParts,
} from "../core/url_parts.ts";
import type { CameraKind } from "./settings.ts";

/** The value of a text, or what is wrong with it. Neither message nor remedy holds a credential. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly remedy: string };

export interface CameraUrl {
  /** As written, credentials included. */
  readonly text: string;
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
  /** As written, credentials included. */
  readonly text: string;
  readonly address: BrokerAddress;
  /** Decoded. */
  readonly username: string | null;
  readonly password: string | null;
}

const ENCODE = "In a user name or password write %40 for @, %2F for /, %3A for :, %23 for #, " +
  "%3F for ? and %25 for %.";

const HOST_REMEDY = `Write scheme://host:port. ${ENCODE}`;

const CAMERA_SCHEMES = ["rtsp", "rtsps", "file", "demo"];
const BROKER_SCHEMES = Object.keys(MQTT_PORTS);

/** Parses `rtsp://`, `rtsps://`, `file:path`, `file:///path` or `demo:`. */
export function parseCameraUrl(text: string): Parsed<CameraUrl> {
  const scheme = schemeOf(text);
  if (scheme === "demo") {
    if (text === "demo:") return good({ text, kind: "demo", file: null, ...LOCAL });
    return bad("demo: takes nothing after the colon", "Write demo: for the bundled clip.");
  }
  if (scheme === "file") return parseFileUrl(text);
  if (scheme === "rtsp" || scheme === "rtsps") {
    const parts = parseUrl(text, scheme);
    if (!parts.ok) return parts;
    const { hostname, port, username, password, rest } = parts.value;
    const endpoint = { hostname, port: port ?? RTSP_PORTS[scheme] };
    return good({ text, kind: scheme, file: null, endpoint, username, password, rest });
  }
  return badScheme(text, CAMERA_SCHEMES, "rtsp://host:554/path");
}

function parseFileUrl(text: string): Parsed<CameraUrl> {
  const rest = text.slice("file:".length);
  if (rest.startsWith("//") && !rest.startsWith("///")) {
    return bad("a file: URL cannot name a host", "Write file:///absolute/path or file:path.");
  }
  const file = rest.startsWith("///") ? rest.slice(2) : rest;
  if (file === "") return bad("names no file", "Write file:path.");
  if (isAddress(file)) return NO_PATH;
  return good({ text, kind: "file", file, ...LOCAL });
}

/**
 * Whether a text is an address where a path is expected. It may hold a password, so it becomes part of no path,
 * message or permission.
 */
export function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/** What is wrong with an address where a path is expected. */
export const NO_PATH = bad("is an address, not a path", "Store the file here, and write its path.");

/** A local file has no host and no credentials. */
const LOCAL = { endpoint: null, username: null, password: null, rest: "" } as const;

/** Parses `host`, `host:port`, `[ipv6]` or `[ipv6]:port`. */
export function parseHost(text: string): Parsed<HostParts> {
  const host = checkedHost(text);
  if (host.ok) return host;
  // The text is not quoted: it may be a whole address with a password in it.
  return bad(
    "is not a host with or without a port",
    "Write, for example, 192.0.2.10 or camera.lan:8554, without rtsp:// and without a path.",
  );
}

/** Parses `mqtt://`, `mqtts://`, `ws://` or `wss://`, with or without credentials. */
export function parseBrokerUrl(text: string): Parsed<BrokerUrl> {
  const scheme = schemeOf(text);
  if (scheme !== "mqtt" && scheme !== "mqtts" && scheme !== "ws" && scheme !== "wss") {
    return badScheme(text, BROKER_SCHEMES, "mqtts://host:8883");
  }
  const parts = parseUrl(text, scheme);
  if (!parts.ok) return parts;
  const { hostname, port, rest } = parts.value;
  const overHttp = scheme === "ws" || scheme === "wss";
  if (!overHttp && rest !== "" && rest !== "/") {
    return bad("an mqtt URL has no path", "Remove the path after the port.");
  }
  const path = rest.startsWith("/") ? rest : `/${rest}`;
  return good({
    text,
    address: { scheme, hostname, port: port ?? MQTT_PORTS[scheme], path: overHttp ? path : "" },
    username: decodedOrNull(parts.value.username),
    password: decodedOrNull(parts.value.password),
  });
}

/** Parses `host:port` or `[ipv6]:port`. */
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

/** Formats the part of a URL that may be shown. Path and query may hold credentials. */
export function displayUrl(scheme: string, endpoint: Endpoint): string {
  return `${scheme}://${endpointText(endpoint)}`;
}

/** Whether a part of a camera's URL occurs in its displayed part, and nowhere else. */
export function isShownPart(url: string, part: string): boolean {
  const parsed = parseCameraUrl(url);
  if (!parsed.ok || parsed.value.endpoint === null) return false;
  const { kind, endpoint, username, password, rest } = parsed.value;
  const hidden = [username, password, rest].some((text) => text?.includes(part));
  return !hidden && displayUrl(kind, endpoint).includes(part);
}

/**
 * Returns the values of password parameters in the path or query of a URL, as written. Where the end of a
 * value is ambiguous, both the longer and the shorter one are included.
 */
export function querySecrets(url: string): string[] {
  const values = parameterSecrets(url);
  const shorter = values.map((value) => value.split(VALUE_END, 1)[0] ?? "");
  return [...new Set([...values, ...shorter])].filter((value) => value !== "");
}

/** Removes what may be a credential of a camera's address from texts about it. */
export function redactorOf({ text, username, password, rest }: CameraUrl): Redactor {
  const [path = ""] = rest.split("?", 1);
  return new Redactor([username ?? "", password ?? "", rest, path, ...querySecrets(text)]);
}

/** Characters that may end the value of a parameter, or belong to it. */
const VALUE_END = /[/?]|\.sdp|_[a-z]+=/i;

function decodedOrNull(text: string | null): string | null {
  return text === null ? null : percentDecoded(text);
}

function schemeOf(text: string): string | null {
  return /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? null;
}

/** Splits an address, and refuses one in which a credential was not encoded. */
function parseUrl(text: string, scheme: string): Parsed<UrlParts> {
  if (/\s/.test(text) || hasControlCharacters(text)) {
    return bad("holds a space or a control character", "Write %20 for a space.");
  }
  const body = text.slice(scheme.length + 1);
  if (!body.startsWith("//")) {
    return bad(`lacks the // after ${scheme}:`, `Write ${scheme}://host.`);
  }
  if (body.includes("#")) return bad("holds an unencoded #", ENCODE);
  const [, authority = "", path = ""] = /^\/\/([^/?]*)([^?]*)/.exec(body) ?? [];
  const ats = authority.split("@").length - 1;
  if (ats > 1 || path.includes("@") || (ats === 0 && body.includes("@"))) {
    return bad("holds an unencoded @ or /: the end of the password is ambiguous", ENCODE);
  }
  const host = checkedHost(authority.slice(authority.indexOf("@") + 1));
  if (!host.ok) return host;
  const parts = splitUrl(text);
  return parts === null ? badHost() : good(parts);
}

/** Splits host and port, and refuses hosts that are unreachable or invalid in a permission. */
function checkedHost(text: string): Parsed<HostParts> {
  const host = splitHost(text);
  if (host === "port" || text.endsWith(":")) {
    return bad("the port is not a number within 1 and 65535", HOST_REMEDY);
  }
  if (host === "host") return badHost();
  const { hostname } = host;
  const isInvalid = text.startsWith("[")
    ? !isIPv6(hostname) || hostname.includes("%")
    : /^\.|\.\./.test(hostname);
  return isInvalid ? badHost() : good(host);
}

/** The text is not quoted: with an unencoded character in it, it may be half of a password. */
function badHost() {
  return bad("names no valid host", HOST_REMEDY);
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
