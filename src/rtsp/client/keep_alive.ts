import type { Cancel, Clock } from "../../core/clock.ts";
import type { RtspResponse } from "../protocol/messages.ts";
import type { RtspLink } from "../transport/connection.ts";
import type { CameraMemory } from "./camera_hints.ts";
import type { Dialogue } from "./requester.ts";

/** RFC 2326 12.37: what holds where the server does not say. */
const DEFAULT_TIMEOUT_SECONDS = 60;
const MAX_INTERVAL_MS = 30_000;
const MIN_INTERVAL_MS = 500;
const UNAUTHORIZED = 401;

export interface KeepAliveParts {
  readonly link: RtspLink;
  readonly dialogue: Dialogue;
  readonly methods: ReadonlySet<string>;
  readonly aggregateUri: string;
  readonly clock: Clock;
  readonly memory: CameraMemory;
}

/**
 * Keeps a session from expiring: by GET_PARAMETER where the server says that it takes that, else by
 * OPTIONS; a method that is refused is replaced by the other. Where a session expired all the same, by
 * both in turn: some cameras count only one of them, and name the other.
 */
export class KeepAlive {
  readonly #parts: KeepAliveParts;
  #method: "GET_PARAMETER" | "OPTIONS";
  #cancel: Cancel | null = null;

  constructor(parts: KeepAliveParts) {
    this.#parts = parts;
    this.#method = parts.methods.has("GET_PARAMETER") ? "GET_PARAMETER" : "OPTIONS";
  }

  start(): void {
    this.#cancel = this.#parts.clock.after(this.#intervalMs, () => {
      this.#send();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Whether a session that the server ended after so long may have expired although it was kept alive. */
  mayHaveExpired(playedMs: number): boolean {
    return playedMs >= this.#timeoutMs * 0.9 && playedMs <= this.#timeoutMs * 2;
  }

  get #timeoutMs(): number {
    return (this.#parts.dialogue.sessionTimeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
  }

  /** Often enough for one to be lost; half as often where two methods take turns, none may be missed. */
  get #intervalMs(): number {
    const part = this.#parts.memory.keepsAliveByAll ? 5 : 2.5;
    return Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, this.#timeoutMs / part));
  }

  #send(isRepeated = false): void {
    const { link, dialogue, aggregateUri, memory } = this.#parts;
    const method = this.#method;
    const headers = dialogue.headersFor(method, aggregateUri);
    const onResponse = (response: RtspResponse) => this.#answered(method, response, isRepeated);
    link.send({ method, uri: aggregateUri, headers }, onResponse).catch(() => {
      // A connection that can't be written to ends its reads as well, which is noticed there.
    });
    if (memory.keepsAliveByAll) this.#useOther();
  }

  #answered(method: string, response: RtspResponse, isRepeated: boolean): void {
    if (response.status === UNAUTHORIZED) {
      // The nonce has changed meanwhile (RFC 7616 3.3).
      this.#parts.dialogue.challenge(response);
      if (!isRepeated) this.#send(true);
    } else if (response.status >= 400 && method === this.#method) this.#useOther();
  }

  #useOther(): void {
    this.#method = this.#method === "OPTIONS" ? "GET_PARAMETER" : "OPTIONS";
  }
}
