import type { ErrorData } from "./errors.ts";
import { percentDecoded } from "./percent.ts";

const REDACTED = "[redacted]";

/**
 * Known values that are shorter stay: replaced wherever they turn up, they would make every text
 * unreadable and tell what they are by what is missing.
 */
export const MIN_REDACTED_CHARS = 4;

/**
 * `scheme://` anywhere in a text, also where its slashes are escaped, and all that follows without a
 * space. The scheme is bounded: otherwise a long run of letters takes a time that grows with its square.
 */
const ADDRESS = /([a-z][a-z0-9+.-]{0,31}):(?:\/\/|\\\/\\\/)(\S*)/gi;
/** The same, percent-encoded as a whole. */
const ENCODED_ADDRESS = /([a-z][a-z0-9+.-]{0,31})%3a%2f%2f\S*/gi;
/** Host and port; `host:port` stands so in examples. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?:\d{1,5}|port))?$/i;
/** What ends a sentence or a quotation, rather than an address. */
const PUNCTUATION = /[.,:;!)"'`}>]{1,3}$/;

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
 * A text without credentials. Of addresses only scheme, host and port are left: passwords stand before
 * an `@`, in paths and in parameters of any name. Parameters that cameras use for passwords and
 * authorisation headers are hidden where they stand alone, too.
 */
export function redactText(text: string): string {
  return text
    .replace(ADDRESS, shownAddress)
    .replace(ENCODED_ADDRESS, `$1://${REDACTED}`)
    .replace(PARAMETER_CREDENTIALS, `$1${REDACTED}`)
    .replace(HEADER_CREDENTIALS, `$1 ${REDACTED}`);
}

/** What may be shown of an address: all or nothing where it is not certain which part is the host. */
function shownAddress(whole: string, scheme: string, tail: string): string {
  const end = PUNCTUATION.exec(tail)?.[0] ?? "";
  const address = tail.slice(0, tail.length - end.length);
  // `rtsp://` alone, and the path of a local file.
  if (address === "" || (scheme.toLowerCase() === "file" && address.startsWith("/"))) return whole;
  const split = address.search(/[/?#\\]/);
  const authority = split === -1 ? address : address.slice(0, split);
  const isCertain = split === -1 || !address.includes("@", split);
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  return `${scheme}://${isCertain && HOST.test(host) ? host : REDACTED}${end}`;
}

/** The passwords and tokens among the parameters of a URL, as written; without user names. */
export function parameterSecrets(url: string): string[] {
  return [...url.matchAll(PARAMETER_SECRETS)]
    .map((match) => match[1] ?? "")
    .filter((value) => value !== "");
}

/**
 * Replaces known secret values, whichever of their characters are percent-encoded or escaped, and then
 * whatever looks like a secret.
 */
export class Redactor {
  readonly #values: RegExp | null;

  /** @param values  secrets in clear or percent-encoded; not those below {@link MIN_REDACTED_CHARS} */
  constructor(values: Iterable<string> = []) {
    const all = new Set([...values].flatMap((value) => [value, percentDecoded(value)]));
    const patterns = [...all].filter((value) => value.length >= MIN_REDACTED_CHARS)
      // The longest first, so that a secret that contains another leaves nothing of itself behind.
      .sort((a, b) => b.length - a.length)
      .map((value) => [...value].map(characterPattern).join(""));
    this.#values = patterns.length === 0 ? null : new RegExp(patterns.join("|"), "g");
  }

  text(text: string): string {
    return redactText(this.#values === null ? text : text.replace(this.#values, REDACTED));
  }

  /** An error as data, without secrets in its words. */
  error(data: ErrorData): ErrorData {
    return { ...data, message: this.text(data.message), remedy: this.text(data.remedy) };
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

/** A pattern for one character in clear, percent-encoded, or escaped as JSON does. */
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
