import type { Libav } from "./library.ts";

/** Options of `avformat_open_input`, by name. */
export type InputOptions = Readonly<Record<string, string>>;

/** libavformat of FFmpeg 5.0, which renamed the RTSP socket timeout; before, "timeout" meant "listen". */
const RENAMED_TIMEOUT_AVFORMAT = 59;

export interface RtspSettings {
  readonly transport: "tcp" | "udp";
  /** Longest wait for the camera's socket. */
  readonly timeoutMs: number;
}

/**
 * The options for an `rtsp://` or `rtsps://` URL: transport, socket timeout under the name that these
 * libraries use, video only, and only the protocols that the transport needs, so that a camera cannot
 * redirect to a file or to HTTP.
 */
export function rtspOptions(libav: Libav, settings: RtspSettings): InputOptions {
  const timeout = libav.release.avformat < RENAMED_TIMEOUT_AVFORMAT ? "stimeout" : "timeout";
  return {
    rtsp_transport: settings.transport,
    [timeout]: String(Math.round(settings.timeoutMs * 1000)),
    allowed_media_types: "video",
    protocol_whitelist: settings.transport === "tcp" ? "tcp,tls" : "tcp,tls,udp,rtp",
  };
}

/** Decoders that a demuxer may open to probe a file: those of the supported codecs. */
const FILE_DECODERS = "h264,hevc,mjpeg,mpeg4,av1,libdav1d,libaom-av1,vp8,vp9";

/** The options for a local file, which may reference other files but never the network. */
export function fileOptions(): InputOptions {
  return { protocol_whitelist: "file", codec_whitelist: FILE_DECODERS };
}

/** The protocol of a URL if the options forbid it, else null. */
export function forbiddenProtocol(url: string, options: InputOptions): string | null {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? "file";
  // RTSP is a demuxer, which opens a connection first.
  const protocol = scheme === "rtsp" ? "tcp" : scheme === "rtsps" ? "tls" : scheme;
  const allowed = options["protocol_whitelist"]?.split(",");
  return allowed === undefined || allowed.includes(protocol) ? null : protocol;
}
