/** The address of a camera as it is written into a configuration, and the lines that add the camera. */
import { parameterSecrets } from "../core/redact.ts";
import { splitUrl } from "../core/url_parts.ts";
import type { CameraUrl } from "./urls.ts";

/** A camera that is not configured yet. */
export interface NewCamera {
  readonly id: string;
  readonly url: CameraUrl;
  /** What is known of its stream, in a few words; null: nothing. */
  readonly comment: string | null;
}

export interface CameraLines {
  /** An item of `cameras`, indented as one. */
  readonly yaml: string;
  /** The variable of the environment that has to hold the address; null: the address is in the lines. */
  readonly variable: string | null;
}

/**
 * Writes a camera without anything that may be a credential, which its path and its user may be: an address
 * that has either is a variable as a whole. `init` prints to the person who gave the address, so
 * {@link writtenAddress} keeps both.
 */
export function cameraLines({ id, url, comment }: NewCamera): CameraLines {
  const { text, endpoint, username, rest } = url;
  const prefix = variablePrefix(id);
  const isPlain = endpoint !== null && username === null && ["", "/"].includes(rest);
  const variable = isPlain ? null : `${prefix}_URL`;
  const address = variable === null ? writtenAddress(text, prefix) : `\${${variable}}`;
  const lines = [
    // Quoted: `on` and `1` would be something else.
    `  - id: ${JSON.stringify(id)}`,
    `    url: ${JSON.stringify(address)}${comment === null ? "" : ` # ${comment}`}`,
  ];
  return { yaml: lines.map((line) => `${line}\n`).join(""), variable };
}

/** The beginning of the names of a camera's variables, which is a letter. */
export function variablePrefix(id: string): string {
  const name = id.toUpperCase().replaceAll("-", "_");
  return /^[A-Z]/.test(name) ? name : `CAMERA_${name}`;
}

/** A reference to a variable, as a part of patterns. */
const REFERENCE = String.raw`\$\{[^}]{1,256}\}`;
const ONE_REFERENCE = new RegExp(`^${REFERENCE}$`);

/**
 * A part of a path that is a key, as some recorders give one to each stream: long, and of letters of both
 * cases and digits alone, which names of streams are not.
 */
const KEY = /(?<=\/)(?=[^/?]*[a-z])(?=[^/?]*[A-Z])(?=[^/?]*\d)[a-zA-Z0-9]{16,}(?=$|[/?])/;

/**
 * Writes an address with references in place of its password, or of a user without one, of the password
 * parameters of its path and query, and of a path that is a key. What is one reference already stays.
 * @param prefix  of the names of variables; "" removes the secrets
 */
export function writtenAddress(url: string, prefix: string): string {
  const parts = splitUrl(url);
  if (parts === null) return url;
  const reference = (what: string) => prefix === "" ? "" : `\${${prefix}_${what}}`;
  const { scheme, username, password, authority } = parts;
  const secrets = [...new Set(parameterSecrets(parts.rest))].sort((a, b) => b.length - a.length);
  // All at once: a short secret may be a part of the name of a variable.
  const all = new RegExp([...secrets.map(RegExp.escape), REFERENCE].join("|"), "g");
  const rest = parts.rest.replace(all, (found) => {
    const index = secrets.indexOf(found);
    return ONE_REFERENCE.test(found) ? found : reference(`SECRET${index === 0 ? "" : index + 1}`);
  }).replace(KEY, () => reference("KEY"));
  const hidden = (part: string, what: string) =>
    part === "" || ONE_REFERENCE.test(part) ? part : reference(what);
  const login = username === null
    ? ""
    : password === null
    ? `${hidden(username, "LOGIN")}@`
    : `${username}:${hidden(password, "PASSWORD")}@`;
  return `${scheme}://${login}${authority}${rest}`;
}
