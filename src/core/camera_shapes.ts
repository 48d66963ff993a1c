/** What the main thread and a capture worker know of a camera: what it is, and how it fares. */
import type { CameraAccount } from "./accounts.ts";
import type { Age } from "./age.ts";
import type { SteadyMs, WallMs } from "./clock.ts";
import type { BoxNorm, PointNorm, SizePx } from "./geometry.ts";

/** The absolute paths of the four libav libraries, spelled exactly as the permission was granted. */
export interface LibavPaths {
  readonly avutil: string;
  readonly avcodec: string;
  readonly avformat: string;
  readonly swscale: string;
}

export type DecodeSetting = "auto" | "all" | "nonref" | "keyframes";

/**
 * How much is decoded at one moment. `gop`: each group of pictures up to the last one that is wanted;
 * `none`: no detector wants any.
 */
export type DecodeLevel = DecodeSetting | "gop" | "none";

/** A camera as its capture worker needs to know it. */
export interface CameraSource {
  readonly camera: string;
  /**
   * `rtsp://…`, `rtsps://…`, an absolute `file:` URL or path, with credentials. Only ever handed to
   * what opens it.
   */
  readonly url: string;
  /** The path of a local file, or null for a network stream. */
  readonly file: string | null;
  /** A file that starts again from its beginning for ever. */
  readonly loop: boolean;
  /** What speaks RTSP: Orion itself, or libav, which has to be permitted more. */
  readonly demuxer: "orion" | "libav";
  readonly transport: "tcp" | "udp" | "auto";
  /** The place of the wanted track among all media sections; null: the largest that sends. */
  readonly track: number | null;
  /** How the camera proves over TLS who it is; null: by its name and the system's authorities. */
  readonly tls: {
    /** PEM of the authorities that are trusted instead, or null. */
    readonly ca: string | null;
    /** SHA-256 of the one certificate that is accepted, 64 hexadecimal digits, or null. */
    readonly fingerprint: string | null;
    readonly insecure: boolean;
  } | null;
  /** Other hosts that a redirect may lead to; they get no credentials. */
  readonly allowRedirect: readonly { readonly hostname: string; readonly port: number }[];
  /** The local ports for RTP and RTCP over UDP; null where it is not used. */
  readonly udpPorts: readonly [rtp: number, rtcp: number] | null;
  /** Larger access units are dropped. */
  readonly maxUnitBytes: number;
  /** Streams with larger pictures are refused: width times height. */
  readonly maxPixels: number;
  /** The longest delay between connections. */
  readonly reconnectMaxMs: number;
  readonly decoder: string;
  readonly decode: DecodeSetting;
  /** Turned clockwise by so many degrees, beyond what the stream says. */
  readonly rotate: 0 | 90 | 180 | 270;
  /** The width of the picture by its height before it is turned, or null for what the stream says. */
  readonly aspect: number | null;
  /** In fractions of the picture as shown, as the masks are. */
  readonly roi: BoxNorm | null;
  readonly masks: readonly (readonly PointNorm[])[];
  readonly stallTimeoutMs: number;
  /** The sequence number of its first frame: a camera's thread that was replaced is counted on. */
  readonly firstSeq: number;
}

export type CameraState = "connecting" | "online" | "stalled" | "offline";

/** What is known of a stream once it is open. Width and height are those of the picture as shown. */
export interface StreamInfo extends SizePx {
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** How the coded picture is turned to be shown, clockwise in degrees, and whether mirrored before. */
  readonly rotation: number;
  readonly mirrored: boolean;
  /** The width of a coded pixel by its height. */
  readonly sampleAspectRatio: number;
  readonly codec: string;
  readonly decoder: string;
  readonly pixelFormat: string;
  /** Frames a second, as the stream announces; of a snapshot: as they come, null until that is known. */
  readonly fps: number | null;
  /** Seconds between the last two keyframes. */
  readonly keyframeIntervalSeconds: number | null;
  /** The longest of the last ten such intervals. */
  readonly longestKeyframeIntervalSeconds: number | null;
}

/** One media section of a camera's description. */
export interface TrackInfo {
  /** Its place among all of them, from 0. */
  readonly index: number;
  /** `video`, `audio`, `application`, … */
  readonly kind: string;
  /** As announced: "H264"; null where it is not said. */
  readonly encoding: string | null;
}

/** What came over the network, for cameras over RTSP of our own. Counters go on over reconnects. */
export interface NetworkStats {
  /** Packets that were lost on the way, or by the camera itself. */
  readonly lostPackets: number;
  /** RTP timestamps that were wrong, by kind. */
  readonly anomalies: Readonly<Record<string, number>>;
  readonly transport: "tcp" | "udp" | null;
  /** How the connection is secured: not, or by which proof of the camera's identity. */
  readonly security: "none" | "verified" | "fingerprint" | "insecure";
  /** What is played, and what else the camera offers; null while it is not connected. */
  readonly track: (TrackInfo & { readonly others: readonly TrackInfo[] }) | null;
}

/** The packets that are kept so that a decoder which left some out can go on. */
export interface GopBufferStats {
  readonly packets: number;
  readonly bytes: number;
  /** Kept at most. */
  readonly maxBytes: number;
  /** How often the decoder went on with packets that it had left out, so far. */
  readonly catchUps: number;
}

/**
 * What a camera gives and offers at one moment, for the watchdog. Ages, because an instant of one thread's
 * clock means nothing in another.
 */
export interface CaptureFlow {
  /** How long ago the newest picture was decoded; null before the first one. */
  readonly pictureAgoMs: number | null;
  readonly offers: readonly WorkerOffer[];
}

/** How an inference worker stands with one camera. */
export interface WorkerOffer {
  readonly worker: string;
  /** How long ago it was first told of a frame since it asked for one; null when it has asked. */
  readonly untakenForMs: number | null;
  /** The frame it was handed last, and how long ago; null before the first one. */
  readonly handed: { readonly seq: number; readonly agoMs: number } | null;
}

/** What a capture worker knows of itself at one moment; the account closes. */
export interface CaptureReport {
  readonly state: CameraState;
  readonly reason: string | null;
  /** Since when the state holds. */
  readonly sinceMs: WallMs;
  readonly reconnects: number;
  readonly info: StreamInfo | null;
  readonly decodeLevel: DecodeLevel;
  /** Of the newest decoded frame, since it arrived; or null. */
  readonly lastFrameAge: Age | null;
  /** Seconds spent in the decoder so far. */
  readonly decodeSeconds: number;
  readonly account: CameraAccount;
  readonly gopBuffer: GopBufferStats;
  /** null for files, and with `demuxer: libav`. */
  readonly network: NetworkStats | null;
}

/** The same in the thread that received it. */
export interface ReceivedReport extends Omit<CaptureReport, "lastFrameAge"> {
  /** When the newest decoded frame arrived, by this thread's clock; or null. */
  readonly lastFrameAtMs: SteadyMs | null;
}

/** What a capture worker tells of itself: for reports, and for the watchdog. */
export interface WatchedReport extends CaptureReport {
  readonly flow: CaptureFlow;
}
