import type { Parsed } from "./urls.ts";

const PREFIX = /^sha256:/i;
/** 64 hexadecimal digits, or 32 pairs of them with colons between. */
const DIGITS = /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i;

/**
 * Parses the fingerprint of a certificate: `sha256:` and 64 hexadecimal digits of either case, with or
 * without colons.
 *
 * @returns the digits in lower case, without colons
 */
export function parseFingerprint(text: string): Parsed<string> {
  const digits = text.replace(PREFIX, "");
  if (PREFIX.test(text) && DIGITS.test(digits)) {
    return { ok: true, value: digits.replaceAll(":", "").toLowerCase() };
  }
  return {
    ok: false,
    message: PREFIX.test(text)
      ? "has not the 64 hexadecimal digits of a SHA-256 fingerprint"
      : "does not begin with sha256:",
    remedy: "Write it as probe prints it: sha256: and 64 hexadecimal digits.",
  };
}
