import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type Challenge, type ChallengeValue, parseChallenges } from "./challenges.ts";

export { type Challenge, parseChallenges } from "./challenges.ts";

/** Why a challenge cannot be answered. */
export type AuthRefusal =
  | "no-challenge"
  | "unknown-scheme"
  | "unknown-algorithm"
  | "auth-int"
  | "unknown-qop"
  | "no-nonce"
  | "downgrade";

/** That a challenge cannot be answered, and why, in words for an error message. */
export interface AuthRefused {
  readonly ok: false;
  readonly reason: AuthRefusal;
  /** What was found. Holds no credentials; the server's own words are quoted and short. */
  readonly detail: string;
}

/** Schemes by strength. */
const STRENGTHS = { basic: 1, md5: 2, sha256: 3 } as const;

/** A challenge that can be answered. */
export type Understood =
  | { readonly kind: "basic" }
  | {
    readonly kind: "digest";
    readonly hash: "md5" | "sha256";
    /** The user's hash is bound to the nonces (`MD5-sess`, `SHA-256-sess`). */
    readonly isSession: boolean;
    /** As the server wrote it, or null. */
    readonly algorithm: string | null;
    /** Whether `qop=auth` is used (RFC 2617); else the form of RFC 2069. */
    readonly hasQop: boolean;
    readonly realm: ChallengeValue;
    readonly nonce: ChallengeValue;
    readonly opaque: ChallengeValue | null;
    readonly isStale: boolean;
  };

const ABSENT: ChallengeValue = { raw: "", value: "" };

type Read = { readonly ok: true; readonly challenge: Understood } | AuthRefused;

/**
 * Picks the strongest challenge that is understood: Digest with SHA-256, Digest with MD5, Basic.
 *
 * Basic is not chosen beside a Digest that is not understood: the password would be sent readable although
 * the server knows better.
 */
export function chooseChallenge(challenges: readonly Challenge[]): Read {
  const read = challenges.map(understand);
  const best = read.flatMap((found) => found.ok ? [found.challenge] : [])
    .toSorted((a, b) => strengthOf(b) - strengthOf(a))[0];
  const isDigestOffered = challenges.some(({ scheme }) => scheme === "digest");
  if (best !== undefined && (best.kind === "digest" || !isDigestOffered)) {
    return { ok: true, challenge: best };
  }
  const refused = read.filter((found) => !found.ok);
  return refused.find(({ reason }) => reason !== "unknown-scheme") ?? refused[0] ??
    refuse("no-challenge", "the camera answers 401 and does not say how to log in");
}

function understand({ scheme, parameters }: Challenge): Read {
  if (scheme === "basic") return { ok: true, challenge: { kind: "basic" } };
  if (scheme !== "digest") {
    return refuse("unknown-scheme", `the camera wants the login scheme ${quote(scheme)}`);
  }
  const name = parameters.get("algorithm")?.value.trim() ?? "";
  const algorithm = /^(md5|sha-?256)(-sess)?$/i.exec(name === "" ? "md5" : name);
  if (algorithm === null) {
    return refuse(
      "unknown-algorithm",
      `the camera wants Digest with the algorithm ${quote(name)}, which is not known here`,
    );
  }
  const nonce = parameters.get("nonce");
  if (nonce === undefined) return refuse("no-nonce", "the camera wants Digest and gives no nonce");
  const qops = (parameters.get("qop")?.value ?? "").toLowerCase().split(/[\s,;]+/)
    .filter((qop) => qop !== "");
  if (qops.length > 0 && !qops.includes("auth")) return refuseQop(qops);
  const challenge: Understood = {
    kind: "digest",
    hash: algorithm[1]?.toLowerCase() === "md5" ? "md5" : "sha256",
    isSession: algorithm[2] !== undefined,
    algorithm: name === "" ? null : name,
    hasQop: qops.length > 0,
    // Some cameras leave the realm out: it counts as empty.
    realm: parameters.get("realm") ?? ABSENT,
    nonce,
    opaque: parameters.get("opaque") ?? null,
    isStale: parameters.get("stale")?.value.trim().toLowerCase() === "true",
  };
  return { ok: true, challenge };
}

function refuseQop(qops: readonly string[]): AuthRefused {
  if (qops.includes("auth-int")) {
    return refuse("auth-int", "the camera wants Digest with qop=auth-int alone");
  }
  return refuse("unknown-qop", `the camera wants Digest with qop=${quote(qops.join(","))}`);
}

function refuse(reason: AuthRefusal, detail: string): AuthRefused {
  return { ok: false, reason, detail };
}

/** A server's word, short and printable. */
function quote(text: string): string {
  return `"${text.replace(/[^\w.,+-]/g, "").slice(0, 32)}"`;
}

function strengthOf(challenge: Understood): number {
  return STRENGTHS[challenge.kind === "basic" ? "basic" : challenge.hash];
}

/** What an {@link Authenticator} is made from. */
export interface AuthenticatorParts {
  readonly username: string;
  /** May be empty. */
  readonly password: string;
  /** A new random token for each nonce (`cnonce`): letters and digits. */
  readonly randomToken: () => string;
}

/** What came of a challenge. */
export type Challenged =
  | {
    readonly ok: true;
    /** Answering can help: the credentials have not been refused under this challenge. */
    readonly isNew: boolean;
  }
  | AuthRefused;

/**
 * Answers the challenges of one server (RFC 2617, RFC 7616), and never in a weaker way than the strongest
 * it has once offered: who offers Basic later gets nothing.
 *
 * The credentials are private: no text, JSON or inspection of it shows them.
 */
export class Authenticator {
  readonly #username: string;
  readonly #password: string;
  readonly #randomToken: () => string;
  #current: Understood | null = null;
  #strength = 0;
  #nonceCount = 0;
  #cnonce = "";

  constructor({ username, password, randomToken }: AuthenticatorParts) {
    this.#username = username;
    this.#password = password;
    this.#randomToken = randomToken;
  }

  /** Whether the server has asked, so that {@link authorization} gives something. */
  get isChallenged(): boolean {
    return this.#current !== null;
  }

  /**
   * Learns what an answer with status 401 asks for. A refused challenge changes nothing.
   *
   * Many cameras give a fresh nonce with each 401. One that follows the very first use of the nonce before
   * it, without `stale=true`, means that the password is wrong: answering again would only bring the
   * account nearer to being locked. After a nonce that had served before, it means that its time is up.
   *
   * @param headers  the values of all its `WWW-Authenticate` headers
   */
  challenge(headers: readonly string[]): Challenged {
    // Some cameras refuse a wrong password with a bare 401.
    if (headers.length === 0 && this.#current !== null) return { ok: true, isNew: false };
    const chosen = chooseChallenge(parseChallenges(headers));
    if (!chosen.ok) return chosen;
    const next = chosen.challenge;
    const strength = strengthOf(next);
    if (strength < this.#strength) {
      return refuse("downgrade", "the camera wants a weaker login than it did before");
    }
    const isNew = this.#isNew(next, strength);
    this.#strength = strength;
    if (!isSameNonce(this.#current, next)) {
      this.#nonceCount = 0;
      this.#cnonce = this.#randomToken();
    }
    this.#current = next;
    return { ok: true, isNew };
  }

  /**
   * The value of the `Authorization` header for a request, or null before the first challenge.
   * @param uri  exactly as it stands in the request's first line
   */
  authorization(method: string, uri: string): string | null {
    const challenge = this.#current;
    if (challenge === null) return null;
    this.#nonceCount++;
    if (challenge.kind === "basic") {
      const text = `${this.#username}:${this.#password}`;
      return `Basic ${Buffer.from(text, "utf8").toString("base64")}`;
    }
    return this.#digest(challenge, method, uri);
  }

  #isNew(next: Understood, strength: number): boolean {
    if (this.#current === null || this.#nonceCount === 0 || strength > this.#strength) return true;
    if (next.kind === "basic") return false;
    return next.isStale || (!isSameNonce(this.#current, next) && this.#nonceCount > 1);
  }

  #digest(challenge: Understood & { kind: "digest" }, method: string, uri: string): string {
    const { hash, realm, nonce, opaque, algorithm, hasQop, isSession } = challenge;
    const digest = (text: string) => createHash(hash).update(text, "utf8").digest("hex");
    const count = this.#nonceCount.toString(16).padStart(8, "0");
    const user = digest(`${this.#username}:${realm.value}:${this.#password}`);
    const secret = isSession ? digest(`${user}:${nonce.value}:${this.#cnonce}`) : user;
    const request = digest(`${method}:${uri}`);
    const middle = hasQop ? `${count}:${this.#cnonce}:auth:` : "";
    const response = digest(`${secret}:${nonce.value}:${middle}${request}`);
    // RFC 7616 3.4: algorithm, qop and nc go without quotes; some cameras insist on it.
    return [
      `Digest username="${escape(this.#username)}"`,
      `realm="${realm.raw}"`,
      `nonce="${nonce.raw}"`,
      `uri="${escape(uri)}"`,
      `response="${response}"`,
      ...(algorithm === null ? [] : [`algorithm=${algorithm}`]),
      ...(opaque === null ? [] : [`opaque="${opaque.raw}"`]),
      ...(hasQop ? ["qop=auth", `nc=${count}`] : []),
      ...(hasQop || isSession ? [`cnonce="${this.#cnonce}"`] : []),
    ].join(", ");
  }
}

function isSameNonce(a: Understood | null, b: Understood): boolean {
  if (a === null || a.kind !== b.kind) return false;
  return a.kind === "basic" || (b.kind === "digest" && a.nonce.value === b.nonce.value);
}

function escape(text: string): string {
  return text.replace(/["\\]/g, "\\$&");
}
