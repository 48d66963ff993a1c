import type { Clock } from "../../core/clock.ts";
import { OrionError } from "../../core/errors.ts";
import { rtspError, statusError } from "../errors.ts";
import type { Authenticator } from "../protocol/authenticator.ts";
import { parseSession } from "../protocol/headers.ts";
import type { RtspResponse } from "../protocol/messages.ts";
import { type ByteStream, isConnectionLost } from "../transport/byte_stream.ts";
import type { RtspLink } from "../transport/connection.ts";
import { Turns } from "./event_loop_yielder.ts";

const UNAUTHORIZED = 401;
/** Answers of 401 to one request: the first asks, the second may say that the nonce is stale. */
const MAX_CHALLENGES = 3;

/** A request of the handshake. */
export interface DialogueRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers?: readonly (readonly [string, string])[];
  /** SETUP: the transport that it asks for. */
  readonly transport?: "tcp" | "udp";
}

export interface DialogueParts {
  readonly link: RtspLink;
  readonly stream: ByteStream;
  /** null: this host gets no credentials, whatever it asks. */
  readonly authenticator: Authenticator | null;
  readonly clock: Clock;
  /** Ends a request at once. */
  readonly signal: AbortSignal;
  /** How long one request may take, its challenges included. */
  readonly stepTimeoutMs: number;
  /** `rtsp://host:port`, for messages. */
  readonly where: string;
}

/** Requests and answers with one server, in order: authentication, the session, deadlines. */
export class Dialogue {
  /** The session that the server has named, once it has. */
  sessionId: string | null = null;
  /** How long the server keeps a session that it hears nothing of, or null where it does not say. */
  sessionTimeoutSeconds: number | null = null;
  readonly #parts: DialogueParts;
  readonly #turns: Turns;

  constructor(parts: DialogueParts) {
    this.#parts = parts;
    this.#turns = new Turns(parts.clock);
  }

  /** The headers that each request of this session carries. */
  headersFor(method: string, uri: string): (readonly [string, string])[] {
    const headers: (readonly [string, string])[] = [];
    if (this.sessionId !== null) headers.push(["Session", this.sessionId]);
    const authorization = this.#parts.authenticator?.authorization(method, uri) ?? null;
    if (authorization !== null) headers.push(["Authorization", authorization]);
    return headers;
  }

  /**
   * Sends a request and returns its answer with a status of 2xx or 3xx.
   *
   * @throws {StreamError} what another status means; `STREAM_TIMEOUT`; `STREAM_ENDED`;
   *   `STREAM_INTERRUPTED` when the signal was aborted
   */
  request(request: DialogueRequest): Promise<RtspResponse> {
    return this.#withDeadline(request.method, () => this.#ask(request));
  }

  /** Learns a new challenge, such as one that an answer to a keepalive carries. */
  challenge(response: RtspResponse): void {
    this.#parts.authenticator?.challenge(response.headers.getAll("WWW-Authenticate"));
  }

  async #ask(request: DialogueRequest): Promise<RtspResponse> {
    const { link, authenticator } = this.#parts;
    const { method, uri, headers = [] } = request;
    for (let challenges = 0;; challenges++) {
      const all = [...headers, ...this.headersFor(method, uri)];
      const hadCredentials = all.some(([name]) => name === "Authorization");
      const afterRead = () => this.#turns.afterRead(true);
      const response = await link.call({ method, uri, headers: all }, afterRead);
      if (response.status !== UNAUTHORIZED) return this.#accepted(request, response);
      if (authenticator === null || challenges >= MAX_CHALLENGES) {
        throw this.#unauthorised(method, "the camera asks for a user and a password");
      }
      const challenged = authenticator.challenge(response.headers.getAll("WWW-Authenticate"));
      if (!challenged.ok) {
        throw rtspError("STREAM_AUTH_UNSUPPORTED", {
          action: this.#action(method),
          found: challenged.detail,
        });
      }
      if (hadCredentials && !challenged.isNew) {
        throw this.#unauthorised(method, "the camera refuses the user or the password");
      }
    }
  }

  #accepted(request: DialogueRequest, response: RtspResponse): RtspResponse {
    if (request.method === "SETUP" || request.method === "PLAY") this.#noteSession(response);
    if (response.status < 400) return response;
    throw statusError(response.status, response.reason, {
      action: this.#action(request.method),
      uri: request.uri,
      retryAfter: response.headers.get("Retry-After"),
      nowMs: this.#parts.clock.wallMs(),
      ...(request.transport === undefined ? {} : { transport: request.transport }),
    });
  }

  /** Dahua's answer to OPTIONS names another session: the one that is set up counts. */
  #noteSession(response: RtspResponse): void {
    const { id, timeoutSeconds } = parseSession(response.headers.get("Session") ?? "");
    if (id !== "") this.sessionId = id;
    this.sessionTimeoutSeconds = timeoutSeconds ?? this.sessionTimeoutSeconds;
  }

  #unauthorised(method: string, found: string): OrionError {
    return rtspError("STREAM_UNAUTHORISED", { action: this.#action(method), found });
  }

  #action(method: string): string {
    return `Cannot open ${this.#parts.where} (${method})`;
  }

  /** Runs a step; when it takes too long the connection is closed under it. */
  async #withDeadline<T>(method: string, run: () => Promise<T>): Promise<T> {
    const { clock, stream, signal, stepTimeoutMs } = this.#parts;
    const action = this.#action(method);
    let isLate = false;
    const cancel = clock.after(stepTimeoutMs, () => {
      isLate = true;
      stream.close();
    });
    const onAbort = () => stream.close();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      signal.throwIfAborted();
      return await run();
    } catch (error) {
      if (signal.aborted) throw rtspError("STREAM_INTERRUPTED", { action });
      if (isLate) {
        const found = `no answer to ${method} in ${stepTimeoutMs} ms`;
        throw rtspError("STREAM_TIMEOUT", { action, found });
      }
      if (!(error instanceof OrionError) && isConnectionLost(error)) {
        throw rtspError("STREAM_ENDED", { action, found: "the connection was closed" });
      }
      throw error;
    } finally {
      cancel();
      signal.removeEventListener("abort", onAbort);
    }
  }
}
