import type { Clock } from "../../core/clock.ts";
import { OrionError } from "../../core/errors.ts";
import { RtspError, rtspError, statusError } from "../errors.ts";
import type { Authenticator } from "../protocol/authenticator.ts";
import { parseSession } from "../protocol/headers.ts";
import type { RtspResponse } from "../protocol/messages.ts";
import { type ByteStream, isConnectionLost } from "../transport/byte_stream.ts";
import type { RtspConnection } from "../transport/connection.ts";
import { EventLoopYielder } from "./event_loop_yielder.ts";

const UNAUTHORIZED = 401;
/** Responses of 401 to one request that are answered: a challenge, and a stale nonce. */
const MAX_CHALLENGES = 2;
/** The part of the time for an answer in which the first one is due, and the least of that time. */
const CONTACT_PART = 5 / 8;
const LEAST_CONTACT_MS = 5000;

/** The time for a connection, and for its first answer: a frozen server is reported sooner than a slow one. */
export function contactTimeoutMs(stepTimeoutMs: number): number {
  return Math.min(stepTimeoutMs, Math.max(LEAST_CONTACT_MS, CONTACT_PART * stepTimeoutMs));
}

/** A request whose response is awaited. */
export interface RequestSpec {
  readonly method: string;
  readonly uri: string;
  readonly headers?: readonly (readonly [string, string])[];
  /** SETUP: the transport that is requested. */
  readonly transport?: "tcp" | "udp";
}

export interface RequesterOptions {
  readonly connection: RtspConnection;
  readonly stream: ByteStream;
  /** null: this host gets no credentials. */
  readonly authenticator: Authenticator | null;
  readonly clock: Clock;
  /** Aborts a request at once. */
  readonly signal: AbortSignal;
  /** The time limit of one request, its challenges included; see {@link contactTimeoutMs}. */
  readonly stepTimeoutMs: number;
  /** `rtsp://host:port`, for error messages. */
  readonly origin: string;
}

/** Sends requests to one server, one after the other, with credentials, session ID and time limit. */
export class Requester {
  /** The session ID that the server assigned; null before SETUP. */
  sessionId: string | null = null;
  /** The server's timeout for an idle session; null if it states none. */
  sessionTimeoutSeconds: number | null = null;
  /** The last response was a challenge: the credentials that answer it got no response. */
  isChallenged = false;
  readonly #options: RequesterOptions;
  readonly #yielder: EventLoopYielder;

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#yielder = new EventLoopYielder(options.clock);
  }

  /** The headers of every request of this session. */
  headersFor(
    method: string,
    uri: string,
    hasCredentials = true,
  ): (readonly [string, string])[] {
    const headers: (readonly [string, string])[] = [];
    if (this.sessionId !== null) headers.push(["Session", this.sessionId]);
    const authenticator = hasCredentials ? this.#options.authenticator : null;
    const authorization = authenticator?.authorization(method, uri) ?? null;
    if (authorization !== null) headers.push(["Authorization", authorization]);
    return headers;
  }

  /**
   * Sends a request and returns its response, whose status is 2xx; of OPTIONS and DESCRIBE also 3xx.
   *
   * @throws {StreamError} the error of another status; `STREAM_TIMEOUT`; `STREAM_ENDED`;
   *   `STREAM_INTERRUPTED` when the signal was aborted
   */
  request(request: RequestSpec): Promise<RtspResponse> {
    return this.#withDeadline(request.method, () => this.#send(request));
  }

  /**
   * Accepts the challenge of a response, such as one to a keepalive.
   * @returns whether it is another one than the credentials were for: they may be right all the same
   */
  acceptChallenge(response: RtspResponse): boolean {
    const challenges = response.headers.getAll("WWW-Authenticate");
    const outcome = this.#options.authenticator?.acceptChallenge(challenges);
    return outcome?.ok === true && outcome.isNew;
  }

  async #send(request: RequestSpec): Promise<RtspResponse> {
    const { connection, authenticator } = this.#options;
    const { method, uri, headers = [] } = request;
    for (let challenges = 0;; challenges++) {
      const all = [...headers, ...this.headersFor(method, uri)];
      const hadCredentials = all.some(([name]) => name === "Authorization");
      const afterRead = () => this.#yielder.afterRead(true);
      const response = await connection.call({ method, uri, headers: all }, afterRead);
      this.isChallenged = response.status === UNAUTHORIZED;
      if (!this.isChallenged) return this.#check(request, response);
      if (authenticator === null) {
        throw this.#unauthorised(method, "the camera requires a user and a password");
      }
      const outcome = authenticator.acceptChallenge(response.headers.getAll("WWW-Authenticate"));
      if (!outcome.ok) {
        throw rtspError("STREAM_AUTH_UNSUPPORTED", {
          action: this.#action(method),
          found: outcome.detail,
        });
      }
      if (hadCredentials && (!outcome.isNew || challenges >= MAX_CHALLENGES)) {
        throw this.#unauthorised(method, "the camera refuses the user or the password");
      }
    }
  }

  #check(request: RequestSpec, response: RtspResponse): RtspResponse {
    if (request.method === "SETUP" || request.method === "PLAY") this.#noteSession(response);
    const { method } = request;
    const mayRedirect = method === "OPTIONS" || method === "DESCRIBE";
    if (response.status < (mayRedirect ? 400 : 300)) return response;
    throw statusError(response.status, response.reason, {
      action: this.#action(method),
      uri: request.uri,
      retryAfter: response.headers.get("Retry-After"),
      nowMs: this.#options.clock.wallMs(),
      ...(request.transport === undefined ? {} : { transport: request.transport }),
    });
  }

  /** Only of SETUP and PLAY: Dahua's response to OPTIONS names another session. */
  #noteSession(response: RtspResponse): void {
    const { id, timeoutSeconds } = parseSession(response.headers.get("Session") ?? "");
    if (id !== "") this.sessionId = id;
    this.sessionTimeoutSeconds = timeoutSeconds ?? this.sessionTimeoutSeconds;
  }

  #unauthorised(method: string, found: string): OrionError {
    return rtspError("STREAM_UNAUTHORISED", { action: this.#action(method), found });
  }

  #action(method: string): string {
    return `Cannot open ${this.#options.origin} (${method})`;
  }

  /** The time limit of the next request. Cameras that run on a battery take seconds to wake up. */
  get #limitMs(): number {
    const { connection, stepTimeoutMs } = this.#options;
    return connection.isAnswering ? stepTimeoutMs : contactTimeoutMs(stepTimeoutMs);
  }

  /**
   * The error of a request without a response.
   * @param lateMs  the time limit that is over, or null
   */
  #silence(method: string, lateMs: number | null): RtspError {
    const { connection } = this.#options;
    const action = this.#action(method);
    const speaks = connection.otherProtocol;
    if (speaks !== null) {
      const what = speaks === "unknown" ? "does not speak RTSP" : `speaks ${speaks}, not RTSP`;
      return rtspError("STREAM_INVALID", { action, found: `the server ${what}`, speaks });
    }
    const peer = connection.isAnswering ? "answering" : "silent";
    const found = lateMs === null
      ? "the camera closed the connection"
      : `no answer to ${method} in ${lateMs} ms`;
    return rtspError(lateMs === null ? "STREAM_ENDED" : "STREAM_TIMEOUT", { action, found, peer });
  }

  /** Closes the connection when the request takes too long. */
  async #withDeadline<T>(method: string, run: () => Promise<T>): Promise<T> {
    const { clock, stream, signal } = this.#options;
    const action = this.#action(method);
    const limitMs = this.#limitMs;
    let lateMs: number | null = null;
    const cancel = clock.after(limitMs, () => {
      lateMs = limitMs;
      stream.close();
    });
    const onAbort = () => stream.close();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      signal.throwIfAborted();
      return await run();
    } catch (error) {
      if (signal.aborted) throw rtspError("STREAM_INTERRUPTED", { action });
      const isEnded = error instanceof RtspError
        ? error.code === "STREAM_ENDED"
        : isConnectionLost(error);
      throw lateMs !== null || isEnded ? this.#silence(method, lateMs) : error;
    } finally {
      cancel();
      signal.removeEventListener("abort", onAbort);
    }
  }
}
