/** The session description, and the tracks of its control URLs. */
import type { CameraClip } from "./clip.ts";
import type { Description, Track } from "./options.ts";

/** The payload type of the first track; the others follow. */
export const FIRST_PAYLOAD_TYPE = 96;

const H265_SETS: Readonly<Record<number, string>> = {
  32: "sprop-vps",
  33: "sprop-sps",
  34: "sprop-pps",
};

/** Writes the description. `url` is the camera's, without a trailing slash. */
export function describe(
  tracks: readonly Track[],
  url: string,
  description: Description,
): string {
  if (description.text !== null) return description.text;
  const lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=Media Presentation", "c=IN IP4 0.0.0.0"];
  lines.push("t=0 0", "a=control:*", "a=range:npt=now-");
  tracks.forEach((track, index) => {
    lines.push(...section(track, FIRST_PAYLOAD_TYPE + index, description));
    const control = controlOf(index, url, description);
    if (control !== null) lines.push(`a=control:${control}`);
  });
  return lines.join("\r\n") + "\r\n";
}

/** The `Content-Base` header, or null. */
export function contentBase(url: string, { contentBase }: Description): string | null {
  if (contentBase === "absent") return null;
  if (contentBase === "no-slash") return url;
  return contentBase === "right" ? `${url}/` : contentBase.url;
}

/** The index of the track of a SETUP URL; -1: none, null: the description has no control attributes. */
export function trackOf(uri: string, { control }: Description): number | null {
  if (control === "star" || control === "absent") return null;
  const named = /\/track(\d+)(?:\?[^/]*)?$/.exec(uri);
  return named === null ? -1 : Number(named[1]) - 1;
}

function controlOf(index: number, url: string, { control }: Description): string | null {
  const name = `track${index + 1}`;
  switch (control) {
    case "relative":
      return name;
    case "absolute":
      return `${url}/${name}`;
    case "star":
      return "*";
    case "absent":
      return null;
    case "query":
      return `${name}?mode=live&profile=1`;
    default:
      return control.prefix + name;
  }
}

function section(track: Track, payloadType: number, description: Description): string[] {
  if (track.kind === "audio") return ["m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000"];
  if (track.kind === "metadata") {
    const format = `a=rtpmap:${payloadType} vnd.onvif.metadata/90000`;
    return [`m=application 0 RTP/AVP ${payloadType}`, format];
  }
  const { clip } = track;
  const lines = [`m=video 0 RTP/AVP ${payloadType}`];
  lines.push(`a=rtpmap:${payloadType} ${clip.codec.toUpperCase()}/90000`);
  const parameters = formatParameters(clip, description);
  if (parameters !== "") lines.push(`a=fmtp:${payloadType} ${parameters}`);
  if (description.frameRate !== null) lines.push(`a=framerate:${description.frameRate}`);
  return lines;
}

function formatParameters({ codec, parameterSets }: CameraClip, { sprop }: Description): string {
  const text = (set: Uint8Array) => sprop === "empty" ? "" : btoa(String.fromCharCode(...set));
  if (codec === "h265") {
    if (sprop === "absent") return "";
    const named = parameterSets.map((set) => {
      const name = H265_SETS[((set[0] ?? 0) >> 1) & 0x3f] ?? "sprop-sei";
      return `${name}=${text(set)}`;
    });
    return named.join("; ");
  }
  const base = "packetization-mode=1";
  if (sprop === "absent") return base;
  const sets = sprop === "empty" ? "" : parameterSets.map(text).join(",");
  return `${base}; sprop-parameter-sets=${sets}`;
}
