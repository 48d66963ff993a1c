/** Challenges of the faulty camera, and the check of credentials (RFC 2617, RFC 7616). */
import { createHash, randomBytes } from "node:crypto";
import { type Clock, systemClock } from "../../../../src/core/clock.ts";
import type { Auth, AuthScheme } from "./options.ts";
import type { RequestEntry } from "./log.ts";

type Hash = "md5" | "sha256";

/** The result of a check: accepted, or the challenges to send. */
export type AuthResult =
  | { readonly state: "accepted" }
  | { readonly state: "refused"; readonly challenges: readonly string[] };

/** A challenge's `algorithm`, and the hash. */
const DIGESTS: Readonly<Record<AuthScheme, readonly (readonly [string | null, Hash])[]>> = {
  none: [],
  basic: [],
  "digest-md5": [[null, "md5"]],
  "digest-sha256": [["SHA-256", "sha256"]],
  "digest-md5-sha256": [["MD5", "md5"], ["SHA-256", "sha256"]],
  "basic-digest": [[null, "md5"]],
  "auth-int": [["MD5", "md5"]],
  "unknown-algorithm": [["SHA3-512", "md5"]],
  "unknown-scheme": [],
};

/** Checks the credentials of one connection. */
export class Authenticator {
  readonly #clock: Clock;
  #nonce = "";
  #nonceAtMs = 0;
  #sawDigest = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  check(request: RequestEntry, auth: Auth): AuthResult {
    if (auth.scheme === "none") return { state: "accepted" };
    const header = request.headers.get("authorization") ?? "";
    if (auth.downgrades && this.#sawDigest) {
      const isRight = header === basic(auth);
      return isRight ? { state: "accepted" } : this.#refuse(auth, false, "basic");
    }
    if (/^basic/i.test(header)) {
      const isTaken = auth.scheme === "basic" || auth.scheme === "basic-digest";
      return isTaken && header === basic(auth) ? { state: "accepted" } : this.#refuse(auth, false);
    }
    if (!/^digest/i.test(header)) return this.#refuse(auth, false);
    const fields = digestFields(header);
    const isStale = fields.get("nonce") !== this.#nonce || this.#isOld(auth);
    if (!isRight(request.method, fields, auth)) return this.#refuse(auth, false);
    if (isStale) return this.#refuse(auth, true);
    this.#sawDigest = true;
    return { state: "accepted" };
  }

  #isOld({ staleAfterSeconds }: Auth): boolean {
    const ageMs = this.#clock.nowMs() - this.#nonceAtMs;
    return staleAfterSeconds > 0 && ageMs > 1000 * staleAfterSeconds;
  }

  #refuse(auth: Auth, isStale: boolean, scheme: AuthScheme = auth.scheme): AuthResult {
    if (this.#nonce === "" || isStale || this.#isOld(auth)) {
      this.#nonce = randomBytes(16).toString("hex");
      this.#nonceAtMs = this.#clock.nowMs();
    }
    const { realm } = auth;
    const challenges: string[] = [];
    if (scheme === "basic" || scheme === "basic-digest") challenges.push(`Basic realm="${realm}"`);
    if (scheme === "unknown-scheme") challenges.push(`Bearer realm="${realm}"`);
    for (const [algorithm] of DIGESTS[scheme]) {
      const qop = scheme === "auth-int" ? "auth-int" : auth.qop ? "auth" : null;
      challenges.push(
        `Digest realm="${realm}", nonce="${this.#nonce}"` +
          (algorithm === null ? "" : `, algorithm=${algorithm}`) +
          (qop === null ? "" : `, qop="${qop}"`) + (isStale ? ", stale=true" : ""),
      );
    }
    return { state: "refused", challenges };
  }
}

function basic({ user, password }: Auth): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

function digestFields(header: string): Map<string, string> {
  const fields = new Map<string, string>();
  const field = /(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g;
  for (const [, name = "", quoted, plain] of header.matchAll(field)) {
    fields.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
  }
  return fields;
}

function isRight(method: string, fields: ReadonlyMap<string, string>, auth: Auth): boolean {
  const named = (fields.get("algorithm") ?? "MD5").toUpperCase();
  const offered = DIGESTS[auth.scheme].find(([name]) => (name ?? "MD5") === named);
  if (offered === undefined) return false;
  const [, hash] = offered;
  const field = (name: string) => fields.get(name) ?? "";
  const hex = (text: string) => createHash(hash).update(text).digest("hex");
  const secret = hex(`${auth.user}:${auth.realm}:${auth.password}`);
  const asked = hex(`${method}:${field("uri")}`);
  const middle = fields.has("qop")
    ? `${field("nonce")}:${field("nc")}:${field("cnonce")}:${field("qop")}`
    : field("nonce");
  return field("username") === auth.user &&
    field("response") === hex(`${secret}:${middle}:${asked}`);
}
