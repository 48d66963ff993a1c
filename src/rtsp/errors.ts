import type { WallMs } from "../core/clock.ts";
import { StreamError } from "../core/errors.ts";
import { redactText } from "../core/redact.ts";
import { MAX_SERVER_TEXT_CHARS } from "./limits.ts";
import { parseRetryAfter } from "./protocol/headers.ts";

/** What a failure of the connection to a camera is made from. */
export interface RtspErrorContext {
  /** What was being done: "Cannot connect to cam.lan:554". Never a URL's path or query. */
  readonly action: string;
  /** What was found instead, in a few words. */
  readonly found?: string | undefined;
  /** SHA-256 of the certificate that was shown, hexadecimal. */
  readonly fingerprint?: string | undefined;
  /** The host that a redirect leads to. */
  readonly host?: string | undefined;
  /** The transport that was refused. */
  readonly transport?: "tcp" | "udp" | undefined;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs?: number | null | undefined;
  /** The RTSP status that the server answered. */
  readonly status?: number | undefined;
}

interface Meaning {
  readonly retryable: boolean;
  /** What to do: fixed, or by what is known of the failure. */
  readonly remedy: string | ((context: RtspErrorContext) => string);
}

const again = (remedy: Meaning["remedy"]): Meaning => ({ retryable: true, remedy });
const final = (remedy: Meaning["remedy"]): Meaning => ({ retryable: false, remedy });

/** Codes that libav's errors have as well mean the same there (`src/libav/error.ts`). */
const MEANINGS = {
  STREAM_AUTH_UNSUPPORTED: again(
    "Set the camera's authentication to Digest with MD5 or SHA-256.",
  ),
  STREAM_BANDWIDTH: again("Close other viewers of the camera, or lower its bit rate."),
  STREAM_CODEC: final("Choose another codec in the camera: H.264, H.265 or MJPEG."),
  STREAM_ENDED: again("The camera closed the stream; Orion connects again."),
  STREAM_FORBIDDEN: again("Give the user of the camera's URL the right to view this stream."),
  STREAM_INTERRUPTED: again(
    "Orion ended the call itself; it connects again unless it is stopping.",
  ),
  STREAM_INVALID: again("Check that the address is a video stream; then the camera's settings."),
  STREAM_NAME_UNKNOWN: again("Check the host name in the camera's URL, and the name server."),
  STREAM_NOT_FOUND: again("Check the path in the camera's URL."),
  STREAM_NO_VIDEO: again("Use the address of a stream that carries video."),
  STREAM_PROTOCOL: final("Use rtsp://, rtsps:// or a file."),
  STREAM_REDIRECT: again(({ host }) =>
    `Set the camera's URL to the address it leads to, or allow it with ` +
    `allowRedirect: [${host ?? "host"}].`
  ),
  STREAM_REFUSED: again("Check the port, and that the camera's RTSP service is switched on."),
  STREAM_SERVER: again("The camera reports a fault of its own; restart it if that stays."),
  STREAM_SESSION: again("The camera has dropped the session; Orion opens a new one."),
  STREAM_TIMEOUT: again("Check that the camera is switched on and reachable from here."),
  STREAM_TLS: again("Check that the camera speaks TLS on this port, in version 1.2 or later."),
  STREAM_TLS_EXPIRED: again(
    "Renew the camera's certificate, and check the clocks of the camera and of this machine.",
  ),
  STREAM_TLS_FINGERPRINT: again(
    "If the camera's certificate was renewed, set fingerprint to the new one; else someone may be " +
      "between here and the camera.",
  ),
  STREAM_TLS_NAME: again(
    "Use the host name that the camera's certificate is for, or set its fingerprint.",
  ),
  STREAM_TLS_UNTRUSTED: again(({ fingerprint }) =>
    "Set ca to the certificate of the authority that signed the camera's, or, if this is the " +
    `camera's own, fingerprint${fingerprint === undefined ? "" : `: sha256:${fingerprint}`}.`
  ),
  STREAM_TRANSPORT: again(({ transport }) =>
    transport === undefined
      ? "Set the camera's transport to the other one: transport: udp or transport: tcp."
      : `Set transport: ${transport === "tcp" ? "udp" : "tcp"} for this camera.`
  ),
  STREAM_UNAUTHORISED: again("Check the user and the password in the camera's URL."),
  STREAM_UNAVAILABLE: again("The camera is busy; close other viewers of it if that stays."),
  STREAM_UNREACHABLE: again("Check the network, and the route from here to the camera."),
} as const satisfies Record<string, Meaning>;

/** Every code of an {@link RtspError}. */
export type RtspErrorCode = keyof typeof MEANINGS;

/** Every code, in alphabetical order. */
export const RTSP_ERROR_CODES: readonly RtspErrorCode[] = Object.keys(MEANINGS).filter(isCode);

function isCode(code: string): code is RtspErrorCode {
  return Object.hasOwn(MEANINGS, code);
}

/** A camera could not be opened over RTSP, or stopped being understood. */
export class RtspError extends StreamError {
  /** How long the camera wants to be left alone (`Retry-After`), or null. */
  readonly retryAfterMs: number | null;
  /** SHA-256 of the certificate that was shown, or null. */
  readonly fingerprint: string | null;
  /** The status that the camera answered, or null. */
  readonly status: number | null;

  constructor(code: RtspErrorCode, context: RtspErrorContext) {
    const { retryable, remedy }: Meaning = MEANINGS[code];
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

/** An error of {@link RtspErrorCode}, with its remedy. */
export function rtspError(code: RtspErrorCode, context: RtspErrorContext): RtspError {
  return new RtspError(code, context);
}

/** What a status means that is no success (RFC 2326 11, RFC 7826 17). */
const STATUS_CODES: ReadonlyMap<number, RtspErrorCode> = new Map([
  [401, "STREAM_UNAUTHORISED"],
  [403, "STREAM_FORBIDDEN"],
  [404, "STREAM_NOT_FOUND"],
  [408, "STREAM_TIMEOUT"],
  [410, "STREAM_NOT_FOUND"],
  [453, "STREAM_BANDWIDTH"],
  [454, "STREAM_SESSION"],
  [461, "STREAM_TRANSPORT"],
  // Destination Unreachable: over UDP the camera's packets do not come through.
  [462, "STREAM_TRANSPORT"],
  [503, "STREAM_UNAVAILABLE"],
]);

/** The error code of a status of 300 or more. */
export function statusCode(status: number): RtspErrorCode {
  if (status >= 300 && status < 400) return "STREAM_REDIRECT";
  return STATUS_CODES.get(status) ?? "STREAM_SERVER";
}

/** What is known of a request that failed. */
export interface StatusContext {
  readonly action: string;
  /** The answer's `Retry-After`, if it has one. */
  readonly retryAfter?: string | null;
  /** Now, for a `Retry-After` that is a date. */
  readonly nowMs?: WallMs;
  /** The transport that was asked for. */
  readonly transport?: "tcp" | "udp";
  /** The host that a redirect leads to. */
  readonly host?: string;
  /** The address that was asked for: the server's words are left out where they repeat a part of it. */
  readonly uri?: string;
}

/** The error that a status means, with as much of the server's reason as is safe to repeat. */
export function statusError(status: number, reason: string, context: StatusContext): RtspError {
  const { action, retryAfter = null, nowMs, transport, host, uri = "" } = context;
  const words = serverText(reason, uri);
  return rtspError(statusCode(status), {
    action,
    found: `the camera answered ${status}${words === "" ? "" : ` (${words})`}`,
    status,
    transport,
    host,
    retryAfterMs: retryAfter === null ? null : parseRetryAfter(retryAfter, nowMs),
  });
}

/** Parts of an address that are shorter are in too many words to mean anything. */
const MIN_QUOTED_CHARS = 3;

/**
 * A server's own words, fit for a log: one line, no control or formatting characters, short. Words that
 * may quote the request's address, which can hold a password, are left out altogether.
 */
export function serverText(text: string, uri = ""): string {
  if (/[=/@?&\\]/.test(text) || repeatsPartOf(uri, text)) return "";
  const clean = text.replace(/[\p{C}\p{Z}\s]+/gu, " ").trim();
  return redactText([...clean].slice(0, MAX_SERVER_TEXT_CHARS).join("").trim());
}

/** Whether a word of an address's path or query stands in a text; every path may be a password. */
function repeatsPartOf(uri: string, text: string): boolean {
  const said = text.toLowerCase();
  const path = uri.replace(/^[^:]*:\/\/[^/?]*/, "").toLowerCase();
  const parts = path.split(/(?:%[0-9a-f]{2}|[^\p{L}\p{N}])+/u);
  return parts.some((part) => part.length >= MIN_QUOTED_CHARS && said.includes(part));
}
