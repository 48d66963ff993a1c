/** The lines of a configuration that add a camera, without what may be a credential. */
import { type CameraUrl, displayUrl } from "./urls.ts";

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
 * Writes a camera. Its path may be a credential as well as what is before its host: an address that has
 * either is a variable.
 */
export function cameraLines({ id, url, comment }: NewCamera): CameraLines {
  const { kind, endpoint, username, rest } = url;
  const isPlain = endpoint !== null && username === null && ["", "/"].includes(rest);
  const variable = isPlain ? null : variableOf(id);
  const address = isPlain ? displayUrl(kind, endpoint) + rest : `\${${variable}}`;
  const lines = [
    // Quoted: `on` and `1` would be something else.
    `  - id: ${JSON.stringify(id)}`,
    `    url: ${JSON.stringify(address)}${comment === null ? "" : ` # ${comment}`}`,
  ];
  return { yaml: lines.map((line) => `${line}\n`).join(""), variable };
}

/** A name of variables begins with a letter. */
function variableOf(id: string): string {
  const name = id.toUpperCase().replaceAll("-", "_");
  return `${/^[A-Z]/.test(name) ? name : `CAMERA_${name}`}_URL`;
}
