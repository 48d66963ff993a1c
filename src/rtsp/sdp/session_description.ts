import { rtspError } from "../errors.ts";
import {
  MAX_BODY_BYTES,
  MAX_PAYLOAD_TYPES,
  MAX_SDP_LINE_CHARS,
  MAX_SDP_LINES,
  MAX_TRACKS,
} from "../limits.ts";
import type { MediaDescription } from "../media.ts";
import { attributeOf, type Attributes, mediaDescription } from "./media_section.ts";

/** A session description (RFC 8866). */
export interface SessionDescription {
  /** The session-level control attribute as written, or null. */
  readonly control: string | null;
  /** All media sections in order, whatever their kind. */
  readonly media: readonly MediaDescription[];
}

/**
 * Parses a session description. Tolerates common errors of cameras: any line terminator, spaces around
 * values, malformed lines, attributes in any order. A section with an unsupported format has a `problem`.
 *
 * @param text  the decoded body of a response to DESCRIBE
 * @throws {StreamError} `STREAM_INVALID`: no media section, or over the bounds of `limits.ts`
 */
export function parseSdp(text: string): SessionDescription {
  const session: [string, string][] = [];
  const sections: Section[] = [];
  for (const line of splitLines(text)) {
    const match = /^\s*([am])\s*=(.*)$/is.exec(line);
    if (match === null) continue;
    const value = (match[2] ?? "").trim();
    if (match[1]?.toLowerCase() === "a") {
      (sections.at(-1)?.attributes ?? session).push(splitAttribute(value));
      continue;
    }
    if (sections.length >= MAX_TRACKS) throw invalid(`it has more than ${MAX_TRACKS} tracks`);
    // Kind, port and protocol come first (RFC 8866 5.14).
    const payloadTypes = new Set(value.split(/\s+/, 3 + MAX_PAYLOAD_TYPES).slice(3));
    sections.push({ line: value, payloadTypes, attributes: [] });
  }
  if (sections.length === 0) throw invalid("it names no track");
  return {
    control: attributeOf(session, "control"),
    media: sections.map((section, index) =>
      mediaDescription(section.line, withStrayParameters(section, sections), index)
    ),
  };
}

/** A media section as written. */
interface Section {
  /** The value of `m=`. */
  readonly line: string;
  readonly payloadTypes: ReadonlySet<string>;
  readonly attributes: [string, string][];
}

/**
 * A section's attributes, and its format parameters that are in another section: some cameras write those of
 * the video last, after the audio.
 */
function withStrayParameters(
  { payloadTypes, attributes }: Section,
  sections: readonly Section[],
): Attributes {
  const strays = sections.flatMap((other) =>
    other.attributes.filter(([name, value]) => {
      if (name !== "fmtp") return false;
      const payloadType = /^\d+/.exec(value)?.[0] ?? "";
      return payloadTypes.has(payloadType) && !other.payloadTypes.has(payloadType);
    })
  );
  return [...attributes, ...strays];
}

function splitLines(text: string): string[] {
  if (text.length > MAX_BODY_BYTES) throw invalid(`it is longer than ${MAX_BODY_BYTES}`);
  // Some cameras send trailing zeros, the rest of their buffer.
  const lines = text.replaceAll("\0", "").split(/\r\n|\n|\r/, MAX_SDP_LINES + 1);
  if (lines.length > MAX_SDP_LINES) throw invalid(`it has more than ${MAX_SDP_LINES} lines`);
  if (lines.some((line) => line.length > MAX_SDP_LINE_CHARS)) {
    throw invalid(`a line is longer than ${MAX_SDP_LINE_CHARS}`);
  }
  return lines;
}

function splitAttribute(text: string): [string, string] {
  const colon = text.indexOf(":");
  if (colon === -1) return [text.toLowerCase(), ""];
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}

function invalid(found: string) {
  return rtspError("STREAM_INVALID", { action: "Cannot use the camera's description", found });
}
