import type { ErrorData } from "./errors.ts";
import { percentDecoded } from "./percent.ts";

const REDACTED = "[redacted]";

/**
 * Shorter known values are not redacted: replaced wherever they occur, they would make texts unreadable,
 * and could be inferred from the gaps.
 */
export const MIN_REDACTED_CHARS = 4;

/**
 * `scheme://` anywhere in a text, with slashes that may be escaped, up to the next space. The length of
 * the scheme is bounded: otherwise a long run of letters takes quadratic time.
 */
const ADDRESS = /([a-z][a-z0-9+.-]{0,31}):(?:\/\/|\\\/\\\/)(\S*)/gi;
/** The same, percent-encoded as a whole. */
const ENCODED_ADDRESS = /([a-z][a-z0-9+.-]{0,31})%3a%2f%2f\S*/gi;
/** Host and port; the literal `host:port` occurs in examples. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?:\d{1,5}|port))?$/i;
/** Punctuation that ends a sentence or a quotation rather than an address. */
const PUNCTUATION = /[.,:;!)"'`}>]{1,3}$/;

/** Parameter names of passwords and tokens. */
const SECRET_NAME =
  "[a-z]{0,12}?(?:pass(?:word|wd|wort)?|pas|psw|pwd|pw|token|auth|key|secret|credentials?)";
const USER_NAME = "user(?:name)?|usr(?:name)?|usrnm|login(?:use)?";

/**
 * The parameter after a credential within a path: `_channel=` in `user=admin_password=x_channel=1`.
 * An unknown name counts as part of the credential, since a password may hold `_` and `=`.
 */
const NEXT_NAME =
  `_(?:channel|chn?|stream|streamtype|subtype|profile|track|proto|type|${USER_NAME}|${SECRET_NAME})=`;

/**
 * The value of a parameter. `/` and `?` do not end it, since they occur in passwords that are not
 * encoded: too much is redacted rather than too little.
 */
const VALUE = `(?:(?!${NEXT_NAME})[^\\s&#;"'<>])*`;

/**
 * Credentials in parameters of the query or the path: `?password=x`, `&token=x`,
 * `/user=admin_password=x_channel=1`, `/user=admin&password=x`.
 */
const PARAMETER_CREDENTIALS = new RegExp(
  `([?&;/_](?:${USER_NAME}|${SECRET_NAME})=)${VALUE}`,
  "gi",
);
const PARAMETER_SECRETS = new RegExp(`[?&;/_](?:${SECRET_NAME})=(${VALUE})`, "gi");

/** `Authorization: Basic x` and `Bearer x`. */
const HEADER_CREDENTIALS = /\b(basic|bearer|digest)\s+[a-z0-9+/=._~-]{6,}/gi;

/**
 * Removes credentials from a text. Of URLs only scheme, host and port remain: passwords occur before an
 * `@`, in paths and in parameters of any name. Password parameters and authorization headers are
 * redacted outside of URLs as well.
 */
export function redactText(text: string): string {
  return text
    .replace(ADDRESS, shownAddress)
    .replace(ENCODED_ADDRESS, `$1://${REDACTED}`)
    .replace(PARAMETER_CREDENTIALS, `$1${REDACTED}`)
    .replace(HEADER_CREDENTIALS, `$1 ${REDACTED}`);
}

/** Reduces a URL to scheme, host and port; redacts the host as well where it is ambiguous. */
function shownAddress(whole: string, scheme: string, tail: string): string {
  const end = PUNCTUATION.exec(tail)?.[0] ?? "";
  const address = tail.slice(0, tail.length - end.length);
  // A bare `rtsp://`, or the path of a local file.
  if (address === "" || (scheme.toLowerCase() === "file" && address.startsWith("/"))) return whole;
  const split = address.search(/[/?#\\]/);
  const authority = split === -1 ? address : address.slice(0, split);
  const isCertain = split === -1 || !address.includes("@", split);
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  return `${scheme}://${isCertain && HOST.test(host) ? host : REDACTED}${end}`;
}

/** Returns the passwords and tokens in the parameters of a URL, as written; not user names. */
export function parameterSecrets(url: string): string[] {
  return [...url.matchAll(PARAMETER_SECRETS)]
    .map((match) => match[1] ?? "")
    .filter((value) => value !== "");
}

/**
 * Redacts known secrets, whichever of their characters are percent-encoded or escaped, and then
 * everything that {@link redactText} recognises.
 */
export class Redactor {
  #values: RegExp | null = null;

  /** @param values  secrets, plain or percent-encoded; those below {@link MIN_REDACTED_CHARS} are ignored */
  constructor(values: Iterable<string> = []) {
    this.renew(values);
  }

  /** Replaces the known secrets. */
  renew(values: Iterable<string>): void {
    const all = new Set([...values].flatMap((value) => [value, percentDecoded(value)]));
    const patterns = [...all].filter((value) => value.length >= MIN_REDACTED_CHARS)
      // Longest first, so that a secret that contains another is redacted as a whole.
      .sort((a, b) => b.length - a.length)
      .map((value) => [...value].map(characterPattern).join(""));
    this.#values = patterns.length === 0 ? null : new RegExp(patterns.join("|"), "g");
  }

  text(text: string): string {
    return redactText(this.#values === null ? text : text.replace(this.#values, REDACTED));
  }

  /** Redacts messages and remedies of an error. */
  error({ problems, ...data }: ErrorData): ErrorData {
    return {
      ...this.#texts(data),
      ...problems === undefined ? {} : { problems: problems.map((each) => this.#texts(each)) },
    };
  }

  #texts<T extends Pick<ErrorData, "message" | "remedy">>(data: T): T {
    return { ...data, message: this.text(data.message), remedy: this.text(data.remedy) };
  }

  /** Redacts every string within plain data (objects, arrays, errors). */
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

/** A pattern for one character: plain, percent-encoded, or escaped as in JSON. */
function characterPattern(character: string): string {
  const forms = [character, JSON.stringify(character).slice(1, -1)].map(escaped);
  if (character === " ") forms.push("\\+");
  if (character.isWellFormed()) {
    const bytes = [...new TextEncoder().encode(character)];
    forms.push(
      bytes.map((byte) => {
        const hex = byte.toString(16).padStart(2, "0");
        return `%${hex.replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)}`;
      }).join(""),
    );
  }
  return `(?:${[...new Set(forms)].join("|")})`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
