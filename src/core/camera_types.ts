/** A camera as the main thread and its capture worker describe it: settings, state, figures. */
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
 * How much is decoded at present. `gop`: each GOP up to the last frame that a detector is due for;
 * `none`: no detector takes frames.
 */
export type DecodeLevel = DecodeSetting | "gop" | "none";

/** The settings of a camera that its capture worker gets as they are configured. */
export interface StreamSettings {
  /** Larger access units are dropped. */
  readonly maxUnitBytes: number;
  /** Streams with larger frames are refused: width × height. */
  readonly maxPixels: number;
  /** `auto`, or the name of a libav decoder. */
  readonly decoder: string;
  readonly decode: DecodeSetting;
  /** Clockwise rotation in degrees, on top of the stream's own. */
  readonly rotate: 0 | 90 | 180 | 270;
  /** Display aspect ratio before rotation, or null for the stream's own. */
  readonly aspect: number | null;
}

/** The settings of a camera for its capture worker. */
export interface CameraSource extends StreamSettings {
  readonly camera: string;
  /**
   * `rtsp://…`, `rtsps://…`, an absolute `file:` URL or path, with credentials. Passed only to the code
   * that opens it.
   */
  readonly url: string;
  /** The path of a local file, or null for a network stream. */
  readonly file: string | null;
  /** Whether a file is played in an endless loop. */
  readonly loop: boolean;
  /** Which RTSP client is used: Orion's own, or libav's, which needs wider permissions. */
  readonly demuxer: "orion" | "libav";
  readonly transport: "tcp" | "udp" | "auto";
  /** The index of the track among all media sections; null: the largest that sends. */
  readonly track: number | null;
  /** How the camera's certificate is verified; null: by host name and the system's authorities. */
  readonly tls: {
    /** PEM of the authorities to trust in place of the system's, or null. */
    readonly ca: string | null;
    /** SHA-256 of the only certificate to accept, 64 hexadecimal digits, or null. */
    readonly fingerprint: string | null;
    readonly insecure: boolean;
  } | null;
  /** Hosts that a redirect may lead to; credentials are not sent there. */
  readonly allowRedirect: readonly { readonly hostname: string; readonly port: number }[];
  /** The local ports for RTP and RTCP over UDP; null without UDP. */
  readonly udpPorts: readonly [rtp: number, rtcp: number] | null;
  /** The longest delay between connections. */
  readonly reconnectMaxMs: number;
  /** In fractions of the frame as displayed, like the masks. */
  readonly roi: BoxNorm | null;
  readonly masks: readonly (readonly PointNorm[])[];
  readonly stallTimeoutMs: number;
  /** The sequence number of the first frame: numbers continue when a thread is replaced. */
  readonly firstSeq: number;
}

export type CameraState = "connecting" | "online" | "stalled" | "offline";

/** The properties of an open stream. Width and height are those of the frame as displayed. */
export interface StreamInfo extends SizePx {
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** The clockwise rotation from coded to displayed frame, in degrees; mirroring comes first. */
  readonly rotation: number;
  readonly mirrored: boolean;
  /** Width ÷ height of a coded pixel. */
  readonly sampleAspectRatio: number;
  readonly codec: string;
  readonly decoder: string;
  readonly pixelFormat: string;
  /** Frames per second as the stream declares; in a report as measured, null until known. */
  readonly fps: number | null;
  /** Seconds between the two newest keyframes. */
  readonly keyframeIntervalSeconds: number | null;
  /** The longest of the ten newest such intervals. */
  readonly longestKeyframeIntervalSeconds: number | null;
}

/** One media section of a camera's SDP. */
export interface TrackInfo {
  /** Its index among all media sections, from 0. */
  readonly index: number;
  /** `video`, `audio`, `application`, … */
  readonly kind: string;
  /** The encoding name: "H264"; null when absent. */
  readonly encoding: string | null;
}

/** Network figures of a camera on Orion's own RTSP client. Counters continue across reconnects. */
export interface NetworkStats {
  /** RTP packets lost in the network or by the camera itself. */
  readonly lostPackets: number;
  /** Wrong RTP timestamps, by kind. */
  readonly anomalies: Readonly<Record<string, number>>;
  readonly transport: "tcp" | "udp" | null;
  /** Whether TLS is used, and how the camera's certificate was verified. */
  readonly security: "none" | "verified" | "fingerprint" | "insecure";
  /** The track in use and the other ones on offer; null while not connected. */
  readonly track: (TrackInfo & { readonly others: readonly TrackInfo[] }) | null;
}

/** The buffered packets of the present GOP, from which a decoder that skipped some can catch up. */
export interface GopBufferStats {
  readonly packets: number;
  readonly bytes: number;
  /** The limit of `bytes`. */
  readonly maxBytes: number;
  /** How often the decoder has caught up on skipped packets so far. */
  readonly catchUps: number;
}

/**
 * What a camera delivers and offers at present, for the watchdog. Ages, since an instant of one thread's
 * clock has no meaning in another thread.
 */
export interface CaptureFlow {
  /** The age of the newest decoded frame; null before the first one. */
  readonly pictureAgoMs: number | null;
  readonly offers: readonly WorkerOffer[];
}

/** What one camera has offered and handed to an inference worker. */
export interface WorkerOffer {
  readonly worker: string;
  /** How long a frame has been on offer without a `take`; null when there is no such frame. */
  readonly untakenForMs: number | null;
  /** The frame that was handed over last, and its age since then; null before the first one. */
  readonly handed: { readonly seq: number; readonly agoMs: number } | null;
}

/** The figures of a capture worker at one moment; the account balances. */
export interface CaptureReport {
  readonly state: CameraState;
  readonly reason: string | null;
  /** When the state began. */
  readonly sinceMs: WallMs;
  readonly reconnects: number;
  readonly info: StreamInfo | null;
  readonly decodeLevel: DecodeLevel;
  /** The age of the newest decoded frame since its arrival, or null. */
  readonly lastFrameAge: Age | null;
  /** Total seconds spent in the decoder. */
  readonly decodeSeconds: number;
  readonly account: CameraAccount;
  readonly gopBuffer: GopBufferStats;
  /** null for files, and with `demuxer: libav`. */
  readonly network: NetworkStats | null;
}

/** The same as held by the thread that received it. */
export interface ReceivedReport extends Omit<CaptureReport, "lastFrameAge"> {
  /** When the newest decoded frame arrived, by the receiver's clock, or null. */
  readonly lastFrameAtMs: SteadyMs | null;
}

/** A report with the figures for the watchdog. */
export interface WatchedReport extends CaptureReport {
  readonly flow: CaptureFlow;
}

/** The subscription of a detector to a camera's frames. */
export interface Subscription {
  readonly detector: string;
  /** null: every frame that the detector is ready for. */
  readonly rateHz: number | null;
  readonly paused: boolean;
  /** Whether the newest frames delivered to it are held, so that they can be pictures of stays. */
  readonly pictures: boolean;
}

/** The content of a camera's status topic. */
export interface CameraStatus {
  readonly camera: string;
  readonly state: CameraState;
  readonly sinceMs: WallMs;
  readonly reason: string | null;
  readonly reconnects: number;
}
