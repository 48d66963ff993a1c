import type { Cancel, Clock } from "../../core/clock.ts";
import type { RtspResponse } from "../protocol/messages.ts";
import type { RtspConnection } from "../transport/connection.ts";
import type { CameraHints } from "./camera_hints.ts";
import type { Requester } from "./requester.ts";

/** RFC 2326 12.37: the session timeout unless the server states one. */
const DEFAULT_TIMEOUT_SECONDS = 60;
const MAX_INTERVAL_MS = 30_000;
const MIN_INTERVAL_MS = 500;
const UNAUTHORIZED = 401;

export interface KeepAliveOptions {
  readonly connection: RtspConnection;
  readonly requester: Requester;
  /** The methods that the server announces. */
  readonly methods: ReadonlySet<string>;
  readonly aggregateUri: string;
  readonly clock: Clock;
  readonly hints: CameraHints;
}

/**
 * Keeps a session from expiring: by GET_PARAMETER if the server announces it, else by OPTIONS. Switches to
 * the other method when one is refused. If a session has expired all the same, alternates between the two:
 * some cameras count only one of them, and announce the other. Credentials that a camera refuses while it
 * plays are not sent again until the next session.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #method: "GET_PARAMETER" | "OPTIONS";
  #cancel: Cancel | null = null;
  /** The password was changed while the camera plays. Cameras lock an account after some five refusals. */
  #isRefused = false;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#method = options.methods.has("GET_PARAMETER") ? "GET_PARAMETER" : "OPTIONS";
  }

  start(): void {
    this.#cancel = this.#options.clock.after(this.#intervalMs, () => {
      this.#send();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Whether a session that the server ended after `playedMs` may have expired in spite of keepalives. */
  mayHaveExpired(playedMs: number): boolean {
    return playedMs >= this.#timeoutMs * 0.9 && playedMs <= this.#timeoutMs * 2;
  }

  get #timeoutMs(): number {
    return (this.#options.requester.sessionTimeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
  }

  /** Two keepalives per timeout, so that one may be lost; twice as many when two methods alternate. */
  get #intervalMs(): number {
    const divisor = this.#options.hints.alternatesKeepAlive ? 5 : 2.5;
    return Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, this.#timeoutMs / divisor));
  }

  #send(isRetry = false): void {
    const { connection, requester, aggregateUri, hints } = this.#options;
    const method = this.#method;
    const headers = requester.headersFor(method, aggregateUri, !this.#isRefused);
    const onResponse = (response: RtspResponse) => this.#onResponse(method, response, isRetry);
    connection.send({ method, uri: aggregateUri, headers }, onResponse).catch(() => {
      // A connection that fails to write fails to read as well, and is closed by the reader.
    });
    if (hints.alternatesKeepAlive) this.#switchMethod();
  }

  #onResponse(method: string, response: RtspResponse, isRetry: boolean): void {
    if (response.status === UNAUTHORIZED) this.#onChallenge(method, response, isRetry);
    else if (response.status >= 400 && method === this.#method) this.#switchMethod();
  }

  #onChallenge(method: string, response: RtspResponse, isRetry: boolean): void {
    if (this.#isRefused) return;
    const { requester, hints } = this.#options;
    // The nonce may have expired (RFC 7616 3.3).
    if (requester.acceptChallenge(response)) {
      if (!isRetry) this.#send(true);
    } else if (method === "GET_PARAMETER" && !hints.alternatesKeepAlive) {
      // The user may lack the right to this one.
      this.#method = "OPTIONS";
    } else this.#isRefused = true;
  }

  #switchMethod(): void {
    this.#method = this.#method === "OPTIONS" ? "GET_PARAMETER" : "OPTIONS";
  }
}
