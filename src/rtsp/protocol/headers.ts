import { sinceMs, type WallMs, wallMs } from "../../core/clock.ts";
import { MAX_RETRY_AFTER_MS, MAX_TRACKS } from "../limits.ts";

/** A transport to ask for, or that was asked for. RTCP has the next channel or port. */
export type TransportRequest =
  | { readonly kind: "tcp"; readonly rtpChannel: number }
  | { readonly kind: "udp"; readonly rtpPort: number };

/** What a server has chosen. Null: it does not say, or not in a way that can be understood. */
export type TransportResponse =
  & {
    /** The SSRC of its RTP packets: a hint, some cameras send another one. */
    readonly ssrc: number | null;
    /** Where its packets come from, without brackets. */
    readonly source: string | null;
    /** Where its packets go to, without brackets. */
    readonly destination: string | null;
    readonly isMulticast: boolean;
  }
  & ({
    readonly kind: "tcp";
    readonly rtpChannel: number;
    readonly rtcpChannel: number;
  } | {
    readonly kind: "udp";
    /** The ports at this end that the server confirms. */
    readonly clientPorts: PortPair | null;
    /** The ports that its packets come from. */
    readonly serverPorts: PortPair | null;
  });

/** Two ports or two channels. */
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
 * Reads a server's `Transport` header. Never fails: what is missing or garbled is as it was asked for.
 *
 * @param header  its value, "" when the answer has none
 * @returns maybe another kind of transport than was asked for: the caller decides what that means
 */
export function parseTransport(header: string, asked: TransportRequest): TransportResponse {
  const choices = splitQuoted(header, ",").map((text) => readTransport(text, asked))
    .filter((choice) => choice !== null);
  return choices.find(({ kind }) => kind === asked.kind) ?? choices[0] ??
    { ...ofKind(asked.kind, new Map(), asked), ...NOTHING_KNOWN };
}

const NOTHING_KNOWN = { ssrc: null, source: null, destination: null, isMulticast: false };

function readTransport(text: string, asked: TransportRequest): TransportResponse | null {
  const [first = "", ...rest] = splitQuoted(text, ";").map((part) => part.trim());
  if (!/^(?:x-)?(?:rtp|raw)\b/i.test(first)) return null;
  const parameters = new Map(rest.map(splitParameter));
  // Some cameras answer plain RTP/AVP for packets that they interleave.
  const isTcp = /\/tcp$/i.test(first) || parameters.has("interleaved");
  return {
    ...ofKind(isTcp ? "tcp" : "udp", parameters, asked),
    ssrc: parseSsrc(parameters.get("ssrc") ?? ""),
    source: hostname(parameters.get("source")),
    destination: hostname(parameters.get("destination")),
    isMulticast: parameters.has("multicast"),
  };
}

function ofKind(
  kind: "tcp" | "udp",
  parameters: ReadonlyMap<string, string>,
  asked: TransportRequest,
) {
  if (kind === "tcp") {
    const first = asked.kind === "tcp" ? asked.rtpChannel : 0;
    const pair = parsePair(parameters.get("interleaved"), MAX_CHANNEL);
    return { kind, rtpChannel: pair?.rtp ?? first, rtcpChannel: pair?.rtcp ?? first + 1 } as const;
  }
  const clientPorts = parsePair(parameters.get("client_port"), MAX_PORT);
  return { kind, clientPorts, serverPorts: parsePair(parameters.get("server_port"), MAX_PORT) };
}

/** `6970-6971`, or `6970` alone, or twice the same: RTCP has the next one then. */
function parsePair(text: string | undefined, maximum: number): PortPair | null {
  const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5}))?/.exec(text ?? "");
  const rtp = Number(match?.[1] ?? NaN);
  if (!(rtp <= maximum)) return null;
  const second = Number(match?.[2] ?? rtp);
  const rtcp = second === rtp ? rtp + 1 : second;
  return rtcp <= maximum ? { rtp, rtcp } : null;
}

/**
 * An SSRC is eight hexadecimal digits (RFC 2326 12.39). Cameras leave out leading zeros, put spaces or
 * 0x before it, write it in decimal (recognised when it is too long otherwise), or write 0 for none.
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

/** What a `Session` header says (RFC 2326 12.37). */
export interface SessionHeader {
  /** As written, to be sent back unchanged; "" when the header is empty. */
  readonly id: string;
  /** After how long without a sign of life the server ends the session, or null: it does not say. */
  readonly timeoutSeconds: number | null;
}

/** Reads a `Session` header. `timeout=0` says nothing: some cameras mean "none" by it, others "60". */
export function parseSession(header: string): SessionHeader {
  const [id = "", ...rest] = splitQuoted(header, ";").map((part) => part.trim());
  const text = new Map(rest.map(splitParameter)).get("timeout") ?? "";
  const seconds = Number(/^\d{1,9}/.exec(text)?.[0] ?? 0);
  return { id, timeoutSeconds: seconds > 0 ? seconds : null };
}

/** The methods of a `Public` or `Allow` header, in upper case. Some cameras leave out the commas. */
export function parsePublic(header: string): ReadonlySet<string> {
  const methods = header.split(/[\s,;]+/).filter((method) => /^[A-Za-z_]{1,32}$/.test(method));
  return new Set(methods.map((method) => method.toUpperCase()));
}

/** Where a stream begins, as an entry of an `RTP-Info` header says. */
export interface RtpInfo {
  /** As written: absolute, relative, or "" where it is missing. */
  readonly url: string;
  /** The sequence number of the first packet. */
  readonly seq: number | null;
  /** The RTP timestamp that the start of the range has. */
  readonly rtptime: number | null;
}

/**
 * Reads an `RTP-Info` header (RFC 2326 12.33). Its URLs may hold commas and semicolons; `rtptime=-1`,
 * which some servers send, says nothing.
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
 * Reads a `Retry-After` header: seconds, or a date (RFC 7826 18.41).
 * @param nowMs  the time that a date is compared with; without it a date says nothing
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

/** Splits at a separator that is not in quotes; quotes that never end hold to the end of the text. */
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
