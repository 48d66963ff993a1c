import type { Libav } from "./library.ts";

/** Names and values for libav, as `avformat_open_input` takes them. */
export type InputOptions = Readonly<Record<string, string>>;

/** From release 5.0 on the RTSP socket timeout has its plain name; before, that name means "listen". */
const RENAMED_TIMEOUT_AVFORMAT = 59;

export interface RtspSettings {
  readonly transport: "tcp" | "udp";
  /** How long one wait for the camera's socket may last. */
  readonly timeoutMs: number;
}

/**
 * The options for an `rtsp://` or `rtsps://` URL: the transport, a socket timeout under the name
 * that these libraries know it by, only the video, and only the protocols that transport needs. A
 * camera cannot redirect to a file or to HTTP.
 */
export function rtspOptions(libav: Libav, settings: RtspSettings): InputOptions {
  const timeout = libav.set.avformat < RENAMED_TIMEOUT_AVFORMAT ? "stimeout" : "timeout";
  return {
    rtsp_transport: settings.transport,
    [timeout]: String(Math.round(settings.timeoutMs * 1000)),
    allowed_media_types: "video",
    protocol_whitelist: settings.transport === "tcp" ? "tcp,tls" : "tcp,tls,udp,rtp",
  };
}

/** The decoders that a demuxer may open by itself, to look into a file: those of codecs that are decoded. */
const FILE_DECODERS = "h264,hevc,mjpeg,mpeg4,av1,libdav1d,libaom-av1,vp8,vp9";

/** The options for a local file: it may refer to other files, never to the network. */
export function fileOptions(): InputOptions {
  return { protocol_whitelist: "file", codec_whitelist: FILE_DECODERS };
}

/** The protocol that libav opens a URL with, when the options do not allow it; else null. */
export function forbiddenProtocol(url: string, options: InputOptions): string | null {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? "file";
  // RTSP is a demuxer; what it opens first is a connection.
  const protocol = scheme === "rtsp" ? "tcp" : scheme === "rtsps" ? "tls" : scheme;
  const allowed = options["protocol_whitelist"]?.split(",");
  return allowed === undefined || allowed.includes(protocol) ? null : protocol;
}
