import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, HonoRequest, MiddlewareHandler } from "hono";
import { auth as basicCredentials } from "hono/utils/basic-auth";
import type { Clock } from "../core/clock.ts";
import type { Secret } from "../core/secret.ts";
import { challengeText } from "./challenge.ts";
import { connectionOf } from "./connection.ts";
import { sessionIds } from "./cookie.ts";
import { isOwnName, mayChange } from "./origin.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { Sessions, type UsedSession } from "./sessions.ts";
import { WrongTokens } from "./wrong_tokens.ts";

/** Wrong tokens of one address at a login: so many at once, then one in this time. */
export const MAX_WRONG_LOGINS = 10;
export const WRONG_LOGIN_MS = 6_000;
/** Wrong tokens of one address in `Authorization`: a program may repeat a wrong one for long. */
export const MAX_WRONG_TOKENS = 60;
export const WRONG_TOKEN_MS = 1_000;

/** How a request may see what is behind the token. */
export type Admission =
  /** No token is configured. */
  | { readonly by: "none" }
  /** It carries the token. */
  | { readonly by: "token" }
  /** It carries the cookie of a session. */
  | { readonly by: "session"; readonly session: UsedSession };

export interface AccessParts {
  readonly instance: string;
  /** null: none is needed. */
  readonly token: Secret | null;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Decides which requests are admitted: by the token, or by the session that a login with it has opened. */
export class Access {
  readonly #parts: AccessParts;
  readonly #sessions: Sessions;
  readonly #logins: WrongTokens;
  readonly #headers: WrongTokens;
  readonly #admissions = new WeakMap<Request, Admission>();

  constructor(parts: AccessParts) {
    this.#parts = parts;
    const { clock } = parts;
    this.#sessions = new Sessions(parts);
    this.#logins = new WrongTokens(clock, { burst: MAX_WRONG_LOGINS, everyMs: WRONG_LOGIN_MS });
    this.#headers = new WrongTokens(clock, { burst: MAX_WRONG_TOKENS, everyMs: WRONG_TOKEN_MS });
  }

  /** Whether a token is configured. */
  get required(): boolean {
    return this.#parts.token !== null;
  }

  /** Without a token refuses every host name that a web page may have pointed at this machine. */
  get host(): MiddlewareHandler {
    return async (context, next) => {
      if (this.required || isOwnName(new URL(context.req.url).hostname)) return await next();
      return refuse(context, HOST);
    };
  }

  /** Refuses what is not admitted. */
  get admitted(): MiddlewareHandler {
    return async (context, next) => {
      const admission = this.admission(context);
      if ("by" in admission) return await next();
      if (admission.status === 401) {
        // Basic is accepted but not offered: a browser sends a stored password with requests of any page.
        context.header("WWW-Authenticate", challengeText(this.#parts.instance));
      }
      return refuse(context, admission);
    };
  }

  /** Refuses a request that changes something unless this interface's own page, or no page, sent it. */
  get changes(): MiddlewareHandler {
    return async (context, next) => {
      const admission = this.admission(context);
      const byCookie = "by" in admission && admission.by === "session";
      return mayChange(context.req, byCookie) ? await next() : refuse(context, OTHER_SITE);
    };
  }

  /** How a request is admitted, or why it is not; decided once for each. */
  admission(context: Context): Admission | Refusal {
    const { raw } = context.req;
    const known = this.#admissions.get(raw);
    if (known !== undefined) return known;
    const admission = this.#admit(context);
    if ("by" in admission) this.#admissions.set(raw, admission);
    return admission;
  }

  /** Opens a session with the right token. @returns its id, or why there is none */
  login(context: Context, token: string): string | Refusal {
    const expected = this.#parts.token?.expose();
    const { address } = connectionOf(context);
    const waitMs = this.#logins.waitMs(address);
    if (waitMs > 0) return tooMany(context, waitMs);
    if (expected === undefined || !isSame(token, expected)) {
      this.#logins.add(address);
      return WRONG_TOKEN;
    }
    this.logout(context.req);
    return this.#sessions.open();
  }

  /**
   * Ties a response that lasts to the session of its request: the session is in use while it lasts, and
   * `onEnded` is called when the session ends before.
   * @returns what the end of the response calls; idempotent
   */
  tie(context: Context, onEnded: () => void): () => void {
    const admission = this.admission(context);
    if (!("by" in admission) || admission.by !== "session") return () => undefined;
    const { ended, hold } = admission.session;
    const release = hold();
    ended.addEventListener("abort", onEnded);
    return () => {
      ended.removeEventListener("abort", onEnded);
      release();
    };
  }

  /** Ends the session of a request. */
  logout(request: HonoRequest): void {
    for (const id of sessionIds(request.header("cookie"))) this.#sessions.end(id);
  }

  #admit(context: Context): Admission | Refusal {
    const { token } = this.#parts;
    if (token === null) return { by: "none" };
    for (const id of sessionIds(context.req.header("cookie"))) {
      const session = this.#sessions.use(id);
      if (session !== null) return { by: "session", session };
    }
    if (context.req.header("authorization") === undefined) return NO_TOKEN;
    const { address } = connectionOf(context);
    const waitMs = this.#headers.waitMs(address);
    if (waitMs > 0) return tooMany(context, waitMs);
    if (hasToken(context.req, token)) return { by: "token" };
    this.#headers.add(address);
    return NO_TOKEN;
  }
}

/** Whether a request has the token: as `Bearer TOKEN`, or as the password of HTTP Basic. */
function hasToken(request: HonoRequest, token: Secret): boolean {
  const basic = basicCredentials(request.raw);
  const header = request.header("authorization") ?? "";
  // The name of a scheme is of any case (RFC 9110, 11.1).
  const bearer = header.replace(/^bearer /i, "Bearer ");
  return isSame(
    basic === undefined ? bearer : `Bearer ${basic.password}`,
    `Bearer ${token.expose()}`,
  );
}

/** Compares in a time that depends neither on where two texts differ nor on how long they are. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function tooMany(context: Context, waitMs: number): Refusal {
  context.header("Retry-After", String(Math.ceil(waitMs / 1_000)));
  return TOO_MANY;
}

export const OTHER_SITE: Refusal = {
  status: 403,
  code: "HTTP_OTHER_SITE",
  error: "the request comes from a page of another site",
  remedy: "Send it from Orion's own page, or without a browser and with the token.",
};

const HOST: Refusal = {
  status: 403,
  code: "HTTP_HOST",
  error: "set health.token to allow a host name other than localhost",
  remedy: "Use localhost or an address, or set health.token and send it.",
};

const NO_TOKEN: Refusal = {
  status: 401,
  code: "HTTP_TOKEN",
  error: "send the configured token as a bearer token",
  remedy: "Send Authorization: Bearer TOKEN with the value of health.token, or log in at /.",
};

const WRONG_TOKEN: Refusal = {
  status: 401,
  code: "HTTP_WRONG_TOKEN",
  error: "the token is not the configured one",
  remedy: "Send the value of health.token.",
};

const TOO_MANY: Refusal = {
  status: 429,
  code: "HTTP_TOO_MANY_TOKENS",
  error: "too many wrong tokens came from this address",
  remedy: "Wait as long as Retry-After says, then send the right token.",
};
