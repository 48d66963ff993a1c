/** The permissions to open one stream. */
import { PROBE_UDP_PORTS } from "../config/settings.ts";
import { parseCameraUrl } from "../config/urls.ts";
import { LIBAV_FOLDERS } from "../libav/locate.ts";
import { type Grant, grant, union } from "../permissions/grant.ts";
import { captureGrant } from "../permissions/manifest.ts";
import type { ProbeOptions } from "./args.ts";
import type { Host } from "./host.ts";
import { findPlaces } from "./prepare.ts";

/**
 * The grant of a capture worker of a camera with this address and default settings.
 * @param variable  the one that holds the address, or null
 */
export function probeGrant(
  url: string,
  { transport, demuxer }: Pick<ProbeOptions, "transport" | "demuxer">,
  host: Host,
  variable: string | null = null,
): Grant {
  const { libav } = findPlaces(host.root);
  // The process searches for libav again; where it was not found, the error lists the folders searched.
  const read = libav === null ? LIBAV_FOLDERS : Object.values(libav);
  const own = grant("", { read, env: variable === null ? [] : [variable] });
  const parsed = parseCameraUrl(url);
  // The process reports the invalid address and opens nothing.
  if (!parsed.ok) return own;
  const { endpoint, file } = parsed.value;
  const stream = captureGrant({
    demuxer: endpoint === null ? "libav" : demuxer,
    file,
    endpoint,
    allowRedirect: [],
    udpPorts: transport === "tcp" ? null : PROBE_UDP_PORTS,
  }, libav);
  return union("opens one stream and decodes it", [own, stream]);
}
