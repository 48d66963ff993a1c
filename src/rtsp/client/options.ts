import type { Clock, SteadyMs } from "../../core/clock.ts";
import type { AccessUnit } from "../media.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import type { TlsTrust } from "../transport/tls.ts";
import type { CameraHints } from "./camera_hints.ts";
import type { PlayableTrack } from "./tracks.ts";

/** A host and port that a redirect may lead to. */
export interface RedirectTarget {
  readonly hostname: string;
  readonly port: number;
}

/** How to open a camera's stream, and the receivers of what it sends. */
export interface RtspOptions {
  /** `rtsp://` or `rtsps://`, with credentials. */
  readonly url: string;
  readonly transport: "tcp" | "udp" | "auto";
  /** Index of the wanted track among all media sections; null: the largest that sends. */
  readonly track: number | null;
  /** null: verify the host name against the system's certificate authorities, as a browser does. */
  readonly tls: TlsTrust | null;
  /** Other hosts that a redirect may lead to. They get no credentials. */
  readonly allowRedirect: readonly RedirectTarget[];
  /** The local ports for RTP and RTCP over UDP, or null. */
  readonly udpPorts: readonly [rtp: number, rtcp: number] | null;
  readonly maxUnitBytes: number;
  /** The time limit of one request, its challenges included; shorter before the camera has answered any. */
  readonly stepTimeoutMs: number;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Uniform in 0..1. */
  readonly random: () => number;
  /** A new random string of letters and digits. */
  readonly randomToken: () => string;
  /** Kept by the caller from session to session of this camera. */
  readonly hints: CameraHints;
  /** Called once with the selected track, before any of its units. */
  readonly onTrackSelected: (track: PlayableTrack) => void;
  /** Called with the local port for RTP over UDP, before the camera is asked to send to it. */
  readonly onUdpBound: (rtpPort: number) => void;
  /** Receives each access unit of the selected track during `RtspSession.read`. */
  readonly onUnit: (unit: AccessUnit) => void;
  /**
   * Whether the caller can accept another unit; if not, the next read delivers it. One packet may
   * complete two.
   */
  readonly canAccept: () => boolean;
  /** Receives each sender report of that track. The object is reused: copy what is kept. */
  readonly onReport: (report: SenderReport, receivedAt: SteadyMs) => void;
}
