/** Opens a camera's stream: from its URL to a session that plays. */
import { OrionError } from "../../core/errors.ts";
import { RtspError, rtspError } from "../errors.ts";
import { Authenticator } from "../protocol/authenticator.ts";
import { parsePublic } from "../protocol/headers.ts";
import { baseUri, parseRtspUrl, resolveControl, type RtspUrl, trackBase } from "../protocol/url.ts";
import { parseSdp, type SessionDescription } from "../sdp/session_description.ts";
import { type ByteStream, connectTcp } from "../transport/byte_stream.ts";
import { RtspConnection } from "../transport/connection.ts";
import { connectTls, type TlsTrust } from "../transport/tls.ts";
import type { RtspOptions } from "./options.ts";
import { contactTimeoutMs, Requester } from "./requester.ts";
import { RtspSession } from "./session.ts";
import { setUp } from "./setup.ts";
import { candidateTracks } from "./tracks.ts";

/** Redirects, and challenges after which the connection was closed. */
const MAX_REDIRECTS = 3;

const SYSTEM_TRUST: TlsTrust = { ca: null, fingerprint: null, insecure: false };

/**
 * Connects, then sends OPTIONS, DESCRIBE, SETUP for the video tracks, and PLAY. Follows redirects.
 *
 * @returns a session that plays; it owns the connection
 * @throws {StreamError} with the cause; the connection is closed
 */
export async function openRtsp(options: RtspOptions): Promise<RtspSession> {
  const configured = parseRtspUrl(options.url);
  if (configured === null) {
    throw rtspError("STREAM_PROTOCOL", {
      action: "Cannot open the camera's URL",
      found: "it is no rtsp:// or rtsps:// URL",
    });
  }
  let opening: Opening = { target: configured, login: null };
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const result = await openTarget(opening, configured, options);
    if (result instanceof RtspSession) return result;
    opening = result;
  }
  throw rtspError("STREAM_REDIRECT", {
    action: `Cannot open ${originOf(configured)}`,
    found: `more than ${MAX_REDIRECTS} consecutive redirects`,
  });
}

/** A connection to open. */
interface Opening {
  readonly target: RtspUrl;
  /** Where the camera closed the last connection with its challenge: what to continue with. */
  readonly login: {
    readonly authenticator: Authenticator;
    readonly methods: ReadonlySet<string>;
  } | null;
}

/** @returns the session, or the next connection to open: a redirect's, or one to answer a challenge on */
async function openTarget(
  { target, login }: Opening,
  configured: RtspUrl,
  options: RtspOptions,
): Promise<RtspSession | Opening> {
  const { signal, hints } = options;
  const { requiresUdp } = hints;
  const stream = await connect(target, options);
  const origin = originOf(target);
  let session: RtspSession | null = null;
  let methods = login?.methods ?? new Set<string>();
  const onAbort = () => stream.close();
  signal.addEventListener("abort", onAbort, { once: true });
  const connection = new RtspConnection(stream, {
    onPacket: (channel, bytes, start, length) =>
      session?.interleavedPacket(channel, bytes, start, length),
    canAccept: options.canAccept,
  }, options.userAgent);
  const authenticator = login?.authenticator ?? authenticatorFor(target, configured, options);
  const requester = new Requester({ ...options, connection, stream, authenticator, origin });
  try {
    if (login === null) methods = await announcedMethods(requester, target);
    const description = await describe(requester, target, origin);
    if ("redirect" in description) {
      stream.close();
      const redirect = redirectTarget(description.redirect, target, configured, options);
      return { target: redirect, login: null };
    }
    const { sdp, base } = description;
    session = new RtspSession({
      ...options,
      connection,
      stream,
      requester,
      origin,
      methods,
      media: sdp.media,
      tracks: candidateTracks(sdp.media, options.track, options.hints, origin),
      aggregateUri: resolveControl(base, sdp.control).uri,
    });
    await setUp(session, requester, {
      base: trackBase(base, sdp.control),
      options,
      remoteAddress: stream.remoteAddress,
    });
    await session.play();
    return session;
  } catch (error) {
    await session?.close(0);
    stream.close();
    const isEnded = error instanceof RtspError && error.code === "STREAM_ENDED";
    // The camera refused TCP and closed the connection.
    if (isEnded && hints.requiresUdp && !requiresUdp) return { target, login: null };
    // The camera may offer other tracks and transports by now.
    if (session !== null) hints.forgetSetUp();
    if (!isEnded || authenticator === null || login !== null || !requester.isChallenged) {
      throw error;
    }
    authenticator.discountUse();
    return { target, login: { authenticator, methods } };
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function connect(target: RtspUrl, options: RtspOptions): Promise<ByteStream> {
  const { clock, signal, stepTimeoutMs } = options;
  const { hostname, port } = target;
  const to = { hostname, port, clock, signal, timeoutMs: contactTimeoutMs(stepTimeoutMs) };
  if (target.scheme === "rtsp") return connectTcp(to);
  return connectTls(to, options.tls ?? SYSTEM_TRUST);
}

/** Credentials are sent only to the configured host and port, with the configured scheme. */
function authenticatorFor(
  target: RtspUrl,
  { username, password, hostname, port, scheme }: RtspUrl,
  { randomToken }: RtspOptions,
): Authenticator | null {
  const isConfigured = target.hostname === hostname && target.port === port &&
    target.scheme === scheme;
  if (!isConfigured || username === null) return null;
  return new Authenticator({ username, password: password ?? "", randomToken });
}

/** The methods of the server's `Public` header; an empty set if it has none or refuses OPTIONS. */
async function announcedMethods(
  requester: Requester,
  target: RtspUrl,
): Promise<ReadonlySet<string>> {
  try {
    const response = await requester.request({ method: "OPTIONS", uri: target.requestUri });
    return parsePublic(response.headers.get("Public") ?? "");
  } catch (error) {
    if (error instanceof OrionError && isErrorResponse(error.code)) return new Set();
    throw error;
  }
}

/** Whether an error is an error status of one response, after which another request may succeed. */
function isErrorResponse(code: string): boolean {
  return code === "STREAM_SERVER" || code === "STREAM_NOT_FOUND" || code === "STREAM_FORBIDDEN" ||
    code === "STREAM_SESSION";
}

type DescribeResult =
  | { readonly sdp: SessionDescription; readonly base: string }
  | { readonly redirect: string };

async function describe(
  requester: Requester,
  target: RtspUrl,
  origin: string,
): Promise<DescribeResult> {
  const { requestUri } = target;
  const response = await requester.request({
    method: "DESCRIBE",
    uri: requestUri,
    headers: [["Accept", "application/sdp"]],
  });
  if (response.status >= 300) return { redirect: response.headers.get("Location") ?? "" };
  const text = new TextDecoder().decode(response.body);
  if (text.trim() === "") {
    const found = "the response to DESCRIBE has no body";
    throw rtspError("STREAM_INVALID", { action: `Cannot open ${origin}`, found });
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
function redirectTarget(
  location: string,
  from: RtspUrl,
  configured: RtspUrl,
  { allowRedirect }: RtspOptions,
): RtspUrl {
  const action = `Cannot open ${originOf(from)}`;
  const target = parseRtspUrl(location.startsWith("/") ? `${originOf(from)}${location}` : location);
  if (target === null) {
    throw rtspError("STREAM_REDIRECT", { action, found: "the redirect has no RTSP URL" });
  }
  const { hostname, port } = target;
  const isConfigured = hostname === configured.hostname && port === configured.port &&
    target.scheme === configured.scheme;
  const isAllowed = allowRedirect.some((allowed) =>
    allowed.hostname === hostname && allowed.port === port
  );
  if (isConfigured || isAllowed) return { ...target, username: null, password: null };
  throw rtspError("STREAM_REDIRECT", {
    action,
    found: `the camera redirects to ${target.host}`,
    host: target.host,
  });
}

function originOf({ scheme, host }: RtspUrl): string {
  return `${scheme}://${host}`;
}
