/** Opens a camera's stream: from the URL to a session that plays. */
import type { Clock, SteadyMs } from "../../core/clock.ts";
import { OrionError } from "../../core/errors.ts";
import { rtspError } from "../errors.ts";
import type { AccessUnit } from "../media.ts";
import { Authenticator } from "../protocol/authenticator.ts";
import { parsePublic } from "../protocol/headers.ts";
import { baseUri, parseRtspUrl, resolveControl, type RtspUrl, trackBase } from "../protocol/url.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import { parseSdp, type SessionDescription } from "../sdp/session_description.ts";
import { type ByteStream, connectTcp } from "../transport/byte_stream.ts";
import { RtspLink } from "../transport/connection.ts";
import { connectTls, type TlsTrust } from "../transport/tls.ts";
import type { CameraMemory } from "./camera_hints.ts";
import { Dialogue } from "./requester.ts";
import { RtspSession } from "./session.ts";
import { setUp } from "./setup.ts";
import { candidateTracks, type PlayableTrack } from "./tracks.ts";

/** How long one step of the handshake may take, unless the camera's stall time is shorter. */
export const MAX_STEP_MS = 5000;
const MAX_REDIRECTS = 3;

/** A host and a port that a camera may send its clients to. */
export interface RedirectTarget {
  readonly hostname: string;
  readonly port: number;
}

export interface RtspOptions {
  /** `rtsp://` or `rtsps://`, with credentials. */
  readonly url: string;
  readonly transport: "tcp" | "udp" | "auto";
  /** The place of the wanted track among all media sections; null: the largest that sends. */
  readonly track: number | null;
  /** null: as a browser does, by name and by the system's authorities. */
  readonly tls: TlsTrust | null;
  /** Other hosts that a redirect may lead to. They get no credentials. */
  readonly allowRedirect: readonly RedirectTarget[];
  /** The local ports for RTP and RTCP over UDP, or null. */
  readonly udpPorts: readonly [rtp: number, rtcp: number] | null;
  readonly maxUnitBytes: number;
  readonly stepTimeoutMs: number;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Uniform in 0..1. */
  readonly random: () => number;
  /** A new random text of letters and digits. */
  readonly randomToken: () => string;
  /** The camera's, from connection to connection. */
  readonly memory: CameraMemory;
  /** The track that is played is known; before any of its units. */
  readonly onChosen: (track: PlayableTrack) => void;
  /** Receives each access unit of the chosen track while the session is read. */
  readonly onUnit: (unit: AccessUnit) => void;
  /** Whether there is room for another unit; else the next read brings it. One packet may complete two. */
  readonly hasRoom: () => boolean;
  /** Receives each sender report of that track. The report is used again: copy what is kept. */
  readonly onReport: (report: SenderReport, receivedAt: SteadyMs) => void;
}

const TRUST_BY_NAME: TlsTrust = { ca: null, fingerprint: null, insecure: false };

/**
 * Connects, describes, sets the video up and plays it.
 *
 * @returns a session that plays; it owns the connection
 * @throws {StreamError} why that is not possible; nothing is left behind
 */
export async function openRtsp(options: RtspOptions): Promise<RtspSession> {
  const configured = parseRtspUrl(options.url);
  if (configured === null) {
    throw rtspError("STREAM_PROTOCOL", {
      action: "Cannot open the camera's URL",
      found: "it is no rtsp:// or rtsps:// address",
    });
  }
  let target = configured;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const opened = await openAt(target, configured, options);
    if (opened instanceof RtspSession) return opened;
    target = opened;
  }
  throw rtspError("STREAM_REDIRECT", {
    action: `Cannot open ${whereOf(configured)}`,
    found: `more than ${MAX_REDIRECTS} redirects, one after the other`,
  });
}

/** @returns the session, or where the server sends its clients */
async function openAt(
  target: RtspUrl,
  configured: RtspUrl,
  options: RtspOptions,
): Promise<RtspSession | RtspUrl> {
  const { clock, signal, stepTimeoutMs } = options;
  const stream = await connect(target, options);
  const where = whereOf(target);
  let session: RtspSession | null = null;
  const onAbort = () => stream.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const link = new RtspLink(stream, {
      onPacket: (channel, bytes, start, length) => session?.packet(channel, bytes, start, length),
      hasRoom: options.hasRoom,
    }, options.userAgent);
    const authenticator = credentialsFor(target, configured, options);
    const parts = { link, stream, authenticator, clock, signal, stepTimeoutMs, where };
    const dialogue = new Dialogue(parts);
    const methods = await askMethods(dialogue, target);
    const described = await describe(dialogue, target, where);
    if ("redirect" in described) {
      stream.close();
      return followed(described.redirect, target, configured, options);
    }
    const { sdp, base } = described;
    session = new RtspSession({
      ...options,
      link,
      stream,
      dialogue,
      where,
      methods,
      media: sdp.media,
      tracks: candidateTracks(sdp.media, options.track, options.memory, where),
      aggregateUri: resolveControl(base, sdp.control).uri,
    });
    await setUp(session, dialogue, {
      base: trackBase(base, sdp.control),
      options,
      remoteAddress: stream.remoteAddress,
    });
    await session.play();
    return session;
  } catch (error) {
    await session?.close(0);
    stream.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function connect(target: RtspUrl, options: RtspOptions): Promise<ByteStream> {
  const { clock, signal, stepTimeoutMs } = options;
  const { hostname, port } = target;
  const to = { hostname, port, clock, signal, timeoutMs: stepTimeoutMs };
  if (target.scheme === "rtsp") return connectTcp(to);
  return connectTls(to, options.tls ?? TRUST_BY_NAME);
}

/** Credentials go to the host that they were configured for, and over nothing weaker. */
function credentialsFor(
  target: RtspUrl,
  { username, password, hostname, port, scheme }: RtspUrl,
  { randomToken }: RtspOptions,
): Authenticator | null {
  const isConfigured = target.hostname === hostname && target.port === port &&
    target.scheme === scheme;
  if (!isConfigured || username === null) return null;
  return new Authenticator({ username, password: password ?? "", randomToken });
}

/** What the server says it understands; nothing where it does not say. */
async function askMethods(dialogue: Dialogue, target: RtspUrl): Promise<ReadonlySet<string>> {
  try {
    const response = await dialogue.request({ method: "OPTIONS", uri: target.requestUri });
    return parsePublic(response.headers.get("Public") ?? "");
  } catch (error) {
    if (error instanceof OrionError && isAnswer(error.code)) return new Set();
    throw error;
  }
}

/** Whether an error is the server's answer to one request, after which another may succeed. */
function isAnswer(code: string): boolean {
  return code === "STREAM_SERVER" || code === "STREAM_NOT_FOUND" || code === "STREAM_INVALID" ||
    code === "STREAM_FORBIDDEN" || code === "STREAM_SESSION";
}

type Described =
  | { readonly sdp: SessionDescription; readonly base: string }
  | { readonly redirect: string };

async function describe(dialogue: Dialogue, target: RtspUrl, where: string): Promise<Described> {
  const { requestUri } = target;
  const response = await dialogue.request({
    method: "DESCRIBE",
    uri: requestUri,
    headers: [["Accept", "application/sdp"]],
  });
  if (response.status >= 300) return { redirect: response.headers.get("Location") ?? "" };
  const text = new TextDecoder().decode(response.body);
  if (text.trim() === "") {
    const found = "the camera's answer to DESCRIBE is empty";
    throw rtspError("STREAM_INVALID", { action: `Cannot open ${where}`, found });
  }
  return {
    sdp: parseSdp(text),
    base: baseUri({
      contentBase: response.headers.get("Content-Base"),
      contentLocation: response.headers.get("Content-Location"),
      requestUri,
    }),
  };
}

/** @throws {StreamError} `STREAM_REDIRECT` unless the configuration allows that host */
function followed(
  location: string,
  from: RtspUrl,
  configured: RtspUrl,
  { allowRedirect }: RtspOptions,
): RtspUrl {
  const action = `Cannot open ${whereOf(from)}`;
  const target = parseRtspUrl(location);
  if (target === null) {
    throw rtspError("STREAM_REDIRECT", { action, found: "the redirect names no RTSP address" });
  }
  const { hostname, port } = target;
  const isSame = hostname === configured.hostname && port === configured.port &&
    target.scheme === configured.scheme;
  const isAllowed = allowRedirect.some((one) => one.hostname === hostname && one.port === port);
  if (isSame || isAllowed) return { ...target, username: null, password: null };
  throw rtspError("STREAM_REDIRECT", {
    action,
    found: `the camera redirects to ${target.host}`,
    host: target.host,
  });
}

function whereOf({ scheme, host }: RtspUrl): string {
  return `${scheme}://${host}`;
}
