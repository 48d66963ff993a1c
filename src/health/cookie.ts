/** The session cookie. */

const NAME = "orion_session";
/** 256 bits in base64url. */
const ID = /^[\w-]{43}$/;
/** Cookies of that name that are tried: other services of this host can set some. */
const MAX_COOKIES = 8;

/** The session ids of a `Cookie` header. */
export function sessionIds(header: string | undefined): string[] {
  return (header ?? "").split(";").map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${NAME}=`))
    .map((pair) => pair.slice(NAME.length + 1))
    .filter((id) => ID.test(id))
    .slice(0, MAX_COOKIES);
}

/**
 * A `Set-Cookie` header that lasts until the browser is closed. Without `Secure`: Orion serves plain HTTP,
 * and does not trust a header that says otherwise.
 */
export function sessionCookie(id: string): string {
  return `${NAME}=${id}; Path=/; HttpOnly; SameSite=Strict`;
}

/** A `Set-Cookie` header that removes it. */
export function endedCookie(): string {
  return `${sessionCookie("")}; Max-Age=0`;
}
