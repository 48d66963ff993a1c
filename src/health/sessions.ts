import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Clock, SteadyMs } from "../core/clock.ts";

/** Sessions at once; beyond it the one that was not used for the longest time ends. */
export const MAX_SESSIONS = 64;
/** Without a request in this time a session ends. */
export const SESSION_IDLE_MS = 12 * 3_600_000;
/** Bytes of an id, from a cryptographic source. */
const ID_BYTES = 32;

export interface SessionsParts {
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** A session as a request has it. */
export interface UsedSession {
  /** Aborted when the session ends. */
  readonly ended: AbortSignal;
  /** Keeps the session in use, for a response that lasts. @returns what ends that */
  hold(): () => void;
}

interface Session {
  usedAtMs: SteadyMs;
  /** Responses that last. */
  holds: number;
  readonly ending: AbortController;
}

/** The sessions of pages that have logged in. Kept in memory: a restart ends all of them. */
export class Sessions {
  readonly #parts: SessionsParts;
  /** By the digest of the id, in the order of their last use. */
  readonly #sessions = new Map<string, Session>();

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  get size(): number {
    this.#endIdle();
    return this.#sessions.size;
  }

  /** Opens a session. @returns its id, which is kept nowhere */
  open(): string {
    this.#endIdle();
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size < MAX_SESSIONS) break;
      this.#end(oldest);
    }
    const id = Buffer.from(this.#parts.randomBytes(ID_BYTES)).toString("base64url");
    const usedAtMs = this.#parts.clock.nowMs();
    this.#sessions.set(digestOf(id), { usedAtMs, holds: 0, ending: new AbortController() });
    return id;
  }

  /**
   * Uses a session: its time begins anew.
   * @returns null where there is no such session
   */
  use(id: string): UsedSession | null {
    this.#endIdle();
    const digest = digestOf(id);
    const session = this.#sessions.get(digest);
    if (session === undefined) return null;
    this.#used(digest, session);
    return { ended: session.ending.signal, hold: () => this.#hold(digest, session) };
  }

  /** Ends a session, and what was opened with it; harmless where there is none. */
  end(id: string): void {
    this.#end(digestOf(id));
  }

  #used(digest: string, session: Session): void {
    session.usedAtMs = this.#parts.clock.nowMs();
    this.#sessions.delete(digest);
    this.#sessions.set(digest, session);
  }

  #hold(digest: string, session: Session): () => void {
    let isHeld = true;
    session.holds += 1;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      session.holds -= 1;
      if (this.#sessions.get(digest) === session) this.#used(digest, session);
    };
  }

  #end(digest: string): void {
    this.#sessions.get(digest)?.ending.abort();
    this.#sessions.delete(digest);
  }

  #endIdle(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const [digest, session] of this.#sessions) {
      if (nowMs - session.usedAtMs < SESSION_IDLE_MS) return;
      if (session.holds > 0) this.#used(digest, session);
      else this.#end(digest);
    }
  }
}

/** What is kept of an id: it cannot be used as one. */
function digestOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
