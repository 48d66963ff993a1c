import type { WallMs } from "../core/clock.ts";
import { StreamError } from "../core/errors.ts";
import { redactText } from "../core/redact.ts";
import { MAX_SERVER_TEXT_CHARS } from "./limits.ts";
import { parseRetryAfter } from "./protocol/headers.ts";
import type { OtherProtocol } from "./protocol/other_protocols.ts";

/** The details of an {@link RtspError}. */
export interface RtspErrorContext {
  /** The failed action: "Cannot connect to cam.lan:554". Never a URL's path or query. */
  readonly action: string;
  /** The cause, in a few words. */
  readonly found?: string | undefined;
  /** SHA-256 of the peer's certificate, hexadecimal. */
  readonly fingerprint?: string | undefined;
  /** The target host of a redirect. */
  readonly host?: string | undefined;
  /** The transport that was refused. */
  readonly transport?: "tcp" | "udp" | undefined;
  /** The server's `Retry-After`. */
  readonly retryAfterMs?: number | null | undefined;
  /** The RTSP status code of the response. */
  readonly status?: number | undefined;
  /** The peer accepted the connection: it has answered nothing yet, or some requests and not this one. */
  readonly peer?: "silent" | "answering" | undefined;
  /** What the peer speaks instead of RTSP. */
  readonly speaks?: OtherProtocol | undefined;
}

interface ErrorClass {
  readonly retryable: boolean;
  /** Fixed, or derived from the details. */
  readonly remedy: string | ((context: RtspErrorContext) => string);
}

const retryable = (remedy: ErrorClass["remedy"]): ErrorClass => ({ retryable: true, remedy });
const permanent = (remedy: ErrorClass["remedy"]): ErrorClass => ({ retryable: false, remedy });

const BUSY_REMEDY = "Close other viewers of the camera; restart it if that stays.";
const SLOW_REMEDY = "If the camera is slow to wake up, raise stallTimeoutSeconds.";

/** Codes shared with `src/libav/error.ts` have the same meaning there. */
const ERROR_CLASSES = {
  STREAM_AUTH_UNSUPPORTED: retryable(
    "Set the camera's authentication to Digest with MD5 or SHA-256.",
  ),
  STREAM_BANDWIDTH: retryable("Close other viewers of the camera, or lower its bit rate."),
  STREAM_CODEC: permanent("Choose another codec in the camera: H.264, H.265 or MJPEG."),
  STREAM_ENDED: retryable(({ peer }) => {
    if (peer === "answering") return BUSY_REMEDY;
    return peer === "silent"
      ? "Check that this is the camera's RTSP port, and close other viewers of the camera."
      : "The camera closed the stream; Orion connects again.";
  }),
  STREAM_FORBIDDEN: retryable("Give the user of the camera's URL the right to view this stream."),
  STREAM_INTERRUPTED: retryable(
    "Orion ended the call itself; it connects again unless it is stopping.",
  ),
  STREAM_INVALID: retryable(({ speaks }) => {
    if (speaks === "TLS") return "Use rtsps:// on this port, or the camera's port without TLS.";
    if (speaks !== undefined) return "Use the camera's RTSP port, mostly 554, in its URL.";
    return "Check that the address is a video stream; then the camera's settings.";
  }),
  STREAM_NAME_UNKNOWN: retryable("Check the host name in the camera's URL, and the name server."),
  STREAM_NOT_FOUND: retryable("Check the path in the camera's URL."),
  STREAM_NO_VIDEO: retryable("Use the address of a stream that carries video."),
  STREAM_PROTOCOL: permanent("Use rtsp://, rtsps:// or a file."),
  STREAM_REDIRECT: retryable(({ host }) =>
    "Set the camera's URL to the address it leads to" +
    (host === undefined ? "." : `, or allow it with allowRedirect: [${host}].`)
  ),
  STREAM_REFUSED: retryable("Check the port, and that the camera's RTSP service is switched on."),
  STREAM_SERVER: retryable(({ status, transport }) => {
    if (status === undefined || status >= 500) {
      return "The camera reports a fault of its own; restart it if that stays.";
    }
    const udp = transport === "tcp" ? "try transport: udp, " : "";
    return `The camera does not accept the request: ${udp}check the path in its URL, then its RTSP settings.`;
  }),
  STREAM_SESSION: retryable("The camera has dropped the session; Orion opens a new one."),
  STREAM_TIMEOUT: retryable(({ peer }) => {
    if (peer === "answering") return `${BUSY_REMEDY} ${SLOW_REMEDY}`;
    return peer === "silent"
      ? "Check that this is the camera's RTSP port; restart the camera if that stays."
      : "Check that the camera is switched on and reachable from here.";
  }),
  STREAM_TLS: retryable(
    "Check that the camera speaks TLS on this port, in version 1.2 or later; without TLS use rtsp://.",
  ),
  STREAM_TLS_EXPIRED: retryable(
    "Renew the camera's certificate, and check the clocks of the camera and of this machine.",
  ),
  STREAM_TLS_FINGERPRINT: retryable(
    "If the camera's certificate was renewed, set fingerprint to the new one; else someone may be " +
      "between here and the camera.",
  ),
  STREAM_TLS_NAME: retryable(
    "Use the host name that the camera's certificate is for, or set its fingerprint.",
  ),
  STREAM_TLS_UNTRUSTED: retryable(({ fingerprint }) =>
    "Set ca to the certificate of the authority that signed the camera's, or, if this is the " +
    `camera's own, fingerprint${fingerprint === undefined ? "" : `: sha256:${fingerprint}`}.`
  ),
  STREAM_TRANSPORT: retryable(({ transport }) =>
    transport === undefined
      ? "Set the camera's transport to the other one: transport: udp or transport: tcp."
      : `Set transport: ${transport === "tcp" ? "udp" : "tcp"} for this camera.`
  ),
  STREAM_UNAUTHORISED: retryable("Check the user and the password in the camera's URL."),
  STREAM_UNAVAILABLE: retryable("The camera is busy; close other viewers of it if that stays."),
  STREAM_UNREACHABLE: retryable("Check the network, and the route from here to the camera."),
} as const satisfies Record<string, ErrorClass>;

/** Every code of an {@link RtspError}. */
export type RtspErrorCode = keyof typeof ERROR_CLASSES;

/** Every code, in alphabetical order. */
export const RTSP_ERROR_CODES: readonly RtspErrorCode[] = Object.keys(ERROR_CLASSES).filter(isCode);

function isCode(code: string): code is RtspErrorCode {
  return Object.hasOwn(ERROR_CLASSES, code);
}

/** A failure to open a camera over RTSP, or of an open session. */
export class RtspError extends StreamError {
  /** The server's `Retry-After`, or null. */
  readonly retryAfterMs: number | null;
  /** SHA-256 of the peer's certificate, or null. */
  readonly fingerprint: string | null;
  /** The RTSP status code of the response, or null. */
  readonly status: number | null;

  constructor(code: RtspErrorCode, context: RtspErrorContext) {
    const { retryable, remedy }: ErrorClass = ERROR_CLASSES[code];
    const { action, found } = context;
    super({
      code,
      message: redactText(found === undefined ? action : `${action}: ${found}`),
      retryable,
      remedy: typeof remedy === "string" ? remedy : redactText(remedy(context)),
    });
    this.retryAfterMs = context.retryAfterMs ?? null;
    this.fingerprint = context.fingerprint ?? null;
    this.status = context.status ?? null;
  }
}

/** Creates an error with its remedy. */
export function rtspError(code: RtspErrorCode, context: RtspErrorContext): RtspError {
  return new RtspError(code, context);
}

/** Error codes of RTSP status codes (RFC 2326 11, RFC 7826 17). */
const STATUS_CODES: ReadonlyMap<number, RtspErrorCode> = new Map([
  [401, "STREAM_UNAUTHORISED"],
  [403, "STREAM_FORBIDDEN"],
  [404, "STREAM_NOT_FOUND"],
  [408, "STREAM_TIMEOUT"],
  [410, "STREAM_NOT_FOUND"],
  [453, "STREAM_BANDWIDTH"],
  [454, "STREAM_SESSION"],
  [461, "STREAM_TRANSPORT"],
  // Destination Unreachable: the camera's packets do not arrive over UDP.
  [462, "STREAM_TRANSPORT"],
  [503, "STREAM_UNAVAILABLE"],
]);

/** The error code of a status code of 300 or more. */
export function statusCode(status: number): RtspErrorCode {
  if (status >= 300 && status < 400) return "STREAM_REDIRECT";
  return STATUS_CODES.get(status) ?? "STREAM_SERVER";
}

/** The details of a request that failed. */
export interface StatusContext {
  readonly action: string;
  /** The `Retry-After` header of the response, if it has one. */
  readonly retryAfter?: string | null;
  /** The present time, for a `Retry-After` that is a date. */
  readonly nowMs?: WallMs;
  /** The transport that was requested. */
  readonly transport?: "tcp" | "udp";
  /** The target host of a redirect. */
  readonly host?: string;
  /** The requested URI: the reason phrase is omitted if it repeats a part of it. */
  readonly uri?: string;
}

/** The error of a status code, with the reason phrase if that is safe to repeat. */
export function statusError(status: number, reason: string, context: StatusContext): RtspError {
  const { action, retryAfter = null, nowMs, transport, host, uri = "" } = context;
  const phrase = serverText(reason, uri);
  return rtspError(statusCode(status), {
    action,
    found: `the camera answered ${status}${phrase === "" ? "" : ` (${phrase})`}`,
    status,
    transport,
    host,
    retryAfterMs: retryAfter === null ? null : parseRetryAfter(retryAfter, nowMs),
  });
}

/** Shorter parts of a URI occur in too many words to be evidence of a quotation. */
const MIN_QUOTED_CHARS = 3;

/**
 * Sanitises a server's text for a log: one short line without control or formatting characters. Text that
 * may quote the request's URI, which can contain a password, is dropped altogether.
 */
export function serverText(text: string, uri = ""): string {
  if (/[=/@?&\\]/.test(text) || repeatsPartOf(uri, text)) return "";
  const clean = text.replace(/[\p{C}\p{Z}\s]+/gu, " ").trim();
  return redactText([...clean].slice(0, MAX_SERVER_TEXT_CHARS).join("").trim());
}

/** Whether a text repeats a word of a URI's path or query, any of which may be a password. */
function repeatsPartOf(uri: string, text: string): boolean {
  const lower = text.toLowerCase();
  const path = uri.replace(/^[^:]*:\/\/[^/?]*/, "").toLowerCase();
  const parts = path.split(/(?:%[0-9a-f]{2}|[^\p{L}\p{N}])+/u);
  return parts.some((part) => part.length >= MIN_QUOTED_CHARS && lower.includes(part));
}
