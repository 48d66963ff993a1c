/** Headers whose values have a syntax of their own: Transport, Session, Public, RTP-Info, Retry-After. */
import { sinceMs, type WallMs, wallMs } from "../../core/clock.ts";
import { MAX_RETRY_AFTER_MS, MAX_TRACKS } from "../limits.ts";

/** A transport to request. RTCP uses the next channel or port. */
export type TransportRequest =
  | { readonly kind: "tcp"; readonly rtpChannel: number }
  | { readonly kind: "udp"; readonly rtpPort: number };

/** The transport that the server chose. null: not stated, or not parsable. */
export type TransportResponse =
  & {
    /** The SSRC of its RTP packets; a hint: some cameras send another one. */
    readonly ssrc: number | null;
    /** The source address of its packets, without brackets. */
    readonly source: string | null;
    /** The destination address of its packets, without brackets. */
    readonly destination: string | null;
    readonly isMulticast: boolean;
  }
  & ({
    readonly kind: "tcp";
    readonly rtpChannel: number;
    readonly rtcpChannel: number;
  } | {
    readonly kind: "udp";
    /** The client's ports as confirmed by the server. */
    readonly clientPorts: PortPair | null;
    /** The source ports of its packets. */
    readonly serverPorts: PortPair | null;
  });

/** The ports or channels of RTP and RTCP. */
export interface PortPair {
  readonly rtp: number;
  readonly rtcp: number;
}

const MAX_CHANNEL = 255;
const MAX_PORT = 65535;
const MAX_UINT32 = 0xffffffff;

/** The value of a `Transport` header in a SETUP request (RFC 2326 12.39). */
export function writeTransport(request: TransportRequest): string {
  if (request.kind === "tcp") {
    return `RTP/AVP/TCP;unicast;interleaved=${request.rtpChannel}-${request.rtpChannel + 1}`;
  }
  return `RTP/AVP;unicast;client_port=${request.rtpPort}-${request.rtpPort + 1}`;
}

/**
 * Parses a server's `Transport` header. Never fails: missing or malformed fields default to the request's.
 *
 * @param header  its value, "" if the response has none
 * @returns possibly another kind of transport than was requested
 */
export function parseTransport(header: string, requested: TransportRequest): TransportResponse {
  const choices = splitQuoted(header, ",").map((text) => parseTransportSpec(text, requested))
    .filter((choice) => choice !== null);
  return choices.find(({ kind }) => kind === requested.kind) ?? choices[0] ??
    { ...channelsOrPorts(requested.kind, new Map(), requested), ...UNSTATED };
}

const UNSTATED = { ssrc: null, source: null, destination: null, isMulticast: false };

function parseTransportSpec(text: string, requested: TransportRequest): TransportResponse | null {
  const [first = "", ...rest] = splitQuoted(text, ";").map((part) => part.trim());
  if (!/^(?:x-)?(?:rtp|raw)\b/i.test(first)) return null;
  const parameters = new Map(rest.map(splitParameter));
  // Some cameras answer RTP/AVP although they interleave.
  const isTcp = /\/tcp$/i.test(first) || parameters.has("interleaved");
  return {
    ...channelsOrPorts(isTcp ? "tcp" : "udp", parameters, requested),
    ssrc: parseSsrc(parameters.get("ssrc") ?? ""),
    source: hostname(parameters.get("source")),
    destination: hostname(parameters.get("destination")),
    isMulticast: parameters.has("multicast"),
  };
}

function channelsOrPorts(
  kind: "tcp" | "udp",
  parameters: ReadonlyMap<string, string>,
  requested: TransportRequest,
) {
  if (kind === "tcp") {
    const first = requested.kind === "tcp" ? requested.rtpChannel : 0;
    const pair = parsePair(parameters.get("interleaved"), MAX_CHANNEL);
    return { kind, rtpChannel: pair?.rtp ?? first, rtcpChannel: pair?.rtcp ?? first + 1 } as const;
  }
  const clientPorts = parsePair(parameters.get("client_port"), MAX_PORT);
  const serverPorts = parsePair(parameters.get("server_port"), MAX_PORT);
  // No packet comes from port 0.
  return { kind, clientPorts, serverPorts: serverPorts?.rtp === 0 ? null : serverPorts };
}

/** `6970-6971`; if the second is missing or equal to the first, RTCP uses the next one. */
function parsePair(text: string | undefined, maximum: number): PortPair | null {
  const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5}))?/.exec(text ?? "");
  const rtp = Number(match?.[1] ?? NaN);
  if (!(rtp <= maximum)) return null;
  const second = Number(match?.[2] ?? rtp);
  const rtcp = second === rtp ? rtp + 1 : second;
  return rtcp <= maximum ? { rtp, rtcp } : null;
}

/**
 * Parses an SSRC of eight hexadecimal digits (RFC 2326 12.39). Cameras omit leading zeros, prepend spaces
 * or 0x, write decimal (recognised if it has more than eight digits), or write 0 for none.
 */
function parseSsrc(text: string): number | null {
  const digits = text.replace(/\s+/g, "").replace(/^0x/i, "");
  let ssrc = NaN;
  if (/^[0-9a-f]{1,8}$/i.test(digits)) ssrc = Number.parseInt(digits, 16);
  else if (/^\d{9,10}$/.test(digits)) ssrc = Number(digits);
  return ssrc > 0 && ssrc <= MAX_UINT32 ? ssrc : null;
}

function hostname(text: string | undefined): string | null {
  const bare = (text ?? "").replace(/^\[|\]$/g, "");
  return /^[a-z0-9._:-]{1,255}$/i.test(bare) ? bare : null;
}

/** A `Session` header (RFC 2326 12.37). */
export interface SessionHeader {
  /** As written, to be sent unchanged; "" if the header is empty. */
  readonly id: string;
  /** The server's timeout for an idle session, or null if not stated. */
  readonly timeoutSeconds: number | null;
}

/** Parses a `Session` header. Ignores `timeout=0`: some cameras mean "none" by it, others 60 s. */
export function parseSession(header: string): SessionHeader {
  const [id = "", ...rest] = splitQuoted(header, ";").map((part) => part.trim());
  const text = new Map(rest.map(splitParameter)).get("timeout") ?? "";
  const seconds = Number(/^\d{1,9}/.exec(text)?.[0] ?? 0);
  return { id, timeoutSeconds: seconds > 0 ? seconds : null };
}

/** The methods of a `Public` or `Allow` header, in upper case. Some cameras omit the commas. */
export function parsePublic(header: string): ReadonlySet<string> {
  const methods = header.split(/[\s,;]+/).filter((method) => /^[A-Za-z_]{1,32}$/.test(method));
  return new Set(methods.map((method) => method.toUpperCase()));
}

/** The beginning of a stream, by an entry of an `RTP-Info` header. */
export interface RtpInfo {
  /** As written: absolute, relative, or "" if missing. */
  readonly url: string;
  /** The sequence number of the first packet. */
  readonly seq: number | null;
  /** The RTP timestamp of the start of the range. */
  readonly rtptime: number | null;
}

/**
 * Parses an `RTP-Info` header (RFC 2326 12.33). Its URLs may hold commas and semicolons. Ignores
 * `rtptime=-1`, which some servers send.
 */
export function parseRtpInfo(header: string): RtpInfo[] {
  return header.split(/,(?=\s*url\s*=)/i, MAX_TRACKS).map((entry) => {
    const url = /^\s*url\s*=\s*/i.exec(entry);
    const end = entry.search(/(?:^|;)\s*(?:seq|rtptime|ssrc)\s*=/i);
    const parameters = end === -1 ? "" : entry.slice(end);
    return {
      url: url === null ? "" : unquote(entry.slice(url[0].length, end === -1 ? undefined : end)),
      seq: numberOf(parameters, /(?:^|;)\s*seq\s*=\s*"?(\d{1,10})(?![\d.])/i, 0xffff),
      rtptime: numberOf(parameters, /(?:^|;)\s*rtptime\s*=\s*"?(\d{1,10})(?![\d.])/i, MAX_UINT32),
    };
  }).filter(({ url, seq, rtptime }) => url !== "" || seq !== null || rtptime !== null);
}

function numberOf(text: string, pattern: RegExp, maximum: number): number | null {
  const value = Number(pattern.exec(text)?.[1] ?? NaN);
  return value <= maximum ? value : null;
}

/**
 * Parses a `Retry-After` header: seconds, or a date (RFC 7826 18.41).
 * @param nowMs  the time to compare a date with; without it, dates are ignored
 * @returns milliseconds from now, bounded by {@link MAX_RETRY_AFTER_MS}, or null
 */
export function parseRetryAfter(header: string, nowMs?: WallMs): number | null {
  const text = header.trim();
  const seconds = /^\d{1,9}(?=$|[\s;(])/.exec(text)?.[0];
  const waitMs = seconds === undefined ? untilMs(text, nowMs) : Number(seconds) * 1000;
  if (Number.isNaN(waitMs)) return null;
  return Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS);
}

function untilMs(date: string, nowMs: WallMs | undefined): number {
  return nowMs === undefined ? NaN : sinceMs(nowMs, wallMs(Date.parse(date)));
}

/** `name=value` or `name`, the name in lower case, the value without quotes. */
function splitParameter(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals === -1) return [text.trim().toLowerCase(), ""];
  return [text.slice(0, equals).trim().toLowerCase(), unquote(text.slice(equals + 1))];
}

function unquote(text: string): string {
  return text.trim().replace(/^"|"$/g, "").trim();
}

/** Splits at separators outside quotes; unterminated quotes extend to the end of the text. */
function splitQuoted(text: string, separator: string): string[] {
  const parts: string[] = [];
  let isQuoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === separator && !isQuoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
