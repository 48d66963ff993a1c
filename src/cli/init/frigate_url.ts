/** The address of a camera in Frigate's configuration, directly or through its restreaming. */
import { variablePrefix, writtenAddress } from "../../config/camera_lines.ts";
import { lookUp } from "../../config/issues.ts";
import { parseCameraUrl } from "../../config/urls.ts";
import { textOf, textsOf, withoutReferences, withReferences } from "./frigate_values.ts";

/** An address as Orion writes it, or why there is none. */
export type FoundUrl =
  | {
    readonly url: string;
    /** Whether ffmpeg was to use UDP. */
    readonly isUdp: boolean;
  }
  | { readonly problem: string };

/** The address of a stream that go2rtc offers within Frigate. */
const RESTREAMED = /^rtsp:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):8554\/([^?#]+)/i;

/**
 * Finds the address of the stream that Frigate detects in.
 * @param id  of the camera, for the names of its variables
 */
export function urlOf(config: unknown, camera: unknown, id: string): FoundUrl {
  const input = detectInput(camera);
  const path = textOf(lookUp(input, ["path"]));
  if (path === null) return { problem: "its ffmpeg.inputs name no path" };
  const source = sourceOf(config, path);
  if (source === null) return { problem: "it is restreamed by go2rtc from a source without RTSP" };
  const url = written(source, id);
  const parsed = parseCameraUrl(withoutReferences(url));
  if (!parsed.ok) return { problem: `its address ${parsed.message}` };
  const args = lookUp(input, ["input_args"]) ?? lookUp(camera, ["ffmpeg", "input_args"]);
  // Over TLS there is TCP alone.
  return {
    url,
    isUdp: /^rtsp:/i.test(url) && /rtsp[-_](?:udp|transport udp)/.test(textsOf(args).join(" ")),
  };
}

/** The input of the role `detect`, else the first. */
function detectInput(camera: unknown): unknown {
  const inputs = lookUp(camera, ["ffmpeg", "inputs"]);
  if (!Array.isArray(inputs)) return undefined;
  const list: readonly unknown[] = inputs;
  return list.find((each) => textsOf(lookUp(each, ["roles"])).includes("detect")) ?? list[0];
}

/** The camera's own address behind a restreamed one; null where that is no RTSP. */
function sourceOf(config: unknown, path: string): string | null {
  const name = RESTREAMED.exec(path)?.[1];
  if (name === undefined) return path;
  const found = lookUp(config, ["go2rtc", "streams", name]);
  const sources: readonly unknown[] = Array.isArray(found) ? found : [found];
  const addresses = sources.flatMap((each) => textOf(each)?.replace(/^ffmpeg:/, "") ?? []);
  // rtspx: go2rtc's name for RTSP over TLS without encrypted RTP.
  return addresses.find((each) => /^rtsp[sx]?:\/\//i.test(each))
    ?.replace(/^rtspx:/i, "rtsps:") ?? null;
}

/**
 * The address without its secrets. Frigate's passwords need no encoding, so one ends at the last `@`; what
 * follows a `#` is for go2rtc.
 */
function written(source: string, id: string): string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(source) ?? [];
  if (!/^rtsps?:/i.test(scheme)) return withReferences(source);
  const at = rest.lastIndexOf("@");
  const login = rest.slice(0, Math.max(at, 0));
  const address = withReferences(rest.slice(at + 1).replace(/#.*$/s, "").replaceAll(" ", "%20"));
  const prefix = variablePrefix(id);
  const [user = "", ...password] = login.split(":");
  if (at === -1) return writtenAddress(`${scheme}${address}`, prefix);
  const secret = password.join(":");
  const shown = password.length === 0
    ? ""
    : `:${/^\{FRIGATE_\w+\}$/.test(secret) ? withReferences(secret) : `\${${prefix}_PASSWORD}`}`;
  const name = /\{FRIGATE_\w+\}/.test(user) ? withReferences(user) : encodeURIComponent(user);
  return writtenAddress(`${scheme}${name}${shown}@${address}`, prefix);
}
