import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type Challenge, type ChallengeValue, parseChallenges } from "./challenges.ts";

/** Why a challenge is rejected. */
export type RejectionReason =
  | "no-challenge"
  | "unknown-scheme"
  | "unknown-algorithm"
  | "auth-int"
  | "unknown-qop"
  | "no-nonce"
  | "downgrade";

/** A challenge that is not answered, and why. */
export interface ChallengeRejection {
  readonly ok: false;
  readonly reason: RejectionReason;
  /** For an error message. Holds no credentials; the server's words are quoted and short. */
  readonly detail: string;
}

/** Rank of each scheme. */
const STRENGTHS = { basic: 1, md5: 2, sha256: 3 } as const;

/** A challenge of a supported scheme and algorithm. */
export type SupportedChallenge =
  | { readonly kind: "basic" }
  | {
    readonly kind: "digest";
    readonly hash: "md5" | "sha256";
    /** A1 includes the nonces (`MD5-sess`, `SHA-256-sess`). */
    readonly isSession: boolean;
    /** As the server wrote it, or null. */
    readonly algorithm: string | null;
    /** `qop=auth` is used (RFC 2617); else the response of RFC 2069. */
    readonly hasQop: boolean;
    readonly realm: ChallengeValue;
    readonly nonce: ChallengeValue;
    readonly opaque: ChallengeValue | null;
    readonly isStale: boolean;
  };

const ABSENT: ChallengeValue = { raw: "", value: "" };

type ChallengeSelection =
  | { readonly ok: true; readonly challenge: SupportedChallenge }
  | ChallengeRejection;

/**
 * Selects the strongest supported challenge: Digest with SHA-256, Digest with MD5, Basic.
 *
 * Rejects Basic beside an unsupported Digest: the password would be sent in clear text to a server that
 * can do better.
 */
export function selectChallenge(challenges: readonly Challenge[]): ChallengeSelection {
  const parsed = challenges.map(parseChallenge);
  const best = parsed.flatMap((result) => result.ok ? [result.challenge] : [])
    .toSorted((a, b) => strengthOf(b) - strengthOf(a))[0];
  const isDigestOffered = challenges.some(({ scheme }) => scheme === "digest");
  if (best !== undefined && (best.kind === "digest" || !isDigestOffered)) {
    return { ok: true, challenge: best };
  }
  const rejected = parsed.filter((result) => !result.ok);
  return rejected.find(({ reason }) => reason !== "unknown-scheme") ?? rejected[0] ??
    reject("no-challenge", "the camera answers 401 and does not say how to log in");
}

function parseChallenge({ scheme, parameters }: Challenge): ChallengeSelection {
  if (scheme === "basic") return { ok: true, challenge: { kind: "basic" } };
  if (scheme !== "digest") {
    return reject("unknown-scheme", `the camera wants the login scheme ${quote(scheme)}`);
  }
  const name = parameters.get("algorithm")?.value.trim() ?? "";
  const algorithm = /^(md5|sha-?256)(-sess)?$/i.exec(name === "" ? "md5" : name);
  if (algorithm === null) {
    return reject(
      "unknown-algorithm",
      `the camera wants Digest with the algorithm ${quote(name)}, which is not known here`,
    );
  }
  const nonce = parameters.get("nonce");
  if (nonce === undefined) return reject("no-nonce", "the camera wants Digest and gives no nonce");
  const qops = (parameters.get("qop")?.value ?? "").toLowerCase().split(/[\s,;]+/)
    .filter((qop) => qop !== "");
  if (qops.length > 0 && !qops.includes("auth")) return rejectQop(qops);
  const challenge: SupportedChallenge = {
    kind: "digest",
    hash: algorithm[1]?.toLowerCase() === "md5" ? "md5" : "sha256",
    isSession: algorithm[2] !== undefined,
    algorithm: name === "" ? null : name,
    hasQop: qops.length > 0,
    // Some cameras omit the realm: it counts as empty.
    realm: parameters.get("realm") ?? ABSENT,
    nonce,
    opaque: parameters.get("opaque") ?? null,
    isStale: parameters.get("stale")?.value.trim().toLowerCase() === "true",
  };
  return { ok: true, challenge };
}

function rejectQop(qops: readonly string[]): ChallengeRejection {
  if (qops.includes("auth-int")) {
    return reject("auth-int", "the camera wants Digest with qop=auth-int alone");
  }
  return reject("unknown-qop", `the camera wants Digest with qop=${quote(qops.join(","))}`);
}

function reject(reason: RejectionReason, detail: string): ChallengeRejection {
  return { ok: false, reason, detail };
}

/** Quotes a server's word, truncated and printable. */
function quote(text: string): string {
  return `"${text.replace(/[^\w.,+-]/g, "").slice(0, 32)}"`;
}

function strengthOf(challenge: SupportedChallenge): number {
  return STRENGTHS[challenge.kind === "basic" ? "basic" : challenge.hash];
}

export interface AuthenticatorOptions {
  readonly username: string;
  /** May be empty. */
  readonly password: string;
  /** Returns a random `cnonce` of letters and digits; called for each nonce. */
  readonly randomToken: () => string;
}

/** The outcome of a challenge. */
export type ChallengeOutcome =
  | {
    readonly ok: true;
    /** A retry can succeed: the credentials were not refused under this challenge. */
    readonly isNew: boolean;
  }
  | ChallengeRejection;

/**
 * Answers the challenges of one server (RFC 2617, RFC 7616), never with a weaker scheme than the strongest
 * it has offered: a later downgrade to Basic is rejected.
 *
 * The credentials are private: they appear in no string, JSON or inspection of the object.
 */
export class Authenticator {
  readonly #username: string;
  readonly #password: string;
  readonly #randomToken: () => string;
  #current: SupportedChallenge | null = null;
  #strength = 0;
  #nonceCount = 0;
  #cnonce = "";

  constructor({ username, password, randomToken }: AuthenticatorOptions) {
    this.#username = username;
    this.#password = password;
    this.#randomToken = randomToken;
  }

  /**
   * Accepts the challenge of a 401 response. A rejected challenge changes nothing.
   *
   * Many cameras send a fresh nonce with each 401. After the first use of the previous nonce, and without
   * `stale=true`, that means a wrong password: another attempt would bring the account nearer to being
   * locked. After a nonce that was accepted before, it means that the nonce has expired.
   *
   * @param headers  the values of all `WWW-Authenticate` headers
   */
  acceptChallenge(headers: readonly string[]): ChallengeOutcome {
    // Some cameras refuse a wrong password with a 401 without a challenge.
    if (headers.length === 0 && this.#current !== null) return { ok: true, isNew: false };
    const selection = selectChallenge(parseChallenges(headers));
    if (!selection.ok) return selection;
    const next = selection.challenge;
    const strength = strengthOf(next);
    if (strength < this.#strength) {
      return reject("downgrade", "the camera wants a weaker login than it did before");
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
   * The value of a request's `Authorization` header, or null before the first challenge.
   * @param uri  exactly as in the request line
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

  /** Discounts the last authorization: the camera closed the connection without a response to it. */
  discountUse(): void {
    this.#nonceCount = Math.max(0, this.#nonceCount - 1);
  }

  #isNew(next: SupportedChallenge, strength: number): boolean {
    if (this.#current === null || this.#nonceCount === 0 || strength > this.#strength) return true;
    if (next.kind === "basic") return false;
    return next.isStale || (!isSameNonce(this.#current, next) && this.#nonceCount > 1);
  }

  #digest(challenge: SupportedChallenge & { kind: "digest" }, method: string, uri: string): string {
    const { hash, realm, nonce, opaque, algorithm, hasQop, isSession } = challenge;
    const digest = (text: string) => createHash(hash).update(text, "utf8").digest("hex");
    const count = this.#nonceCount.toString(16).padStart(8, "0");
    const userHash = digest(`${this.#username}:${realm.value}:${this.#password}`);
    const secret = isSession ? digest(`${userHash}:${nonce.value}:${this.#cnonce}`) : userHash;
    const requestHash = digest(`${method}:${uri}`);
    const middle = hasQop ? `${count}:${this.#cnonce}:auth:` : "";
    const response = digest(`${secret}:${nonce.value}:${middle}${requestHash}`);
    // RFC 7616 3.4: algorithm, qop and nc are not quoted; some cameras insist on that.
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

function isSameNonce(a: SupportedChallenge | null, b: SupportedChallenge): boolean {
  if (a === null || a.kind !== b.kind) return false;
  return a.kind === "basic" || (b.kind === "digest" && a.nonce.value === b.nonce.value);
}

function escape(text: string): string {
  return text.replace(/["\\]/g, "\\$&");
}
