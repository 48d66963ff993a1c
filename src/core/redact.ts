const REDACTED = "[redacted]";

/**
 * `scheme://user:password@` anywhere in a text. The password may hold anything but a space or a slash.
 * The scheme is bounded: otherwise a long run of letters takes a time that grows with its square.
 */
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]{0,31}:\/\/)([^\s/?#"'<>]*)@/gi;

/** Names that cameras give to a password or a token. */
const SECRET_NAME =
  "[a-z]{0,12}?(?:pass(?:word|wd|wort)?|pas|psw|pwd|pw|token|auth|key|secret|credentials?)";
const USER_NAME = "user(?:name)?|usr(?:name)?|usrnm|login(?:use)?";

/**
 * What follows a credential within a path: the `_channel=` of `user=admin_password=x_channel=1`. A name
 * that is not known is taken for a part of the credential, since a password may hold a `_` and a `=`.
 */
const NEXT_NAME =
  `_(?:channel|chn?|stream|streamtype|subtype|profile|track|proto|type|${USER_NAME}|${SECRET_NAME})=`;

/**
 * The value of a parameter. Not ended by `/` or `?`, which stand in passwords that were not encoded:
 * rather too much is hidden than too little.
 */
const VALUE = `(?:(?!${NEXT_NAME})[^\\s&#;"'<>])*`;

/**
 * `?password=x`, `&token=x`, `/user=admin_password=x_channel=1`, `/user=admin&password=x`: cameras that
 * take credentials as parameters, behind a question mark or in the path itself.
 */
const PARAMETER_CREDENTIALS = new RegExp(
  `([?&;/_](?:${USER_NAME}|${SECRET_NAME})=)${VALUE}`,
  "gi",
);
const PARAMETER_SECRETS = new RegExp(`[?&;/_](?:${SECRET_NAME})=(${VALUE})`, "gi");

/** `Authorization: Basic x` and `Bearer x`. */
const HEADER_CREDENTIALS = /\b(basic|bearer|digest)\s+[a-z0-9+/=._~-]{6,}/gi;

/**
 * A text without credentials: what stands before the `@` of a URL, parameters that cameras use for
 * passwords, and authorisation headers.
 */
export function redactText(text: string): string {
  return text
    .replace(URL_CREDENTIALS, `$1${REDACTED}@`)
    .replace(PARAMETER_CREDENTIALS, `$1${REDACTED}`)
    .replace(HEADER_CREDENTIALS, `$1 ${REDACTED}`);
}

/** The passwords and tokens among the parameters of a URL, as written; without user names. */
export function parameterSecrets(url: string): string[] {
  return [...url.matchAll(PARAMETER_SECRETS)]
    .map((match) => match[1] ?? "")
    .filter((value) => value !== "");
}

/** Replaces known secret values, in clear and percent-encoded, and then whatever looks like one. */
export class Redactor {
  readonly #values: string[] = [];

  /** @param values secrets in clear; those shorter than three characters would mangle any text. */
  constructor(values: Iterable<string> = []) {
    const all = new Set<string>();
    for (const value of values) {
      if (value.length < 3) continue;
      all.add(value);
      all.add(encodeURIComponent(value));
      all.add(JSON.stringify(value).slice(1, -1));
    }
    // The longest first, so that a secret that contains another leaves nothing of itself behind.
    this.#values = [...all].sort((a, b) => b.length - a.length);
  }

  text(text: string): string {
    let out = text;
    for (const value of this.#values) out = out.replaceAll(value, REDACTED);
    return redactText(out);
  }

  /** The same for every string inside plain data (objects, arrays, errors). */
  value(value: unknown, depth = 0): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "bigint") return value.toString();
    if (value === null || typeof value !== "object") return value;
    if (depth > 8) return "[too deep]";
    if (value instanceof Error) return this.text(`${value.name}: ${value.message}`);
    if (Array.isArray(value)) return value.map((item) => this.value(item, depth + 1));
    if ("toJSON" in value && typeof value.toJSON === "function") {
      return this.value(value.toJSON(), depth + 1);
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, this.value(item, depth + 1)]),
    );
  }
}
